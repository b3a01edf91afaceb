"""The recorded requests of every released client get usable responses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

# For each client version, the requests and performances of one run of the two-CNOT experiment.
RECORDINGS = json.loads((Path(__file__).parent / "recorded-requests.json").read_text())


@pytest.mark.parametrize("version", RECORDINGS)
def test_recorded_requests_are_served(http, wait, version):
    """Replayed in order, each gets a response, and results have the recorded performances."""
    jobs = {}
    for request in RECORDINGS[version]:
        path = request["path"].format(**jobs)
        if "/result/" in path:
            wait(http, path.rpartition("/")[2])
        answer = http.request(request["method"], path, json=request["body"])
        assert answer.status_code == 200, answer.text
        document = answer.json()
        if request["body"]:
            jobs[f"job{len(jobs)}"] = document["job_id"]
        if "performance" in request:
            results = json.loads(document["results"])
            for name, value in request["performance"].items():
                assert results[name] == pytest.approx(value, rel=1e-9)
    assert len(jobs) == 2


@pytest.mark.parametrize("version", RECORDINGS)
def test_submission_record_is_verbatim(http, create, version):
    """`/data` returns the payload of each shape unchanged."""
    for request in RECORDINGS[version]:
        if body := request["body"]:
            data = http.get(f"/api/jobs/{create(http, body)}/data").json()
            assert data["payload"] == body["payload"]
            assert data["pcvl_version"] == body["pcvl_version"] == version
            assert data["rerun_from"] is None


def test_older_details_hold_no_class_that_0_12_fails_on(http):
    """Only the newer path has architecture and commands."""
    older = http.get("/api/platform/sim%3Aaltair").json()["specs"]
    newer = http.get("/api/platforms/sim%3Aaltair/processor").json()["specs"]
    assert set(newer) - set(older) == {"architecture", "commands", "known_mitigations"}


def test_altair_is_described_as_recorded(http):
    """Source, detectors and limits are those of the real platform."""
    details = http.get("/api/platform/sim%3Aaltair").json()
    assert details["perfs"] == {"Transmittance (%)": 6.0, "HOM (%)": 92.0, "g2 (%)": 0.3}
    assert details["specs"]["detector"] == "threshold"
    assert details["specs"]["constraints"]["max_mode_count"] == 20
    assert details["specs"]["constraints"]["max_photon_count"] == 10

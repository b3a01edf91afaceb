"""Tests of the vendor's contract, which `test_cloud_contract.py` runs in a process of their own."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig

# Only the calls for jobs, and only the parts that programs read.
OPENAPI = Path(__file__).parent / "quandela-openapi-jobs.json"

schema = schemathesis.openapi.from_dict(
    json.loads(OPENAPI.read_text()),
    config=SchemathesisConfig.from_dict(
        {
            "seed": 1,
            "generation": {"deterministic": True, "max-examples": 25, "database": "none"},
            "checks": {
                "positive_data_acceptance": {
                    "expected-statuses": [200, 400, 404, 422]  # a made-up platform or payload
                }
            },
        }
    ),
)


@pytest.fixture(scope="session")
def cloud():
    """Return the URL and the token of the tests' cloud."""
    return SimpleNamespace(url=os.environ["CLOUD_URL"], token=os.environ["CLOUD_TOKEN"])


@pytest.fixture(scope="session")
def ended(http, create, wait, timer_body):
    """Return a job that succeeded and one that failed."""
    bodies = (timer_body(results={"|1,0>": 7}), timer_body(fail="The laser is off"))
    jobs = [create(http, body | {"pcvl_version": "1.3.1"}) for body in bodies]
    for job in jobs:
        wait(http, job)
    return jobs


def matches_the_contract(calls):
    """Return a test of one call."""

    @calls.parametrize()
    def test(case, cloud, ended):
        """Generated requests get the statuses and shapes that the vendor documents.

        Invalid requests and unknown methods are rejected, and no call works without the token. Many
        requests name an existing job or platform, because random names would match none.
        """
        named = isinstance(case.body, dict) and isinstance(case.body.get("platform_name"), str)
        if named and len(str(case.body)) % 2:
            case.body["platform_name"] = "test:timer"
        if "job_id" in (case.path_parameters or {}):
            index = len(str(case.path_parameters["job_id"])) % 3
            case.path_parameters["job_id"] = [*ended, case.path_parameters["job_id"]][index]
        case.call_and_validate(
            base_url=cloud.url, headers={"Authorization": f"Bearer {cloud.token}"}, timeout=120
        )

    return test


for call in (result.ok() for result in schema.get_all_operations()):
    name = re.sub(r"\W+", "_", f"{call.method.lower()} {call.path}").strip("_")
    globals()[f"test_vendors_openapi_{name}"] = matches_the_contract(
        schema.include(method=call.method, path=call.path)
    )


@pytest.mark.parametrize(
    "path",
    [
        "/api/jobs/{job_id}/status",
        "/api/jobs/{job_id}/result",
        "/api/jobs/{job_id}/data",
        "/api/job/status/{job_id}",
        "/api/job/result/{job_id}",
    ],
)
def test_answers_about_real_jobs_match_on_both_paths(http, ended, path):
    """Responses about existing jobs have the vendor's shape, on current and older paths."""
    for job in ended:
        answer = http.get(path.format(job_id=job))
        assert answer.status_code == 200
        schema[path]["GET"].validate_response(answer)

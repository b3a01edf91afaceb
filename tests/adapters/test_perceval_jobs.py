"""Perceval jobs become drafts with all details, and the jobs themselves stay unchanged."""

# ruff: noqa: SLF001  # only Perceval's private attributes show changes

from __future__ import annotations

import json

import perceval as pcvl
import pytest
from perceval import algorithm, serialization

from jobgroup.adapters import (
    JobSpec,
    NoIdealError,
    describe_body,
    ideal_of,
    read_job,
)
from jobgroup.status import RunningStatus

URL = "https://cloud.example"
TOKEN = "canary-77ab"
DETAILS = {
    "name": "sim:altair",
    "status": "available",
    "type": "simulator",
    "perfs": {},
    "specs": {"available_commands": ["probs", "sample_count", "samples"], "constraints": {}},
}
PROBS_ONLY = {**DETAILS, "specs": {"available_commands": ["probs"], "constraints": {}}}


class Handler:
    """A user's own handler that records what a job sends."""

    name, url, token = "sim:altair", URL + "/", TOKEN
    proxies = {"https": "http://proxy.example:3128"}  # noqa: RUF012
    headers = {"Authorization": f"Bearer {TOKEN}"}  # noqa: RUF012

    def __init__(self, details=DETAILS):
        self.details = details
        self.calls = []

    def fetch_platform_details(self):
        """Return the platform's commands."""
        return self.details

    def create_job(self, body):
        """Accept a job."""
        self.calls.append(("create", json.loads(json.dumps(serialization.serialize(body)))))
        return "remote-1"

    def get_job_status(self, job_id):
        """Return a failed job."""
        self.calls.append(("status", job_id))
        return {
            "status": "error",
            "status_message": "no photons",
            "creation_datetime": 10.5,
            "start_time": 11.5,
            "duration": 4,
        }


@pytest.fixture
def handler():
    """Return a handler for one test."""
    return Handler()


def _sampler(handler, circuit=None, **options):
    processor = pcvl.RemoteProcessor(rpc_handler=handler)
    processor.add(0, circuit or pcvl.catalog["heralded cnot"].build_experiment())
    processor.min_detected_photons_filter(2)
    modes = processor.m
    processor.with_input(pcvl.BasicState([1, 0] * (modes // 2)))
    return algorithm.Sampler(processor, max_shots_per_call=1_000_000, **options)


def _state(job):
    kept = (job._request_data, job._delta_parameters, job._job_context)
    return (
        json.dumps([serialization.serialize(part) for part in kept]),
        (job.id, job.name, str(job._job_status), id(job._rpc_handler)),
    )


def test_job_is_read_without_a_trace(handler):
    """An unsent job does not change, nothing is sent, and the job can still be sent."""
    job = _sampler(handler).sample_count
    before = _state(job)
    (draft,) = read_job(job, {"max_samples": 10_000})
    assert isinstance(draft, JobSpec)
    assert _state(job) == before
    assert handler.calls == []
    job.execute_async(max_samples=10_000)
    ((_, sent),) = handler.calls
    assert sent.pop("job_name") == draft.name == "sample_count"
    assert draft.body == sent


def test_one_object_gives_several_different_jobs(handler):
    """Adding one unsent job with different kwargs gives different bodies that share nothing."""
    job = _sampler(handler).sample_count
    drafts = [read_job(job, {"max_samples": n})[0] for n in (1, 2, 3)]
    assert [d.body["payload"]["max_samples"] for d in drafts] == [1, 2, 3]
    assert [d.params["max_samples"] for d in drafts] == [1, 2, 3]
    drafts[0].body["payload"]["experiment"] = None
    assert drafts[1].body["payload"]["experiment"]


def test_draft_has_the_details_of_its_job(handler):
    """A draft has the platform, params and metadata as texts for a table."""
    (draft,) = read_job(_sampler(handler).sample_count, {"max_samples": 5})
    assert (draft.platform, draft.origin, draft.account_label) == ("sim:altair", URL, "")
    assert (draft.provider, draft.remote_ids, draft.status) == ("quandela", [], None)
    limits = {"max_shots": 1_000_000, "max_samples": 5, "min_detected_photons": 2}
    assert draft.params == {"command": "sample_count", **limits}
    assert draft.metadata["circuit"] == "Heralded CNOT"
    assert (draft.metadata["m"], draft.metadata["n"]) == (6, 4)
    assert draft.metadata["input_state"] == "|1,0,1,0,1,1>"
    assert draft.metadata["heralds"] == "4: 1, 5: 1"
    assert draft.body["platform_name"] == "sim:altair"
    assert not {"job_name", "job_group_name"} & set(draft.body)
    json.dumps([draft.body, draft.params, draft.metadata])


def test_metadata_distinguishes_circuits(handler):
    """Two circuits that differ only in a phase have different content codes."""
    contents = {
        read_job(_sampler(handler, pcvl.Circuit(2) // pcvl.PS(phi)).probs, {})[0].metadata[
            "content"
        ]
        for phi in (0.1, 0.2, 0.1)
    }
    assert len(contents) == 2


def test_noise_and_postselection_are_metadata(handler):
    """The metadata shows settings of the processor."""
    processor = pcvl.RemoteProcessor(rpc_handler=handler, noise=pcvl.NoiseModel(brightness=0.3))
    processor.add(0, pcvl.Circuit(2) // pcvl.BS())
    processor.set_postselection(pcvl.PostSelect("[0]==1"))
    processor.with_input(pcvl.BasicState([1, 1]))
    processor.min_detected_photons_filter(1)
    (draft,) = read_job(algorithm.Sampler(processor, max_shots_per_call=9).probs, {})
    assert draft.metadata["noise"] == '{"brightness": 0.3}'
    assert draft.metadata["postselect"] == "[0] == 1"


def test_iterated_values_are_parameters(handler):
    """A sweep inside one job shows its iterations and their names."""
    circuit = pcvl.Circuit(2) // pcvl.BS() // pcvl.PS(pcvl.P("phi")) // pcvl.BS()
    sampler = _sampler(handler, circuit)
    for phi in (0.1, 0.2):
        sampler.add_iteration(circuit_params={"phi": phi}, input_state=pcvl.BasicState([1, 1]))
    (draft,) = read_job(sampler.probs, {})
    assert draft.params["iterations"] == 2
    assert draft.params["iterator"] == {"phi": [0.1, 0.2], "input_state": ["|1,1>", "|1,1>"]}


def test_conversion_on_the_client_is_in_the_body():
    """sample_count on a platform with only probs keeps what decoding needs."""
    handler = Handler(PROBS_ONLY)
    job = _sampler(handler).sample_count
    before = _state(job)
    (draft,) = read_job(job, {"max_samples": 77})
    assert _state(job) == before
    context = draft.body["payload"]["job_context"]
    assert context["result_mapping"] == ["perceval.utils", "probs_to_sample_count"]
    assert context["mapping_delta_parameters"]["max_samples"] == 77
    assert draft.params["max_samples"] == 77


def test_wrong_kwargs_change_nothing(handler):
    """The caller gets Perceval's own error, and the job can still be added."""
    job = _sampler(handler).sample_count
    before = _state(job)
    with pytest.raises(RuntimeError, match="max_sample"):
        read_job(job, {"max_sample": 5})
    assert _state(job) == before
    assert read_job(job, {"max_samples": 5})


def test_missing_parameter_is_explained(handler):
    """Perceval's error does not explain the missing number, so jobgroup's message does."""
    with pytest.raises(TypeError) as refused:
        read_job(_sampler(handler).sample_count, {})
    (note,) = refused.value.__notes__
    assert "'sample_count' with no parameters" in note
    assert "Nothing was added. A parameter, such as max_samples, may be wrong" in note


def test_job_whose_launch_failed_can_be_added(handler):
    """If a user's own execute_async failed, the job is unsent and can be added."""
    job = _sampler(handler).sample_count

    def refuse(_body):
        raise ConnectionError("full")

    handler.create_job = refuse
    with pytest.raises(ConnectionError):
        job.execute_async(max_samples=3)
    (draft,) = read_job(job, {})
    assert not draft.remote_ids
    assert draft.body["payload"]["max_samples"] == 3


def test_sent_job_is_added_with_its_id_and_status(handler):
    """It is added without a request, with its body and its last status."""
    job = _sampler(handler).sample_count
    job.execute_async(max_samples=3)
    assert job.is_failed
    handler.calls.clear()
    (draft,) = read_job(job, {})
    assert handler.calls == []
    assert draft.remote_ids == ["remote-1"]
    assert draft.status.status is RunningStatus.ERROR
    assert draft.status.stop_message == "no photons"
    assert (draft.status.creation_timestamp, draft.status.duration) == (10.5, 4)
    assert draft.body["payload"]["max_samples"] == 3
    with pytest.raises(TypeError, match="already sent"):
        read_job(job, {"max_samples": 4})


def test_resumed_job_has_no_body(handler):
    """A job that is known only by its id cannot be sent, which is no error."""
    job = pcvl.RemoteJob.from_id("remote-9", handler)
    (draft,) = read_job(job, {})
    assert (draft.remote_ids, draft.body) == (["remote-9"], {})


def test_token_of_a_job_is_kept_and_not_shown(handler):
    """This process keeps the token in memory, and no repr or body contains it."""
    (draft,) = read_job(_sampler(handler).probs, {})
    assert draft.token == TOKEN
    assert draft.proxies == Handler.proxies
    assert TOKEN not in repr(draft) + json.dumps(draft.body)


def test_local_jobs_and_other_things_are_type_errors():
    """Local jobs and other objects are rejected with a message."""
    local = pcvl.Processor("SLOS", pcvl.Circuit(2) // pcvl.BS())
    local.with_input(pcvl.BasicState([1, 1]))
    local.min_detected_photons_filter(1)
    for thing in (algorithm.Sampler(local).probs, pcvl.Circuit(2), "job", None, {"payload": 1}):
        with pytest.raises(TypeError, match="Nothing was added"):
            read_job(thing, {})


def test_payloads_of_older_releases_have_metadata_too(handler):
    """The oldest shape of the payload names its parts one by one."""
    circuit = pcvl.Circuit(2, name="mzi") // pcvl.BS()
    _, metadata = describe_body(
        {
            "payload": {
                "circuit": serialization.serialize(circuit),
                "input_state": ":PCVL:BasicState:|1,1>",
                "postselect": ":PCVL:PostSelect:[0] == 1",
                "heralds": {"10": 1, "4": 0},
            }
        }
    )
    metadata.pop("content")
    assert metadata == {
        "circuit": "mzi",
        "m": 2,
        "n": 2,
        "input_state": "|1,1>",
        "postselect": "[0] == 1",
        "heralds": "4: 0, 10: 1",
    }


@pytest.mark.parametrize(
    ("release", "heralded"), [("0.12.2", 3), ("0.9", 3), ("0.13.2", None), ("1.3.1", None)]
)
def test_releases_before_0_13_count_heralds_in_the_filter(release, heralded):
    """The number of herald photons in the filter is metadata."""
    payload = {"heralds": {"4": 1, "5": 2}, "parameters": {"min_detected_photons": 4}}
    params, metadata = describe_body({"payload": payload, "pcvl_version": release})
    assert params["min_detected_photons"] == 4
    assert metadata.get("heralds_in_filter") == heralded


@pytest.mark.parametrize("filtered", [None, 0, 1, 3])
def test_filter_of_an_experiment_is_a_parameter(filtered):
    """The filter is read from the experiment, and the payload's own parameter takes precedence."""
    experiment = pcvl.Experiment(2).add(0, pcvl.BS())
    if filtered is not None:
        experiment.min_detected_photons_filter(filtered)
    payload = {"experiment": serialization.serialize(experiment)}
    params, metadata = describe_body({"payload": payload})
    assert params.get("min_detected_photons") == (filtered or None)
    assert set(metadata) == {"m", "content"}
    params, _ = describe_body({"payload": {**payload, "parameters": {"min_detected_photons": 2}}})
    assert params["min_detected_photons"] == 2


@pytest.mark.parametrize("content", ["", ":PCVL:zip:%%%", ":PCVL:Experiment:AAAA", "x", 3, None])
def test_unreadable_payload_is_added_without_metadata(content):
    """A body that cannot be read is added without metadata."""
    assert set(describe_body({"payload": {"experiment": content}})[1]) <= {"content", "m"}


def _body(handler, circuit=None, **kwargs):
    return read_job(_sampler(handler, circuit).sample_count, {"max_samples": 10, **kwargs})[0].body


def test_ideal_is_the_noiseless_result(handler):
    """Without noise, two photons on a balanced beam splitter bunch."""
    circuit = pcvl.Circuit(4) // pcvl.BS()
    processor = pcvl.RemoteProcessor(rpc_handler=handler, noise=pcvl.NoiseModel(brightness=0.3))
    processor.add(0, circuit)
    processor.min_detected_photons_filter(2)
    processor.with_input(pcvl.BasicState([1, 1, 0, 0]))
    sampler = algorithm.Sampler(processor, max_shots_per_call=1000)
    ideal = ideal_of(read_job(sampler.sample_count, {"max_samples": 10})[0].body)
    assert ideal == pytest.approx({"|2,0,0,0>": 0.5, "|0,2,0,0>": 0.5})


def test_formula_has_no_ideal(handler):
    """Perceval evaluates formulas as Python, so an ideal with a formula is not computed."""
    formula = pcvl.Expression("2 * a", {pcvl.P("a")})
    with pytest.raises(NoIdealError, match="is a formula"):
        ideal_of(_body(handler, pcvl.Circuit(2) // pcvl.BS() // (0, pcvl.PS(formula))))


@pytest.mark.parametrize("circuit", [pcvl.Circuit(2) // pcvl.PS(pcvl.P("a")), pcvl.Circuit(40)])
def test_impossible_ideal_has_a_reason(handler, circuit):
    """A parameter without a value, or too many states, causes a message."""
    with pytest.raises(NoIdealError):
        ideal_of(_body(handler, circuit))
    with pytest.raises(NoIdealError):
        ideal_of({"payload": {"command": "probs"}})

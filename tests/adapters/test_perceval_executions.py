"""Perceval's Executions become drafts as Perceval would send them, unchanged and unsent."""

# ruff: noqa: SLF001  # only Perceval's private attributes show changes

from __future__ import annotations

import json

import perceval as pcvl
import pytest
from perceval.providers.rpc_based_communication_layer import RPCBasedCommunicationLayer
from perceval.runtime import CommandFactory, CommunicationLayer, PlatformSpecs
from perceval.runtime.platform_specs import serialize_specs_backward_compatibility
from perceval.serialization import serialize

from jobgroup.adapters import describe_body, read_job
from jobgroup.engine.overrides import apply_overrides
from jobgroup.errors import InvalidOverrideError
from jobgroup.status import RunningStatus

TOKEN = "canary-77ab"
OLD = {"available_commands": ["probs", "sample_count", "samples"], "constraints": {}}


def _new_specs():
    specs = PlatformSpecs()
    specs.commands = [CommandFactory.probs, CommandFactory.sample_count]
    return dict(serialize_specs_backward_compatibility(specs))


class Handler:
    """A user's own handler that counts its requests and records what it sends."""

    name, url, token = "sim:altair", "https://cloud.example/", TOKEN
    proxies = {"https": "http://proxy.example:3128"}  # noqa: RUF012
    headers = {"Authorization": f"Bearer {TOKEN}"}  # noqa: RUF012

    def __init__(self, specs):
        self.details = {"status": "available", "type": "simulator", "perfs": {}, "specs": specs}
        self.asked = 0
        self.bodies = []

    def fetch_platform_details(self):
        """Return the details of the platform."""
        self.asked += 1
        return self.details

    def create_job(self, body):
        """Accept a job."""
        self.bodies.append(json.loads(json.dumps(serialize(body))))
        return f"remote-{len(self.bodies)}"

    def get_job_status(self, _id):
        """Return a waiting job."""
        return {"status": "waiting", "creation_datetime": 10.5}


@pytest.fixture(params=["old", "new"])
def handler(request):
    """Return a handler of a platform for payloads of Perceval 1.2, or for Executions."""
    return Handler(OLD if request.param == "old" else _new_specs())


def _experiment():
    circuit = pcvl.Circuit(2, name="mzi") // pcvl.BS() // pcvl.PS(pcvl.P("phi")) // pcvl.BS()
    circuit.param("phi").set_value(0.3)
    experiment = pcvl.Experiment(2).add(0, circuit)
    experiment.with_input(pcvl.BasicState([1, 1]))
    experiment.min_detected_photons_filter(2)
    return experiment


def _factory(handler, **options):
    computer = pcvl.RemoteComputer(RPCBasedCommunicationLayer(handler))
    for name, value in options.items():
        setattr(computer, name, value)
    return pcvl.ExecutionFactory(computer, _experiment(), max_shots_per_call=1000)


def _same(ours, theirs):
    theirs = {k: v for k, v in theirs.items() if k not in ("job_name", "job_group_name")}
    assert ours == theirs


def test_execution_is_read_without_a_trace(handler):
    """The body is Perceval's. No request was sent, and the object can still be launched."""
    execution = _factory(handler).sample_count
    asked, parameters = handler.asked, dict(execution.computation.parameters)
    (draft,) = read_job(execution, {"max_samples": 50})
    assert (handler.asked, handler.bodies) == (asked, [])
    assert not execution.was_sent
    assert execution.computation.parameters == parameters
    execution.execute_async(max_samples=50)
    _same(draft.body, handler.bodies[0])
    assert draft.name == handler.bodies[0]["job_name"] == "sample_count"


def test_draft_of_an_execution_has_its_details(handler):
    """The draft has platform, params and metadata, like that of a RemoteJob."""
    execution = _factory(handler, noise=pcvl.NoiseModel(brightness=0.3)).probs
    execution.name = "mine"
    (draft,) = read_job(execution, {})
    assert (draft.name, draft.platform, draft.origin) == (
        "mine",
        "sim:altair",
        "https://cloud.example",
    )
    assert (draft.provider, draft.token, draft.proxies) == ("quandela", TOKEN, Handler.proxies)
    limits = {"max_shots": 1000, "min_detected_photons": 2}
    assert draft.params == {"command": "probs", **limits}
    content = draft.metadata.pop("content")
    assert draft.metadata == {
        "m": 2,
        "n": 2,
        "circuit": "mzi",
        "input_state": "|1,1>",
        "noise": '{"brightness": 0.3}',
    }
    assert content
    params, metadata = describe_body(draft.body)  # as of an adopted job
    assert params["min_detected_photons"] == 2
    assert {"m": 2, "n": 2, "circuit": "mzi", "input_state": "|1,1>"}.items() <= metadata.items()
    assert TOKEN not in repr(draft) + json.dumps(draft.body)


def test_iterators_of_an_execution(handler):
    """A sweep is one job that shows its iterated values, and kwargs apply to all of them."""
    factory = _factory(handler)
    for phi in (0.1, 0.2):
        factory.add_iteration(circuit_params={"phi": phi})
    execution = factory.sample_count
    (draft,) = read_job(execution, {"max_samples": 50})
    assert draft.params["iterations"] == 2
    assert draft.params["iterator"] == {"phi": [0.1, 0.2]}
    assert draft.params["max_samples"] == 50
    execution.execute_async(max_samples=50)
    _same(draft.body, handler.bodies[0])


def test_mitigations_of_the_cloud_are_a_parameter():
    """If the platform supports all mitigations, they are in the payload of one job."""
    specs = PlatformSpecs()
    specs.commands = [CommandFactory.probs]
    specs.known_mitigations = ["DetectorBalancing"]
    handler = Handler(dict(serialize_specs_backward_compatibility(specs)))
    execution = _factory(handler, mitigations=[pcvl.runtime.DetectorBalancing()]).probs
    (draft,) = read_job(execution, {})
    assert draft.params["error_mitigations"] == "DetectorBalancing"
    execution.execute_async()
    _same(draft.body, handler.bodies[0])


def test_wrong_kwargs_of_an_execution(handler):
    """The caller gets Perceval's own errors about unknown names and missing values."""
    execution = _factory(handler).sample_count
    with pytest.raises(TypeError, match="max_sample"):
        read_job(execution, {"max_sample": 50})
    with pytest.raises(ValueError, match="max_samples"):
        read_job(execution, {})
    assert handler.bodies == []


def test_sent_execution_is_added_with_its_id(handler):
    """A launched Execution is added without a request, and its body is unknown."""
    execution = _factory(handler).sample_count
    execution.execute_async(max_samples=50)
    (draft,) = read_job(execution, {})
    assert (draft.remote_ids, draft.body) == (["remote-1"], {})
    assert draft.status.status is RunningStatus.WAITING
    assert draft.params["max_samples"] == 50
    with pytest.raises(TypeError, match="already sent"):
        read_job(execution, {"max_samples": 60})


def test_parameters_of_an_execution_cannot_be_changed():
    """The params are only for display, and a rerun that changes them raises."""
    body = read_job(_factory(Handler(_new_specs())).probs, {})[0].body
    with pytest.raises(InvalidOverrideError, match="only Perceval"):
        apply_overrides(body, {"max_shots": 10})


def test_local_executions_are_type_errors():
    """Executions on this machine, and those that ran synchronously, are rejected."""
    local = pcvl.ExecutionFactory(pcvl.SimulatedComputer("SLOS"), _experiment())
    with pytest.raises(TypeError, match="Nothing was added"):
        read_job(local.probs, {})
    done = _factory(Handler(OLD)).probs
    done._results = {"results": None}
    with pytest.raises(TypeError, match=r"clone\(\)"):
        read_job(done, {})


class Elsewhere(CommunicationLayer):
    """A cloud that jobgroup does not know."""

    name = "elsewhere"

    def get_specs(self):
        """Return None."""
        return PlatformSpecs()

    def get_commands(self):
        """Return the usual commands."""
        return [CommandFactory.probs]

    def get_performances(self):
        """Return None."""
        return {}

    def send(self, payload):
        """Raise if it is called."""

    get_results = get_job_status = get_remote_status = cancel = get_availability = send
    get_platform_details = send


def test_executions_for_an_unknown_cloud_are_type_errors():
    """The message names the unknown communication layer."""
    factory = pcvl.ExecutionFactory(pcvl.RemoteComputer(Elsewhere()), _experiment(), 1000)
    with pytest.raises(TypeError, match="Elsewhere"):
        read_job(factory.probs, {})

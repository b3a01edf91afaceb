"""Perceval's Executions become drafts as they would be launched, without being touched or sent."""

# ruff: noqa: SLF001  # that nothing changed shows only in Perceval's private attributes

from __future__ import annotations

import json

import perceval as pcvl
import pytest
from perceval.providers.rpc_based_communication_layer import RPCBasedCommunicationLayer
from perceval.runtime import CommandFactory, CommunicationLayer, PlatformSpecs
from perceval.runtime.platform_specs import serialize_specs_backward_compatibility
from perceval.serialization import serialize

from jobgroup.adapters import read_job
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
    """A handler of a user's own that counts what it is asked and records what it is sent."""

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
        """Take a job."""
        self.bodies.append(json.loads(json.dumps(serialize(body))))
        return f"remote-{len(self.bodies)}"

    def get_job_status(self, _id):
        """A job that waits."""
        return {"status": "waiting", "creation_datetime": 10.5}


@pytest.fixture(params=["old", "new"])
def handler(request):
    """Of a platform that takes payloads of Perceval 1.2, and of one that takes Executions."""
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


def test_an_execution_is_read_as_it_is_sent_and_without_a_trace(handler):
    """The body is that of a launch; nothing was sent or asked, and it can still be launched."""
    execution = _factory(handler).sample_count
    asked, parameters = handler.asked, dict(execution.computation.parameters)
    (draft,) = read_job(execution, {"max_samples": 50})
    assert (handler.asked, handler.bodies) == (asked, [])
    assert not execution.was_sent
    assert execution.computation.parameters == parameters
    execution.execute_async(max_samples=50)
    _same(draft.body, handler.bodies[0])
    assert draft.name == handler.bodies[0]["job_name"] == "sample_count"


def test_what_a_draft_of_an_execution_knows(handler):
    """It has platform, params and metadata, as one of a RemoteJob does."""
    execution = _factory(handler, noise=pcvl.NoiseModel(brightness=0.3)).probs
    execution.name = "mine"
    (draft,) = read_job(execution, {})
    assert (draft.name, draft.platform, draft.origin) == (
        "mine",
        "sim:altair",
        "https://cloud.example",
    )
    assert (draft.provider, draft.token, draft.proxies) == ("quandela", TOKEN, Handler.proxies)
    assert draft.params == {"command": "probs", "max_shots": 1000}
    content = draft.metadata.pop("content")
    assert draft.metadata == {
        "m": 2,
        "n": 2,
        "circuit": "mzi",
        "input_state": "|1,1>",
        "noise": '{"brightness": 0.3}',
    }
    assert content
    assert TOKEN not in repr(draft) + json.dumps(draft.body)


def test_iterators_of_an_execution(handler):
    """A sweep is one job whose iterated values are shown; kwargs are for all of it."""
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


def test_mitigations_that_the_cloud_does_are_a_parameter():
    """If the platform supports all of them, the payload of the one job has them."""
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
    """Perceval's own refusals reach the caller: unknown names, and what is missing."""
    execution = _factory(handler).sample_count
    with pytest.raises(TypeError, match="max_sample"):
        read_job(execution, {"max_sample": 50})
    with pytest.raises(ValueError, match="max_samples"):
        read_job(execution, {})
    assert handler.bodies == []


def test_a_sent_execution_comes_with_its_id(handler):
    """One that was launched is taken over without a request; its body is not known."""
    execution = _factory(handler).sample_count
    execution.execute_async(max_samples=50)
    (draft,) = read_job(execution, {})
    assert (draft.remote_ids, draft.body) == (["remote-1"], {})
    assert draft.status.status is RunningStatus.WAITING
    assert draft.params["max_samples"] == 50
    with pytest.raises(TypeError, match="already sent"):
        read_job(execution, {"max_samples": 60})


def test_parameters_of_an_execution_cannot_be_changed_outside_of_it():
    """Params beside the computation are only shown; a rerun that changes them says so."""
    body = read_job(_factory(Handler(_new_specs())).probs, {})[0].body
    with pytest.raises(InvalidOverrideError, match="only Perceval"):
        apply_overrides(body, {"max_shots": 10})


def test_local_executions_are_type_errors():
    """One that runs on this machine is none for a group, nor is one that has run while waited."""
    local = pcvl.ExecutionFactory(pcvl.SimulatedComputer("SLOS"), _experiment())
    with pytest.raises(TypeError, match="Nothing was added"):
        read_job(local.probs, {})
    done = _factory(Handler(OLD)).probs
    done._results = {"results": None}
    with pytest.raises(TypeError, match=r"clone\(\)"):
        read_job(done, {})


class Elsewhere(CommunicationLayer):
    """A cloud that jobgroup has never heard of."""

    name = "elsewhere"

    def get_specs(self):
        """None."""
        return PlatformSpecs()

    def get_commands(self):
        """The usual ones."""
        return [CommandFactory.probs]

    def get_performances(self):
        """None."""
        return {}

    def send(self, payload):
        """Never called."""

    get_results = get_job_status = get_remote_status = cancel = get_availability = send
    get_platform_details = send


def test_executions_for_an_unknown_cloud_are_type_errors():
    """A layer that is not Quandela's is refused with a sentence."""
    factory = pcvl.ExecutionFactory(pcvl.RemoteComputer(Elsewhere()), _experiment(), 1000)
    with pytest.raises(TypeError, match="Elsewhere"):
        read_job(factory.probs, {})

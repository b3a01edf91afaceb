"""Outside data are decoded by a list of kinds: no code, no request, within bounds."""

from __future__ import annotations

import base64
import copy
import json
import pickle
import warnings

import perceval as pcvl
import pytest
from hostile_texts import Spy, hostile_texts, packed, touching
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from nursery import Nursery
from perceval.serialization import deserialize, serialize
from unruly import UnrulyCloud

from jobgroup import JobGroup, RemoteJob, set_token
from jobgroup.adapters import UndecodableResultError, decode, describe_body, ideal_of
from jobgroup.decoding import Decoder, LeftAsText, PlainMaker, RefusedError
from jobgroup.decoding.perceval_maker import PercevalMaker

COUNTS = ":PCVL:BSCount:{|0,1>=3;|1,0>=4}"


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """Hostile texts, the mark that code in them would leave, and the host that they name."""
    canary = tmp_path_factory.mktemp("hostile") / "ran"
    with Spy().listening() as spy:
        texts = hostile_texts(touching(canary), spy.url)
        spy.asked.clear()
        yield texts, canary, spy


@pytest.fixture
def hostile(watched, monkeypatch):
    """The texts, and a check afterwards that they had no effect."""
    monkeypatch.setenv("PCVL_CLOUD_TOKEN", "a-users-own-token")
    texts, canary, spy = watched
    yield texts
    assert not canary.exists(), "code of the result's ran"
    assert spy.asked == [], "a host that the result names was asked"


def _decoded(results):
    """Return the value of a result, or the error with its text."""
    text = results if isinstance(results, str) else json.dumps(results)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return decode({"results": text})
        except UndecodableResultError as error:
            return error


def test_perceval_itself_runs_the_hostile_texts(watched, tmp_path, monkeypatch):
    """Otherwise these tests would prove nothing."""
    _texts, _canary, spy = watched
    monkeypatch.setenv("PCVL_CLOUD_TOKEN", "a-users-own-token")
    canary = tmp_path / "ran"
    formula, *_, connection = [
        text for text in hostile_texts(touching(canary), spy.url) if text.startswith(":PCVL:AC")
    ] + [t for t in hostile_texts("1", spy.url) if t.startswith("pcvlar 0 1 0 list")]
    spy.asked.clear()
    for text in (formula, connection):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                deserialize(text)
            except Exception as error:  # noqa: BLE001  # after it has done what it should not
                print(error)
    assert canary.exists()
    assert "a-users-own-token" in str(spy.asked)
    spy.asked.clear()


def test_a_hostile_result_is_an_error(hostile):
    """Each hostile text in place of counts causes an error that has the result and the reason."""
    for text in hostile:
        for results in ({"results": text}, {"results_list": [{"results": text}]}, text):
            error = _decoded(results)
            assert isinstance(error, UndecodableResultError), text
            assert error.raw == json.dumps(results) if results is not text else error.raw
            assert "cannot be decoded" in str(error)


def test_hostile_texts_beside_counts_stay_text(hostile):
    """In other values, in keys and in lists they stay text with a reason; counts are decoded."""
    for text in hostile:
        results = _decoded({"results": COUNTS, "more": [{text: text}], "name": text})
        assert results["results"] == pcvl.BSCount(
            {pcvl.BasicState([0, 1]): 3, pcvl.BasicState([1, 0]): 4}
        )
        ((key, value),) = results["more"][0].items()
        for left in (key, value, results["name"]):
            assert type(left) is LeftAsText
            assert left == text
            assert left.reason


def test_a_part_left_as_text_has_a_reason():
    """A warning names the part, and the text has the reason, even as a copy."""
    with pytest.warns(UserWarning, match="'circuit', was left as text: it is an archive"):
        left = decode({"results": json.dumps({"results": COUNTS, "circuit": "pcvlar 0 0"})})[
            "circuit"
        ]
    for twin in (left, pickle.loads(pickle.dumps(left)), copy.copy(left), copy.deepcopy(left)):
        assert (type(twin), twin, twin.reason) == (LeftAsText, left, left.reason)


def test_unknown_kinds_stay_text():
    """No release of Perceval has them."""
    results = _decoded({"results": COUNTS, "new": ":PCVL:Novelty:1"})
    assert results["new"].reason.startswith("'Novelty' is not a kind")


def test_allowed_kinds_are_decoded_as_perceval_does():
    """Each allowed kind is decoded to the very object that Perceval decodes, packed or not."""
    state = pcvl.BasicState([1, 0])
    vector = state * 0.6 + pcvl.BasicState([0, 1]) * 0.8j
    things = [
        pcvl.BSCount({state: 3}),
        pcvl.BSDistribution({state: 0.25, pcvl.BasicState([0, 2]): 0.75}),
        pcvl.BSSamples([state, pcvl.BasicState([0, 1]), state]),
        state,
        pcvl.BasicState("|{_:0}1,{P:H}1>"),
        vector,
        pcvl.SVDistribution({vector: 0.5, pcvl.StateVector([1, 1]): 0.5}),
        pcvl.NoiseModel(g2=0.1, indistinguishability=0.9, g2_distinguishable=False),
        pcvl.PostSelect("[0] == 1 & [1, 2] > 1"),
        pcvl.BSCount(),
        pcvl.BSSamples(),
    ]
    for thing in things:
        for compress in (False, True):
            text = serialize(thing, compress=compress)
            found = _decoded({"results": COUNTS, "thing": text})["thing"]
            assert type(found) is type(deserialize(text))
            assert str(found) == str(deserialize(text))


@pytest.mark.parametrize(
    "thing",
    [
        pcvl.Circuit(2) // pcvl.BS() // pcvl.PS(pcvl.P("phi_{1}")) // pcvl.BS.H(0.3),
        pcvl.catalog["heralded cnot"].build_experiment(),
        pcvl.Unitary(pcvl.Matrix.random_unitary(3)),
    ],
    ids=["circuit", "experiment", "unitary"],
)
def test_circuits_without_formulas_are_decoded(thing):
    """The decoded circuits equal the originals."""
    found = _decoded({"results": COUNTS, "thing": serialize(thing)})["thing"]
    assert serialize(found, compress=False) == serialize(thing, compress=False)


@pytest.mark.parametrize(
    "name", ["probs_to_samples", "probs_to_sample_count", "sample_count_to_samples"]
)
def test_conversions_that_draw_samples_are_bounded(name):
    """A result cannot ask for more samples than fit; the number that its job asked for is drawn."""
    kind = "BSDistribution" if name.startswith("probs") else "BSCount"
    for number, fits in ((1000, True), (10**12, name == "probs_to_sample_count")):
        values = "{|1>=0.5;|0>=0.5}" if kind == "BSDistribution" else f"{{|1>={number}}}"
        context = {
            "result_mapping": ["perceval.utils", name],
            "mapping_delta_parameters": {"max_samples": number, "max_shots": None},
        }
        found = _decoded({"results": f":PCVL:{kind}:{values}", "job_context": context})
        assert isinstance(found, dict) is fits
        if fits and name.endswith("samples"):
            assert len(found["results"]) == number


def test_iterations_are_converted_with_their_own_parameters():
    """Parameters of an iteration override those of its job."""
    rows = [
        {"results": ":PCVL:BSDistribution:{|1>=1}", "iteration": iteration}
        for iteration in ({"max_samples": 7}, {"circuit_params": {"phi": 0.1}})
    ]
    context = {
        "result_mapping": ["perceval.utils", "probs_to_sample_count"],
        "mapping_delta_parameters": {"max_samples": 20},
    }
    found = _decoded({"results_list": rows, "job_context": context})
    assert [row["results"].total() for row in found["results_list"]] == [7, 20]


KINDS = ("BSCount", "BSDistribution", "BSSamples", "BasicState", "StateVector", "SVDistribution")
KINDS += (
    "NoiseModel",
    "PostSelect",
    "Matrix",
    "ACircuit",
    "Experiment",
    "Component",
    "type",
    "zip",
)
PIECES = [
    "|",
    ">",
    ",",
    "0",
    "1",
    "{",
    "}",
    "=",
    ";",
    "/",
    "(",
    ")",
    "*",
    "+",
    "P:H",
    "_:1",
    "e",
    ".",
]
PIECES += ["__import__", "'os'", "|1,0>", "|0>=1", "nan", "[0]", "==", " ", ":", "\ud800", "λ"]
LOOSE = st.builds(
    ":PCVL:{}:{}".format,
    st.sampled_from(KINDS),
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
)


def _cut(text, at):
    return text[: max(1, int(len(text) * at))]


def _documents(texts):
    """JSON with hostile, cut, packed and malformed texts anywhere."""
    text = st.sampled_from(texts)
    text |= st.builds(_cut, text, st.floats(0, 1)) | LOOSE | st.sampled_from([COUNTS, "results"])
    text |= st.builds(packed, text) | st.builds(packed, text, st.just("pcvlar:zip:"))
    leaf = text | st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    keys = text | st.sampled_from(
        ["results", "results_list", "job_context", "result_mapping", "iteration", "header"]
    )
    return st.recursive(
        leaf,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
        max_leaves=8,
    )


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_no_document_runs_code_or_asks_a_host(hostile, data):
    """Any structure of such texts is a value or one error; the views of payloads accept it too."""
    document = data.draw(_documents(hostile))
    _decoded({"results": document} if data.draw(st.booleans()) else document)
    payload = document if isinstance(document, dict) else {"experiment": document}
    payload = {str(k).encode("utf-8", "replace").decode(): v for k, v in payload.items()}
    describe_body({"payload": payload})
    with pytest.raises(ValueError):  # noqa: PT011  # NoIdealError: there is none of any of these
        ideal_of({"payload": {**payload, "iterator": [1]}})


@settings(max_examples=60, deadline=None)
@given(text=LOOSE)
@example(text=":PCVL:PostSelect:" + "=" * 5000)
@example(text=":PCVL:BasicState:|" + "{P:H}" * 60 + "{")
@example(text=":PCVL:BSCount:{|300>=1}")
@example(text=":PCVL:BSCount:{|1>=99999999999999999999}")
@example(text=":PCVL:BSSamples:|1>/1")
def test_any_text_of_a_kind_is_decoded_or_left(text):
    """A text of a kind becomes its object or stays unchanged, with and without Perceval."""
    for maker in (PercevalMaker(), PlainMaker()):
        found = Decoder(maker).decode(text)
        assert type(found) is not LeftAsText or (found == text and found.reason)


BOMBS = {
    "packed": lambda: packed(":PCVL:BSCount:{" + "|1>=1;" * 12_000_000 + "|0>=1}"),
    "states": lambda: json.dumps(
        ":PCVL:BSCount:{"
        + ";".join(f"|{n % 80},{n // 80 % 80},{n // 6400}>=1" for n in range(700_000))
        + "}"
    ),
    "samples": lambda: ":PCVL:BSSamples:|" + ",".join("9" * 20) + ">/" + "0;" * 5_000_000 + "0",
    "nested": lambda: "[" * 1_000_000,
    "many": lambda: "[" + "[]," * 10_000_000 + "[]]",
    "quotes": lambda: '"' + '\\"' * 10_000_000,
    "numbers": lambda: "[" + "1" * 10_000 + "]",
    "archive": lambda: (
        "pcvlar 0 1 0" + "".join(f" tuple 2 {n} {n}" for n in range(1, 5000)) + " None "
    ),
    "modes": lambda: ":PCVL:Experiment:QP////8H",
}
MEASURED = """
import json, resource, sys, warnings
import perceval
from jobgroup.adapters import UndecodableResultError, decode
from jobgroup.decoding import Decoder, PlainMaker
warnings.simplefilter("ignore")
def peak_mb():
    if sys.platform == "linux":  # ru_maxrss is inherited there
        text = open("/proc/self/status").read()
        return int(text.split("VmHWM:")[1].split()[0]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
def decoded(text):
    try:
        return type(decode({"results": text})).__name__
    except UndecodableResultError as error:
        return str(error)[:200]
decode({"results": json.dumps({"results": ":PCVL:BSCount:{|1>=1}"})})
text = open(path, encoding="utf-8").read()
before = peak_mb()
what = decoded(text)
say([peak_mb() - before, what])
"""


@pytest.fixture(scope="module")
def with_perceval():
    """The source of child processes that have imported Perceval."""
    with Nursery(imports=["perceval"]) as running:
        yield running


@pytest.mark.parametrize("name", BOMBS)
def test_a_result_takes_bounded_memory(with_perceval, tmp_path, name):
    """A result made to fill the memory is an error, and takes less than 200 MB besides its text."""
    path = tmp_path / "bomb"
    bomb = BOMBS[name]()
    if bomb[0] not in '["':
        bomb = json.dumps({"results": bomb})
    path.write_text(bomb, encoding="utf-8")
    ((grown_mb, what),) = with_perceval.start(MEASURED, path=str(path)).all(timeout_s=300)
    assert grown_mb < 200
    assert "cannot be decoded" in what


def test_a_hostile_result_affects_only_its_job(hostile):
    """The group's other results are returned, and one warning has the reason of the first."""
    with UnrulyCloud() as cloud:
        set_token(cloud.token, url=cloud.url)
        jg = JobGroup("hostile")
        texts = [*hostile, COUNTS]
        jg.add_many(
            RemoteJob({"c": n}, platform="p", url=cloud.url, name=str(n)) for n in range(len(texts))
        )
        jg.run_parallel()
        jg.wait(120)
        by_id = {job.id: json.dumps({"results": text}) for job, text in zip(jg, texts, strict=True)}
        cloud.answer = lambda call, job_id: (
            (200, {"results": by_id[job_id]}) if call == "result" else None
        )
        with pytest.warns(UserWarning, match="Could not get") as reported:
            results = jg.get_results()
        assert len(reported) == 1
        assert [result is not None for result in results] == [False] * len(hostile) + [True]
        table = jg.results_table()
        assert set(table.failures) == set(range(len(hostile)))
        assert all("cannot be decoded" in error for error in table["error"][:-1])
        with pytest.warns(UserWarning, match="They are left out"):
            assert jg.distributions()["count"] == [4, 3]


def test_the_worker_refuses_a_payload_with_python(hostile, begin):
    """In the embedded cloud that job fails with a sentence; formulas are computed."""
    cloud = begin(max_concurrent=4)
    jg = JobGroup("payloads")
    body = {"command": "probs", "max_shots": 1000, "input_state": ":PCVL:BasicState:|1>"}
    body["parameters"] = {"min_detected_photons": 1}
    phase = pcvl.Expression("2*a + pi/4", {pcvl.P("a")})
    fine = serialize(pcvl.Circuit(1) // pcvl.PS(phase))
    texts = [text for text in hostile if text.startswith(":PCVL:ACircuit")] + [fine]
    iterator = [{"circuit_params": {"a": 0.5}}]
    for text in texts:
        body_of_one = {**body, "circuit": text, "iterator": iterator}
        jg.add(RemoteJob(body_of_one, platform="sim:altair", url=cloud.url))
    jg.run_parallel()
    jg.wait(300)
    assert [job.state for job in jg] == ["error"] * (len(texts) - 1) + ["success"]
    assert "formula" in jg[0].message
    assert "refused" in jg[0].message


def test_a_payload_is_decoded_strictly(hostile):
    """If a payload holds one of the texts anywhere, all of it is refused with the reason."""
    for text in hostile:
        for payload in ({"circuit": text}, {"parameters": {text: 1}}, {"iterator": [{"x": text}]}):
            decoder = Decoder(PercevalMaker(), formulas=True, archives=True, strict=True)
            with pytest.raises(RefusedError, match="is refused:"):
                decoder.decode(payload, "payload")


def test_the_check_of_a_long_text_takes_linear_time():
    """A text that is nearly valid is refused in time that grows with its length alone.

    If it grew with the square, or faster, this test would take hours.
    """
    for text in (
        ":PCVL:BSCount:{" + "|1,0>=1;" * 100_000 + "x}",
        ":PCVL:StateVector:" + "(1,0)*|1>+" * 1000 + "x",
        ":PCVL:PostSelect:" + "==" * 1999 + "x",
        ":PCVL:BasicState:|" + "1," * 100_000 + "x>",
        ":PCVL:BasicState:|" + "{P:H}1" * 1000 + "x>",
    ):
        assert type(Decoder(PlainMaker()).decode(text)) is LeftAsText


def test_a_small_text_that_costs_much_work_stays_text():
    """Perceval needs minutes for components among very many modes, and for their permutations."""
    from exqalibur.serialization import circuit_pb2

    wide = circuit_pb2.Experiment(n_mode=1000)
    for mode in range(2000):
        wide.components.add(starting_mode=mode % 1000, n_mode=1).phase_shifter.phi.real_value = 1
    permuted = circuit_pb2.Circuit(n_mode=200)
    for _ in range(100):
        permuted.components.add(n_mode=200).permutation.permutations.extend(range(200))
    for kind, message in (("Experiment", wide), ("ACircuit", permuted)):
        text = f":PCVL:{kind}:{base64.b64encode(message.SerializeToString()).decode()}"
        left = Decoder(PercevalMaker()).decode(text)
        assert type(left) is LeftAsText
        assert "600,000" in left.reason

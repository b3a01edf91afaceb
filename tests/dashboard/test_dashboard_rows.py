"""Tests of rows for the page: snapshots, patches, losses, reloads, views that open and close."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jobgroup import JobGroup, RemoteJob

KEYED = {"label": "labels", "metadata": "metadata", "param": "params"}


def _positions(push):
    return push["rows"]["columns"].get("position", [])  # a patch may have no rows


def test_hello_is_answered_with_all_rows(make_group, open_page):
    """A page without rows gets a snapshot, with the metadata that distinguishes the jobs."""
    page = open_page(make_group("g", {}, {}))
    page.open()
    snap = page.wait_for("snapshot")
    assert snap["total"] == 2
    assert snap["rows"]["columns"]["state"] == ["unsent", "unsent"]
    assert snap["rows"]["columns"]["label.phi"] == [0.0, 0.1]


def test_changes_follow_as_patches_up_to_the_last(make_group, open_page):
    """The page gets updates while jobs run, and finally shows the group's content."""
    group = make_group("g", {}, {"fail": "no"}, {"duration_s": 0.3})
    page = open_page(group)
    page.open()
    page.wait_for("snapshot")
    group.run_parallel()
    page.wait(lambda: page.states() == {0: "success", 1: "error", 2: "success"})
    pushes = page.messages("snapshot", "patch")
    assert len({push["epoch"] for push in pushes}) == 1
    reached = pushes[0]["version"]
    for push in pushes[1:]:
        if push["t"] == "snapshot":  # sent again: this page acknowledges nothing
            reached = push["version"]
            continue
        assert push["from"] <= reached <= push["to"]
        reached = push["to"]
    assert page.dashboard.progress == 1.0
    assert page.dashboard.counts == {"success": 2, "error": 1}


def test_changes_of_another_process_reach_the_page(make_group, open_page):
    """Jobs that a second object adds to the group, as in another notebook, reach the page."""
    page = open_page(make_group("g", {}))
    page.open()
    page.wait_for("snapshot")
    make_group("g", {}, {})
    page.wait(lambda: len(page.states()) == 3)
    assert page.messages("snapshot", "patch")[-1]["total"] == 3


def test_a_reloaded_page_gets_the_changes_since(make_group, open_page):
    """A page with rows of this session gets a patch; any other page gets a snapshot."""
    group = make_group("g", {}, {})
    page = open_page(group)
    page.open()
    snap = page.wait_for("snapshot")
    have = {"epoch": snap["epoch"], "version": snap["version"]}
    page.close()
    group[1].note = "seen"
    page.open(have)
    patch = page.wait_for("patch")
    assert patch["from"] == snap["version"]
    assert patch["rows"]["columns"]["position"] == [1]
    assert patch["rows"]["columns"]["note"] == ["seen"]
    page.open({"epoch": "another life", "version": 1})
    page.wait_for("snapshot", 2)


def test_a_pull_without_news_is_answered(make_group, open_page):
    """An empty patch shows the page that the kernel is alive."""
    page = open_page(make_group("g", {}))
    page.open()
    snap = page.wait_for("snapshot")
    page.sync(ack=snap["n"], client={"epoch": snap["epoch"], "version": snap["version"]})
    patch = page.wait_for("patch")
    assert patch["rows"]["n"] == 0
    assert patch["from"] == patch["to"] == snap["version"]


def test_threads_end_with_the_last_view(make_group, open_page, new_threads):
    """Fifty views open and close; no thread and no subscription is left."""
    group = make_group("g", {})
    page = open_page(group)
    for _ in range(50):
        page.open()
        page.close()
    page.wait(lambda: not new_threads())
    group[0].note = "unseen"
    assert page.messages("patch") == []


def test_display_sends_rows_before_the_first_hello(make_group, open_page):
    """The kernel reads a dashboard's hello after the cell that shows it, but the rows come at
    once.
    """
    page = open_page(make_group("g", {}, {}))
    page.dashboard._repr_mimebundle_()
    assert page.wait_for("snapshot")["total"] == 2


def test_rows_without_an_acknowledgment_are_sent_again(make_group, open_page):
    """A page may not be ready for the first rows, so the kernel repeats them until they are
    confirmed.
    """
    page = open_page(make_group("g", {}, {}))
    page.dashboard._repr_mimebundle_()
    first, again = page.wait_for("snapshot"), page.wait_for("snapshot", 2)
    assert again["rows"] == first["rows"]
    assert again["n"] > first["n"]


def test_the_state_of_a_large_group_stays_small(open_page, data_dir):
    """Traits of a group of 5,000 jobs are far below 50 kB, so a saved notebook stays small."""
    group = JobGroup("large")
    job = RemoteJob({"command": "probs"}, platform="p", url="http://127.0.0.1:9")
    group.add_many((job, {}, {"phi": i}) for i in range(5000))
    page = open_page(group, selected=[[0, 999], [1001, 4999]])
    state = {k: v for k, v in page.dashboard.get_state().items() if k != "_esm"}
    assert len(json.dumps(state, default=str)) < 50_000


def test_a_large_snapshot_is_sent_in_parts(open_page, data_dir):
    """A snapshot of more than about a megabyte comes in parts of columns that form a whole."""
    group = JobGroup("large")
    job = RemoteJob({"command": "probs"}, platform="p", url="http://127.0.0.1:9")
    group.add_many((job, {}, {"phi": i}) for i in range(11_000))
    page = open_page(group)
    page.open()
    page.wait_for("snapshot", 2)
    parts = page.messages("snapshot")
    assert [(p["part"], p["parts"], p["total"]) for p in parts] == [(0, 2, 11_000), (1, 2, 11_000)]
    assert [p["rows"]["n"] for p in parts] == [10_000, 1_000]
    assert parts[0]["rows"]["columns"]["state"] == ["unsent"] * 10_000


def test_a_patch_holds_only_the_rows_that_changed(open_page, data_dir):
    """The new states of 60 jobs of 100 reach the page."""
    group = JobGroup("g")
    job = RemoteJob({"command": "probs"}, platform="p", url="http://127.0.0.1:9")
    group.add_many((job, {}, {"phi": i}) for i in range(100))
    page = open_page(group)
    page.open()
    snap = page.wait_for("snapshot")
    page.close()
    for position in range(20, 80):
        group[position].note = f"note {position}"
    page.open({"epoch": snap["epoch"], "version": snap["version"]})
    columns = page.wait_for("patch")["rows"]["columns"]
    notes = dict(zip(columns["position"], columns["note"], strict=True))
    assert notes == {p: f"note {p}" for p in range(20, 80)}


def test_cells_of_any_kind_fit_into_a_table(make_group, open_page):
    """Values keep their kinds. In a large table, long values are shortened and none is left out."""
    group = make_group("g")
    kinds = {"a": True, "b": None, "c": 1, "d": 0.25, "e": [1, {"a": 2}], "f": 'é"', "g": "x" * 500}
    much = {f"h{i}": "y" * 300 for i in range(10)}
    job = RemoteJob({"command": "probs"}, platform="p", url="http://127.0.0.1:9")
    group.add_many([(job, {}, kinds), (job, {}, kinds | much)])
    page = open_page(group)
    page.open()
    columns = page.wait_for("snapshot")["rows"]["columns"]
    for name in "abcdf":
        assert columns[f"label.{name}"] == [kinds[name]] * 2, name
    assert columns["label.a"][1] is True
    assert columns["label.e"] == [kinds["e"], '[1,{"a":2}]']
    assert [len(text) for text in columns["label.g"]] == [500, 200]
    assert columns["label.h9"] == [None, "y" * 200]


def test_a_large_snapshot_equals_the_records(make_group, open_page):
    """The columns that SQLite writes equal the records, and patches continue from them."""
    group = make_group("large", {}, {"fail": 'no "shots"\n'})
    group.run_parallel()
    group.wait()
    make_group("large", *({"n": i} for i in range(2100)))
    group[7].note = 'ä "quoted" \0'
    page = open_page(group)
    page.open()
    snap = page.wait_for("snapshot")
    found = snap["rows"]["columns"]
    assert (snap["total"], snap["parts"], snap["rows"]["n"]) == (2102, 1, 2102)
    records = group.snapshot()
    for name, values in found.items():
        field, _, key = name.partition(".")
        if key:
            expected = [getattr(record, KEYED[field]).get(key) for record in records]
        else:
            expected = [getattr(record, name) for record in records]
        is_time = name.endswith(("_at", "_s"))
        assert values == (pytest.approx(expected, abs=2e-3) if is_time else expected), name
    page.sync(ack=snap["n"], client={"epoch": snap["epoch"], "version": snap["version"]})
    group[9].note = "later"
    page.wait(lambda: any(9 in _positions(m) for m in page.messages("patch")))


def test_a_removal_resends_all_rows_and_invalidates_old_positions(make_group, open_page):
    """After any removal, the page gets all rows again. Clicks on the old rows are rejected."""
    group = make_group("g", {}, {}, {})
    for position, note in enumerate("abc"):
        group[position].note = note
    page = open_page(group)
    page.open()
    snap = page.wait_for("snapshot")
    page.sync(ack=snap["n"], reply=False, client={"epoch": snap["epoch"], "version": 99})
    page.dashboard.selected = [[1, 2]]
    JobGroup.open("g").remove(0)

    def of_a_new_epoch() -> list[dict[str, Any]]:
        return [each for each in page.messages("snapshot") if each["epoch"] != snap["epoch"]]

    again = page.wait(of_a_new_epoch)[0]
    assert again["rows"]["columns"]["note"] == ["b", "c"]
    assert page.dashboard.selected == []
    late = page.do("annotate", position=1, text="late")
    assert (late["t"], late["code"]) == ("error", "JobRemovedError")
    assert page.do("prioritize", positions=[1])["t"] == "error"
    page.sync(ack=again["n"], reply=False, client={"epoch": again["epoch"], "version": 99})
    assert page.do("annotate", position=1, text="now")["t"] == "result"
    assert [job.note for job in group] == ["b", "now"]

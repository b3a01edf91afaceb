"""Tests of the page's list of groups: opening, deleting and restoring them."""

from __future__ import annotations

from jobgroup import JobGroup


def test_undo_restores_a_deleted_group(make_group, open_page):
    """The page of a deleted group says so. The group is not listed, and is restored with its
    jobs.
    """
    group = make_group("g", {}, {})
    page = open_page(group)
    page.open()
    page.wait_for("snapshot")
    page.do("delete", cancel=False)
    page.wait(lambda: page.dashboard.deleted)
    assert JobGroup.list_existing() == []
    page.do("restore")
    page.wait(lambda: not page.dashboard.deleted)
    assert JobGroup.list_existing() == ["g"]
    page.wait(
        lambda: page.messages("snapshot")[-1]["epoch"] != page.messages("snapshot")[0]["epoch"]
    )
    assert [job.state for job in group] == ["unsent", "unsent"]


def test_groups_are_listed_and_opened(make_group, open_page):
    """`Dashboard()` lists all groups with sizes. An opened group shows its jobs."""
    make_group("one", {})
    make_group("two", {}, {})
    page = open_page()
    page.open()
    listed = page.ask("groups")["groups"]
    assert [(g["name"], g["counts"]) for g in listed] == [
        ("one", {"unsent": 1}),
        ("two", {"unsent": 2}),
    ]
    assert all(g["size_bytes"] > 0 for g in listed)
    assert page.do("open", name="two")["value"] == {"text": "two opened"}
    assert page.dashboard.group == "two"
    page.wait(lambda: page.states() == {0: "unsent", 1: "unsent"})
    assert page.do("open", name="three")["code"] == "GroupNotFoundError"


def test_a_hello_without_jobs_to_show_is_answered(make_group, open_page):
    """The list of all groups and a deleted group send answers. Otherwise the kernel would look
    busy.
    """
    page = open_page()
    page.open()
    assert page.wait_for("snapshot")["total"] == 0
    group = make_group("g", {})
    page = open_page(group)
    JobGroup.delete_job_group("g")
    page.wait(lambda: page.dashboard.read_state() == (0, 0))
    page.open()
    assert page.wait_for("snapshot")["total"] == 0
    JobGroup.restore("g")
    page.sync()
    page.wait(lambda: page.states() == {0: "unsent"})


def test_the_list_deletes_and_restores_groups(make_group, open_page):
    """Several groups are deleted at once, with an answer for each. Groups that cannot be deleted do
    not stop this.
    """
    for name in ("one", "two", "three"):
        make_group(name, {})
    page = open_page()
    outcome = page.do("delete", names=["one", "three", "four"])["value"]
    assert outcome["done"] == ["one", "three"]
    assert "no job group named 'four'" in outcome["failed"]["four"]
    assert JobGroup.list_existing() == ["two"]
    trash = page.ask("groups")["trash"]
    assert sorted((g["name"], g["counts"]["unsent"]) for g in trash) == [("one", 1), ("three", 1)]
    assert page.do("restore", names=["one"])["value"]["text"] == "one restored"
    assert JobGroup.list_existing() == ["one", "two"]
    assert page.do("delete", names=["four"])["code"] == "JobGroupError"
    assert page.do("delete", names="one")["t"] == "error"
    assert JobGroup.list_existing() == ["one", "two"]


def test_the_page_returns_from_a_group_to_the_list(make_group, open_page):
    """The page then shows all groups again."""
    page = open_page(make_group("one", {}))
    assert page.do("open", name="")["value"] == {"text": "all groups shown"}
    assert page.dashboard.group == ""
    assert [g["name"] for g in page.ask("groups")["groups"]] == ["one"]


def test_an_empty_group_suggests_similar_names(make_group, open_page):
    """A misspelled name creates a new group. The page lists groups with similar names."""
    make_group("hong ou mandel", {})
    make_group("other", {})
    page = open_page(make_group("hong-ou-mandel"))
    assert page.ask("size")["similar_names"] == ["hong ou mandel"]

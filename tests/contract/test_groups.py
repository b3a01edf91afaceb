"""Tests of groups by name: names, listing, opening, two objects of one name, add_many."""

from __future__ import annotations

import pytest

from jobgroup import GroupDeletedError, GroupNotFoundError, JobGroup, RemoteJob

# -- names -----------------------------------------------------------------------------------------

_TYPED = ["a", "phase scan 0.3", "../up", "/etc/passwd", "C:\\x", "a.b", ".hidden", "trailing."]
_TYPED += ["CON", "nul.txt", "%41", "100%", "é", "実験 7", "😀", "a~1", "-rf", "a'b\"c"]
_TYPED += [" lead", "x" * 200, "?*<>|:", "\u202eabc", "experiment.jobgroup", "a\u00a0b", "--help"]


@pytest.mark.parametrize("name", _TYPED, ids=ascii)
def test_group_takes_any_name_that_a_person_types(name, data_dir):
    """The group is found under that name, and only the directories of groups change."""
    jg = JobGroup(name)
    assert jg.name == name
    assert JobGroup.list_existing() == [name]
    assert JobGroup.open(name).name == name
    files = [p for p in data_dir.parent.rglob("*") if p.is_file() and "perceval" not in p.parts]
    assert files
    assert all(p.parent == data_dir / "groups" for p in files)
    JobGroup.delete_job_group(name)
    assert JobGroup.list_existing() == []
    assert JobGroup.list_trash() == [name]
    JobGroup.restore(name)
    assert JobGroup.list_existing() == [name]


def test_equivalent_unicode_names_are_one_group():
    """Composed and decomposed letters, which keyboards and file systems produce, are equal."""
    JobGroup("e\u0301tude").add(RemoteJob({"command": "x"}, platform="p"))
    jg = JobGroup.open("\u00e9tude")
    assert len(jg) == len(JobGroup("e\u0301tude")) == 1
    assert JobGroup("e\u0301tude").name == jg.name == "\u00e9tude"
    assert JobGroup.list_existing() == ["\u00e9tude"]
    JobGroup.delete_job_group("e\u0301tude")
    JobGroup.restore("e\u0301tude")
    assert JobGroup.list_existing() == ["\u00e9tude"]


def test_list_existing_lists_only_groups(data_dir):
    """Other files are skipped. Both names of the method return the same list."""
    JobGroup("b")
    JobGroup("a")
    for stray in ("notes.txt", "%zz.jobgroup", "a b .jobgroup", "x.jobgroup.bak"):
        (data_dir / "groups" / stray).write_text("not a group")
    assert JobGroup.list_existing() == JobGroup.list_locally_saved() == ["a", "b"]


def test_open_requires_an_existing_group():
    """GroupNotFoundError names similar groups and how to list all; no group is created."""
    for name in ("phase scan", "phase_scan 2", "unrelated"):
        JobGroup(name)
    with pytest.raises(GroupNotFoundError) as caught:
        JobGroup.open("Phase scam")
    assert isinstance(caught.value, LookupError)
    assert "'phase scan'" in str(caught.value)
    assert "'unrelated'" not in str(caught.value)
    assert "list_existing" in str(caught.value)
    assert "Phase scam" not in JobGroup.list_existing()


def test_empty_group_shows_similar_names():
    """JobGroup(name) creates a group, which lists similar names while it is empty."""
    JobGroup("compare_knill_and_ralph")
    assert "compare_knill_and_ralph" in repr(JobGroup("compare_knil_and_ralph"))


# -- two objects of one name -----------------------------------------------------------------------


def test_two_objects_of_one_name_are_one_group(group, scripted):
    """Each shows the jobs that the other adds or runs, and their jobs are equal."""
    first = group(scripted, 2)
    scripted.availability = None  # one job at a time, in the group's order
    second = JobGroup("experiment")
    assert first.remote_jobs == second.remote_jobs
    second.add(RemoteJob({"command": "x"}, platform="p", url=scripted.url, name="by the second"))
    assert [j.name for j in first] == ["job 0", "job 1", "by the second"]
    first.run_parallel()
    assert [j.id for j in second] == scripted.ids()
    second.run_parallel()
    assert scripted.count("create") == 3


def test_new_group_of_an_old_name_is_a_different_group(group, scripted):
    """An object of the old group never reads or writes the new group."""
    old = group(scripted, 2)
    JobGroup.delete_job_group("experiment")
    new = JobGroup("experiment")
    with pytest.raises(GroupDeletedError):
        len(old)
    with pytest.raises(GroupDeletedError):
        old.add(RemoteJob({"command": "x"}, platform="p"))
    assert len(new) == 0


def test_add_many_adds_all_jobs_or_none(scripted, timer):
    """The third of four jobs is refused, so none is added."""
    jg = JobGroup("many")
    with pytest.raises(TypeError):
        jg.add_many([timer(scripted), timer(scripted), "no job", timer(scripted)])
    assert len(jg) == 0
    jg.add_many([(timer(scripted), {"max_samples": 3}, {"phi": 1}), timer(scripted)])
    assert [(j.params.get("max_samples"), j.labels) for j in jg] == [(3, {"phi": 1}), (None, {})]


def test_add_many_takes_a_generator_that_reads_the_group(scripted, timer):
    """`add_many` does not block other writers while it works."""
    jg = JobGroup("many")
    jg.add_many(timer(scripted, f"{len(jg)} before, {i}") for i in range(3))
    assert [j.name for j in jg] == ["0 before, 0", "0 before, 1", "0 before, 2"]


def test_slow_generator_does_not_block_other_processes(scripted, timer, in_child):
    """Another process can write to the group while add_many collects its jobs."""
    jg = JobGroup("many")

    def prepared():
        yield timer(scripted, "first")
        in_child(
            "from jobgroup import JobGroup, RemoteJob\n"
            "JobGroup('many').add(RemoteJob({'command': 'x'}, platform='p', name='other'))\n"
            "print(0)"
        )
        yield timer(scripted, "second")

    jg.add_many(prepared())
    assert sorted(j.name for j in jg) == ["first", "other", "second"]


def test_1_new_name_creates_a_stored_empty_group(in_child):
    """Behavior 1: another process finds the group before any job is added."""
    jg = JobGroup("new one")
    assert len(jg) == 0
    assert jg.remote_jobs == []
    listed, length = in_child(
        "import json; from jobgroup import JobGroup\n"
        "print(json.dumps([JobGroup.list_existing(), len(JobGroup.open('new one'))]))"
    )
    assert (listed, length) == (["new one"], 0)


def test_1_known_name_loads_the_group(group, scripted, timer, in_child):
    """Behavior 1: a group keeps its creation date and order, and its modification date advances."""
    jg = group(scripted, 3)
    created, modified = jg.created_date, jg.modified_date
    loaded = in_child(
        "import json; from jobgroup import JobGroup, RemoteJob\n"
        "jg = JobGroup('experiment')\n"
        "before = jg.created_date.timestamp(), jg.modified_date.timestamp()\n"
        "jg.add(RemoteJob({'command': 'x'}, platform='test:timer', name='from a child'))\n"
        "print(json.dumps([*before, jg.created_date.timestamp(), jg.modified_date.timestamp(),"
        " [j.name for j in jg]]))",
        scripted,
    )
    assert loaded[:3] == [created.timestamp(), modified.timestamp(), created.timestamp()]
    assert loaded[3] > modified.timestamp()
    assert loaded[4] == ["job 0", "job 1", "job 2", "from a child"]
    assert [j.name for j in jg] == loaded[4], "this session sees what the other one added"
    assert jg.created_date == created


def test_1_perceval_reads_the_dates_as_it_reads_its_own(group, scripted):
    """Behavior 1: as in Perceval, dates such as `JobGroup.created_date` are naive local ones."""
    jg = group(scripted, 1)
    assert jg.created_date.tzinfo is None
    assert jg.created_date <= jg.modified_date


def test_2_loading_sends_and_changes_nothing(ended, scripted, data_dir, in_child):
    """Behavior 2: although jobs are running, no request is sent and the file does not change."""
    jg = ended("running", "waiting", "completed", "suspended")
    before = jg.modified_date.timestamp(), jg.state.version
    scripted.asked.clear()
    loaded = in_child(
        "import json; from jobgroup import JobGroup\n"
        "jg = JobGroup('experiment')\n"
        "seen = [j.state for j in jg.remote_jobs], len(jg), jg[0].id, repr(jg), jg.name\n"
        "print(json.dumps([jg.modified_date.timestamp(), jg.state.version, seen[0]]))",
        scripted,
    )
    assert loaded == [*before, ["running", "waiting", "success", "suspended"]]
    assert scripted.asked == []

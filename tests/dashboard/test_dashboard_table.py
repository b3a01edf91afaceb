"""The dashboard's table has the numbers of `results_table`."""

import json

from table_examples import RECORDING, recording

from jobgroup.dashboard.protocol import Push
from jobgroup.dashboard.session import CHUNK_ROWS, MAX_SHOWN
from jobgroup.group import engine_session


def test_recorded_tables_are_those_of_the_reduction():
    """The page is tested with the kernel's data and with Python's table from it."""
    assert recording() == json.loads(RECORDING.read_text())


def test_measured_values_are_those_of_the_results_table(make_group, open_page):
    """In two queries, the page gets all numbers, errors and states of `results_table`."""
    jobs = [
        {
            "results": {
                "|1,1>": 3 + 5 * i,
                "|2,0>": 40,
                "|0,2>": 41,
                "|1,0>": i,
                "|0,1>": 2,
                "|0,0>": 1,
            }
        }
        for i in range(5)
    ]
    group = make_group("g", *jobs, {"fail": "no"}, command="sample_count")
    group.define("visibility", "(|2,0> - |1,1>) / (|2,0> + |1,1>)")
    page = open_page(group)
    page.do("run", mode="parallel")
    page.open()
    page.wait(lambda: set(page.states().values()) == {"success", "error"})
    page.ask("measured", positions=[0, 1])
    answer = page.ask("measured", positions=list(range(6)))
    table = group.results_table()
    shown = [name[2:-1] for name in table.columns if name.startswith("p(")]
    assert answer["shown"] == shown
    assert answer["defined"] == ["visibility"]
    for row in answer["rows"]:
        place = table["job"].index(row["position"])
        for state in shown:
            pair = [table[f"{form}({state})"][place] for form in ("p", "p_err")]
            assert row["values"][state] == pair
        pair = [table["visibility"][place], table["visibility_err"][place]]
        assert row["values"]["visibility"] == pair
        assert row["samples"] == table["samples"][place]
    assert [row["position"] for row in answer["rows"]] == [0, 1, 2, 3, 4]


def test_a_page_gets_the_newest_jobs_of_a_very_large_group(make_group, open_page):
    """If there are more than 200,000 jobs, the rows of the newest ones are sent."""
    group = make_group("g", {}, {}, {}, {})
    push = Push(n=1, epoch="e", since=-1, version=group.state.version, total=MAX_SHOWN + 3)
    messages = [message for message, _ in open_page(group).dashboard.read_rows(push)]
    assert [message["rows"]["n"] for message in messages] == [1] + [0] * (len(messages) - 1)
    assert len(messages) * CHUNK_ROWS == MAX_SHOWN


def test_choices_are_the_defaults_of_the_next_view_and_no_change_of_the_group(
    make_group, open_page
):
    """Order, columns and widths are stored by name. The group's version does not change."""
    group = make_group("g", {}, {})
    version = group.state.version
    page = open_page(group)
    page.open()
    chosen = {"view": "both", "widths": {"phi": 120}}
    for name, value in {"table": chosen, "columns": ["label.phi"], "sort": "-phi"}.items():
        page.set(name, value)
    kept = {"table": chosen, "columns": ["label.phi"], "sort": "-phi"}
    store = engine_session(group).store
    page.wait(lambda: json.loads(store.meta().get("table", "{}")) == kept)
    assert group.state.version == version
    again = open_page(group, theme="dark").dashboard
    assert (again.table, again.columns, again.sort) == (chosen, ["label.phi"], "-phi")
    assert open_page(group, sort="phi").dashboard.sort == "phi"


def test_kept_choices_from_a_foreign_file_are_used_only_if_they_are_some(make_group, open_page):
    """If a file has anything else in their place, the group opens as if there were none."""
    group = make_group("g", {})
    engine_session(group).store.keep_default("table", '{"sort": 3, "columns": [1], "table": {}}')
    shown = open_page(group, theme="dark").dashboard
    assert (shown.sort, shown.columns, shown.table) == ("", [], {})

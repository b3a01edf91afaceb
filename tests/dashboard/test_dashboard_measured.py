"""Results are fetched once for the table, figures, comparisons and other dashboards."""

from jobgroup import Dashboard


def test_a_result_that_several_ask_for_at_once_is_fetched_once(make_group, open_page, cloud):
    """The tables and figures of two dashboards request results while the first answers are in
    flight.
    """
    jobs = [{"results": {"|1>": 3 + i, "|0>": 4}} for i in range(30)]
    group = make_group("g", *jobs, command="sample_count")
    page = open_page(group)
    page.do("run", mode="parallel")
    page.open()
    page.wait(lambda: list(page.states().values()) == ["success"] * 30)
    other = open_page(group, filter="done")
    assert other.dashboard is not Dashboard(group)
    cloud.faults.add("delay", calls=["result"], delay_s=0.5)
    places = [*range(30)]
    asked = [
        (page, page.ask_for("query", "measured", {"positions": places})),
        (page, page.ask_for("query", "figure", {})),
        (other, other.ask_for("query", "measured", {"positions": places[10:]})),
        (other, other.ask_for("query", "compare", {"positions": places[:4]})),
    ]
    table, figure, others, compared = [each.answer(request)["value"] for each, request in asked]
    assert [len(answer["rows"]) for answer in (table, others)] == [30, 20]
    assert (figure["loaded"], len(compared["sides"])) == (30, 4)
    paths = [r.path for r in cloud.log if r.call == "result"]
    own = [path for path in paths if any(job.id in path for job in group)]
    assert len(own) == len(set(own)) == 30

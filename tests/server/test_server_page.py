"""The page of `jobgroup ui` in a real browser, next to a run in another process."""

from __future__ import annotations

import re
import signal

from playwright.sync_api import expect
from ui_server import TIMEOUT_S, wait

from jobgroup import JobGroup, RemoteJob


def test_two_pages_show_a_run_of_another_process_and_pause_it(make_group, ui, start_run, open_page):
    """Both pages follow the run, and a button of one pauses it."""
    group = make_group("hom map", *[{"duration_s": 1}] * 300)
    start_run("hom map", "--delay=0")
    pages = [open_page(ui, "hom map") for _ in range(2)]
    for page in pages:
        expect(page.get_by_test_id("jobgroup")).to_be_visible(timeout=120_000)
        wait(lambda page=page: "success" in page.get_by_test_id("grid").inner_html())
    group.pause()
    for page in pages:
        expect(page.get_by_text(re.compile("paused", re.IGNORECASE)).first).to_be_visible(
            timeout=120_000
        )


def test_a_page_is_still_while_a_job_runs(make_group, ui, open_page):
    """Endless animations would take a third of a processor for days."""
    group = make_group("hom map", {"duration_s": 3600})
    group.run_parallel()
    page = open_page(ui, "hom map")
    page.emulate_media(reduced_motion="no-preference")
    segment = page.locator(".segment[data-status=running]")
    moving = "(element) => element.getAnimations().some(each => each.playState === 'running')"
    wait(lambda: segment.evaluate(moving))
    wait(lambda: not segment.evaluate(moving))
    # a change of its length would move all segments for as long as jobs end often
    length = "(element) => getComputedStyle(element).transitionDuration"
    assert segment.evaluate(length) == "0s"
    group.cancel_all()


def test_the_list_opens_a_group_and_the_address_follows(make_group, ui, open_page):
    """A reload shows the group again."""
    make_group("first", {})
    make_group("second", {})
    page = open_page(ui)
    page.get_by_text("second").first.click()
    expect(page).to_have_url(f"{ui.url}jobgroup/?group=second", timeout=120_000)
    page.reload()
    expect(page.get_by_role("heading", name="second")).to_be_visible(timeout=120_000)


def test_back_and_forward_show_the_groups_before_and_after(make_group, ui, open_page):
    """The browser's buttons move between the list and the groups; a group that is gone is named."""
    first, _ = make_group("first", {}), make_group("second", {})
    page = open_page(ui)

    def shows(heading, address, title):
        expect(page.get_by_role("heading", name=heading)).to_be_visible(timeout=120_000)
        expect(page).to_have_url(f"{ui.url}jobgroup/{address}", timeout=120_000)
        expect(page).to_have_title(title, timeout=120_000)

    page.get_by_text("second").first.click()
    shows("second", "?group=second", "second · jobgroup")
    page.go_back(wait_until="commit")
    shows("Job groups", "", "jobgroup")
    page.get_by_text("first").first.click()
    shows("first", "?group=first", "first · jobgroup")
    page.go_back(wait_until="commit")
    shows("Job groups", "", "jobgroup")
    page.go_forward(wait_until="commit")
    shows("first", "?group=first", "first · jobgroup")
    page.go_back(wait_until="commit")
    shows("Job groups", "", "jobgroup")
    first.rename("third")
    page.go_forward(wait_until="commit")
    expect(page.get_by_text("There is no job group named 'first'")).to_be_visible(timeout=120_000)
    shows("Job groups", "", "jobgroup")


def test_back_without_a_connection_takes_effect_on_reconnection(make_group, ui, open_page):
    """The page does not forget where Back led while the server did not respond."""
    make_group("first", {}), make_group("second", {})
    page = open_page(ui)
    is_up, connections = True, []

    def connect(socket):
        if is_up:
            connections.append(socket)
            socket.connect_to_server()
        else:
            socket.close()

    page.route_web_socket("**/jobgroup/socket*", connect)
    page.reload()
    page.get_by_text("first").first.click()
    page.get_by_test_id("all-groups").click(timeout=120_000)
    page.get_by_text("second").first.click(timeout=120_000)
    expect(page).to_have_url(f"{ui.url}jobgroup/?group=second", timeout=120_000)
    is_up = False
    connections[-1].close()
    expect(page.get_by_text("No connection to the server")).to_be_visible(timeout=120_000)
    page.evaluate(TRAVERSE, -2)
    expect(page).to_have_url(f"{ui.url}jobgroup/?group=first")
    is_up = True
    expect(page.get_by_role("heading", name="first")).to_be_visible(timeout=120_000)
    expect(page.get_by_text("No connection to the server")).to_be_hidden()
    assert page.url == f"{ui.url}jobgroup/?group=first"
    page.evaluate(TRAVERSE, 2)
    expect(page.get_by_role("heading", name="second")).to_be_visible(timeout=120_000)


HOLD_REQUESTS = """() => {
  const send = WebSocket.prototype.send;
  const held = [];
  WebSocket.prototype.send = function (message) { held.push(() => send.call(this, message)); };
  window.release = () => {
    WebSocket.prototype.send = send;
    for (const each of held) each();
  };
}"""

TRAVERSE = """(delta) => new Promise((resolve) => {
  addEventListener("popstate", () => resolve(), { once: true });
  history.go(delta);
})"""


def test_the_address_follows_after_back_and_forward_in_quick_succession(make_group, ui, open_page):
    """A group that is gone does not matter if Forward was pressed before the server responded."""
    first, _ = make_group("first", {}), make_group("second", {})
    page = open_page(ui)
    page.get_by_text("first").first.click()
    page.get_by_test_id("all-groups").click(timeout=120_000)
    page.get_by_text("second").first.click(timeout=120_000)
    expect(page.get_by_role("heading", name="second")).to_be_visible(timeout=120_000)
    expect(page).to_have_url(f"{ui.url}jobgroup/?group=second", timeout=120_000)
    first.rename("third")
    page.evaluate(HOLD_REQUESTS)
    page.evaluate(TRAVERSE, -2)
    expect(page).to_have_url(f"{ui.url}jobgroup/?group=first", timeout=120_000)
    page.evaluate(TRAVERSE, 2)
    page.evaluate("release()")
    page.get_by_test_id("all-groups").click(timeout=120_000)
    expect(page.get_by_role("heading", name="Job groups")).to_be_visible(timeout=120_000)
    expect(page).to_have_url(f"{ui.url}jobgroup/", timeout=120_000)


def test_page_reconnects_to_a_restarted_server(make_group, start_ui, open_page):
    """The page reports the lost connection, and continues once the next server responds."""
    group, ui = make_group("study", {}, {}), start_ui()
    page = open_page(ui)
    page.get_by_text("study").first.click()
    expect(page.get_by_role("heading", name="study")).to_be_visible(timeout=120_000)
    ui.stop(signal.SIGKILL)
    expect(page.get_by_text(re.compile("No connection to the server"))).to_be_visible(
        timeout=120_000
    )
    ui.start()
    expect(page.get_by_text(re.compile("No connection to the server"))).to_have_count(
        0, timeout=120_000
    )
    group[1].note = "written after the restart"
    expect(page.get_by_test_id("jobgroup")).to_be_visible()
    group.description = "described after the restart"
    expect(page.get_by_text("described after the restart").first).to_be_visible(timeout=120_000)


def test_missing_group_is_named(ui, open_page):
    """The page names the group, leads to the list, and keeps no token in its address."""
    assert JobGroup.list_existing() == []
    page = open_page(ui, "nowhere")
    expect(page.get_by_text(re.compile("nowhere")).first).to_be_visible(timeout=120_000)
    expect(page).to_have_url(f"{ui.url}jobgroup/?group=nowhere", timeout=120_000)
    page.get_by_role("link", name="All groups").click()
    expect(page.get_by_role("heading", name="Job groups")).to_be_visible(timeout=120_000)


def test_a_page_inside_jupyterlab_opens_below_its_base_url(make_group, lab, open_page):
    """The page opens with the server's token, and then removes it from the address."""
    make_group("hom map", {})
    page = open_page(lab, "hom map")
    expect(page.get_by_role("heading", name="hom map")).to_be_visible(timeout=120_000)
    expect(page).to_have_url(f"{lab.url}jobgroup/?group=hom+map", timeout=120_000)


def test_a_run_in_a_terminal_is_paused_stopped_rerun_and_plotted(
    make_group, ui, start_run, open_page
):
    """The page controls another process's run, and starts its own run for the rerun."""
    group = make_group("hom map", {"fail": "too noisy"}, *[{"duration_s": 1}] * 400)
    run = start_run("hom map", "--delay=0")
    wait(lambda: group.state.counts.get("success"))
    page = open_page(ui, "hom map")
    page.get_by_role("button", name="More options: Stop").click()
    page.get_by_test_id("pause").click()
    wait(lambda: group.state.paused)
    page.get_by_test_id("resume").first.click()
    wait(lambda: not group.state.paused)
    page.get_by_test_id("stop").click()
    run.wait(TIMEOUT_S)
    assert group.state.counts["unsent"]
    page.get_by_test_id("more").click()
    page.get_by_test_id("rerun-failed").click()
    wait(lambda: [attempt.state for attempt in group[0].attempts] == ["error"] * 2)
    page.get_by_test_id("view-plot").click()
    expect(page.get_by_test_id("plot")).to_be_visible(timeout=120_000)


def test_sidebar_of_a_lab_with_token_and_base_url(make_group, lab, open_page):
    """The extension uses the server's login and address, for the list and for a tab."""
    make_group("study", {})
    page = open_page(lab)
    page.goto(f"{lab.url}lab?token={lab.token}")
    page.locator(".lm-TabBar-tab[data-id=jobgroup-panel]").click(timeout=120_000)
    page.get_by_test_id("panel-group-study").click(timeout=120_000)
    row = page.locator(".jobgroup-tab").get_by_test_id("row-0")
    expect(row).to_have_attribute("data-status", "unsent", timeout=120_000)


def test_names_and_messages_from_outside_are_text(make_group, ui, open_page, cloud):
    """Markup in a name, label, note or message is shown as text, and no name breaks the table."""
    evil = '<img src=x onerror="window.ran=1"><script>window.ran=1</script>'
    name = '"><svg onload=window.ran=1>=1+1'
    group = make_group(name)
    group.description = evil
    body = {"command": "probs", "parameters": {"fail": evil}}
    job = RemoteJob(body, platform="test:timer", url=cloud.url, name=evil)
    for position in range(2):
        names = (evil, "__proto__", "constructor", "=cmd", "phi")
        group.add(job, labels=dict.fromkeys(names, f"={position}{evil}"))
    group[0].note = evil
    group.run_parallel()
    group.wait(TIMEOUT_S)
    page = open_page(ui)
    page.get_by_text(name).first.click()
    expect(page.get_by_role("heading", name=name)).to_be_visible(timeout=120_000)
    row = page.get_by_test_id("row-0")
    expect(row).to_contain_text("failed", timeout=120_000)
    # otherwise its cells are stacked
    assert row.evaluate("row => new Set([...row.children].map(cell => cell.offsetTop)).size") == 1
    row.click()
    page.get_by_test_id("view-plot").click()
    expect(page.get_by_test_id("plot")).to_be_visible(timeout=120_000)
    assert page.evaluate("window.ran") is None

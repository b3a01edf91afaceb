"""The eleven documented tasks, one after another in one JupyterLab, with the keyboard alone."""

from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from harness.groups import cloud, group
from harness.jupyter import JupyterServer, Notebook

pytestmark = pytest.mark.hosts

MOST = 26
"""The largest number of keys for a task.

Paths are longer than in docs/dashboard.md: a strip for the unconfirmed job and the causes of the
failures, with three buttons each, come before the table.
"""

ACTIVE = "() => document.activeElement.shadowRoot?.activeElement ?? document.activeElement"
IS_IN_ROW = """
(now, selector) => {
  const rows = "[role=toolbar], [role=tablist], fieldset";
  const row = now.getRootNode().querySelector(selector)?.closest(rows);
  return Boolean(row?.contains(now));
}
"""
JOBS = (
    "job(results={'|1,0>': 7, '|0,1>': 3})",
    "job(results={'|1,0>': 4, '|0,1>': 6})",
    "job(fail='too many photons')",
    "job(fail='no such parameter')",
)
ON_CLOUD = """
jg.run_parallel()
jg.wait()
jg.add_many([job(3600), job(3600)])
jg.run_parallel()
"""
LOST = """
from contextlib import suppress
from jobgroup import UnconfirmedJobError
cloud.faults.add("drop_response", calls=["create"])
jg.add(job(3600))
with suppress(UnconfirmedJobError):
    jg.run_parallel()
cloud.faults.clear()
lost = cloud.jobs()[-1].id
Dashboard(jg)
"""


@dataclass
class Keys:
    """A keyboard that counts its keys, including each typed letter."""

    page: Page
    count: int = 0

    def press(self, *keys: str) -> None:
        """Press some keys, one after another."""
        for key in keys:
            self.page.keyboard.press(key)
        self.count += len(keys)

    def type(self, text: str) -> None:
        """Type letters."""
        self.page.keyboard.type(text)
        self.count += len(text)

    def begin(self) -> None:
        """Focus the first element that Tab reaches, with nothing open."""
        self.page.keyboard.press("Escape")
        self.page.get_by_test_id("all-groups").focus()
        self.count = 1

    def to(self, selector: str, *, step: str = "Tab") -> None:
        """Focus the element of a selector, in its row with arrows, otherwise with `step`."""
        self.page.locator(selector).first.wait_for(state="attached")
        way = []
        for _ in range(60):
            now = self.page.evaluate_handle(ACTIVE)
            if now.evaluate("(now, selector) => now.matches(selector)", selector):
                return
            way.append(now.evaluate("(now) => now.cloneNode(false).outerHTML ?? now.nodeName")[:99])
            self.press("ArrowRight" if now.evaluate(IS_IN_ROW, selector) else step)
        raise AssertionError(f"no key leads to {selector}, but to {list(dict.fromkeys(way))}")


def find_why_a_job_failed(notebook: Notebook, keys: Keys) -> None:
    """Failed jobs come first, and Enter opens one."""
    keys.to(".cell")
    keys.press("ArrowDown", "ArrowDown", "Enter")
    expect(notebook.page.get_by_test_id("job")).to_contain_text("no such parameter")


def rerun_the_failed_ones_and_keep_the_old(notebook: Notebook, keys: Keys) -> None:
    """Use the third item of More."""
    keys.to("[data-testid=more]")
    keys.press("Enter", "ArrowDown", "ArrowDown", "Enter")
    notebook.wait_until("[r.rerun_of for r in jg.snapshot()[7:]] == [2, 3]")


def compare_two_distributions(notebook: Notebook, keys: Keys) -> None:
    """Select two jobs in the table, and read the comparison."""
    keys.to("[data-testid=view-both]")
    keys.press("Enter")
    keys.to("[data-testid=chip-success]")
    keys.press("Enter")
    keys.to(".cell")
    keys.press("ArrowDown", "Space", "ArrowDown", "Space")
    expect(notebook.page.get_by_test_id("comparison")).to_contain_text("distance 0.3")
    notebook.page.get_by_test_id("chip-all").click()
    notebook.wait_until("[j.position for j in Dashboard(jg).selected_jobs] == [0, 1]")
    notebook.page.get_by_test_id("view-table").click()


def cancel_what_is_on_the_cloud(notebook: Notebook, keys: Keys) -> None:
    """Cancel all jobs on the cloud."""
    keys.to("[data-testid=cancel]")
    keys.press("Enter")
    notebook.wait_until("[jg[i].state for i in (4, 5)] == ['canceled'] * 2")


def copy_the_id_of_a_job(notebook: Notebook, keys: Keys) -> None:
    """Find the job by its number, and copy its id to the clipboard."""
    keys.to("[data-testid=search]")
    keys.type("#1")
    expect(notebook.page.get_by_test_id("row-0")).to_have_count(0)
    keys.to(".cell")
    keys.press("ArrowDown", "Enter")
    keys.to("[aria-label='Copy the id']")
    keys.press("Enter")
    notebook.page.wait_for_function(
        "(id) => navigator.clipboard.readText().then((text) => text === id)",
        arg=notebook.evaluate("jg[1].id"),
    )
    notebook.page.get_by_test_id("search").fill("")


def export_the_failed_rows(notebook: Notebook, keys: Keys) -> None:
    """Save the file with the browser."""
    keys.to("[data-testid=chip-error]")
    keys.press("Enter")
    notebook.wait_until("Dashboard(jg).filter == 'error'")
    keys.to("[data-testid=export]", step="Shift+Tab")
    with notebook.page.expect_download() as download:
        keys.press("Enter", "Enter")
    assert download.value.suggested_filename == "tasks.csv"


def pause_and_resume(notebook: Notebook, keys: Keys) -> None:
    """Pause with an item of More, and resume with the strip that reports the pause."""
    notebook.evaluate("jg.add(job())")
    expect(notebook.page.get_by_test_id("chip-unsent")).to_contain_text("1")
    keys.to("[data-testid=more]")
    keys.press("Enter", "ArrowUp", "ArrowUp", "Enter")
    notebook.wait_until("Dashboard(jg).paused")
    keys.to("[data-testid=strip-paused] button")
    keys.press("Enter")
    notebook.wait_until("not Dashboard(jg).paused")


def send_jobs_before_the_others(notebook: Notebook, keys: Keys) -> None:
    """Select all unsent jobs with the box in the header, and use Run next in the bar."""
    notebook.evaluate("jg.add_many([job(), job()])")
    keys.to("[data-testid=chip-unsent]")
    keys.press("Enter")
    notebook.wait_until("Dashboard(jg).filter == 'unsent'")
    expect(notebook.page.locator("[data-testid^=row-][data-status=unsent]")).to_have_count(3)
    keys.to(".cell")
    keys.press("Space")
    keys.to("[data-testid=selected-run-next]")
    keys.press("Enter")
    notebook.wait_until("jg.state.next_up == [j.position for j in jg.list_unsent_jobs()] != []")
    first = notebook.evaluate("jg.state.next_up[0]")
    row = notebook.page.get_by_test_id(f"row-{first}")
    expect(row).to_contain_text("to send · next 1")
    notebook.evaluate("setattr(Dashboard(jg), 'selected', [])")
    notebook.page.get_by_test_id("chip-all").click()


def adopt_an_unconfirmed_job(notebook: Notebook, keys: Keys) -> None:
    """Paste the id that the cloud has."""
    keys.to('[aria-label="The job\'s id on the cloud"]')
    notebook.page.keyboard.insert_text(notebook.evaluate("lost"))
    keys.press("Tab", "Enter")
    notebook.wait_until("jg[6].id == lost")
    notebook.page.get_by_test_id("chip-all").click()


def open_another_group(notebook: Notebook, keys: Keys) -> None:
    """Use the list of all groups."""
    keys.press("Enter")
    keys.to("[data-testid=group-another]")
    keys.press("Enter")
    expect(notebook.page.locator(".jobgroup h2")).to_have_text("another")


def delete_groups_older_than_a_date_and_undo(notebook: Notebook, keys: Keys) -> None:
    """Use a date so late that both groups are older."""
    notebook.evaluate("jg.cancel_all()")
    keys.press("Enter")
    notebook.page.get_by_test_id("group-another").wait_for()  # the group has a button More too
    keys.to("[data-testid=more]")
    keys.press("Enter")
    keys.press("Enter")
    keys.to("[data-testid=before]")
    keys.type("06012099")
    keys.press("Enter")
    listed = notebook.page.get_by_test_id("jobgroup")
    expect(listed).to_contain_text("Trash 2")
    assert notebook.evaluate("JobGroup.list_existing()") == []
    keys.to("[data-testid=undo]")
    keys.press("Enter")
    expect(listed).to_contain_text("2 groups")
    assert sorted(notebook.evaluate("JobGroup.list_existing()")) == ["another", "tasks"]


TASKS = (
    adopt_an_unconfirmed_job,
    find_why_a_job_failed,
    rerun_the_failed_ones_and_keep_the_old,
    compare_two_distributions,
    cancel_what_is_on_the_cloud,
    copy_the_id_of_a_job,
    pause_and_resume,
    send_jobs_before_the_others,
    export_the_failed_rows,
    open_another_group,
    delete_groups_older_than_a_date_and_undo,
)


def test_eleven_tasks_by_keyboard(browser: Browser, jupyter: JupyterServer):
    """The kernel or the browser confirms each task, which takes few keys."""
    cells = [
        cloud(),
        group("another", "job()"),
        group("tasks", *JOBS),
        ON_CLOUD,
        LOST,
    ]
    with jupyter.open(browser, cells) as notebook:
        notebook.run_all()
        keys = Keys(notebook.page)
        unconfirmed = notebook.page.get_by_test_id("row-6")
        expect(unconfirmed).to_have_attribute("data-status", "unconfirmed")
        spent = {}
        for task in TASKS:
            keys.begin()
            task(notebook, keys)
            spent[task.__name__] = keys.count
        print(spent)  # noqa: T201  # the figures of docs/dashboard.md
        assert not {task: count for task, count in spent.items() if count > MOST}
        notebook.assert_quiet()

/** The actions in each situation: the primary action, strips, causes, and the selection bar. */

import { describe, expect, it, vi } from "vitest";
import { page, userEvent } from "vitest/browser";
import { StandIn } from "../../dev/standin";
import { at, show } from "./page";

const SENDER = { host: "lab-pc", pid: 4711, is_from_page: false, since: Date.now() / 1000 - 60 };

/** A dashboard, and the commands that it sends. */
async function acting(scene: string, jobs = 24, model = new StandIn(jobs, scene)) {
  const shown = await show({ model });
  const sending = vi.spyOn(model, "send");
  await expect.poll(() => shown.root.querySelector("[data-testid=row-0]")).not.toBeNull();
  const commands = () =>
    sending.mock.calls
      .map(([message]) => message as { t: string; name: string; args: object })
      .filter(({ t }) => t === "command")
      .map(({ name, args }) => [name, args]);
  const select = async (...positions: number[]) => {
    for (const position of positions)
      await at(`row-${position}`).click({ modifiers: ["Control"], position: { x: 300, y: 10 } });
  };
  return { ...shown, model, commands, select };
}

describe("the primary action", () => {
  it("queues, so neither a plan's limit nor a refused job ends it", async () => {
    const { commands } = await acting("rejected");
    await at("primary").click();
    await expect.poll(commands).toEqual([["run", { mode: "queue" }]]);
    await expect.element(at("row-9")).toBeVisible();
  });

  it("asks once for many jobs, shows their samples, and can limit concurrency", async () => {
    const { commands, root } = await acting("unsent", 96);
    await at("primary").click();
    const form = () => root.querySelector(".step")?.textContent;
    await expect.poll(form).toContain("Send 96 jobs with 960,000 samples in all?");
    await at("at-most").fill("4");
    await at("send-confirm").click();
    await expect.poll(commands).toEqual([["run", { mode: "queue", concurrent_job_count: 4 }]]);
    expect(root.querySelector(".step")).toBeNull();
  });

  it("does not call shots samples", async () => {
    const model = new StandIn(96, "unsent");
    for (const job of model.jobs) job.labels = { "param.max_shots": 100_000 };
    const { root } = await acting("", 0, model);
    await at("primary").click();
    await expect.poll(() => root.querySelector(".step b")?.textContent).toBe("Send 96 jobs?");
  });

  it.each(["1O", "-3", "2.5", "0"])("is not sent without limit if it is %s", async (typed) => {
    const { commands } = await acting("unsent", 96);
    await at("primary").click();
    await at("at-most").fill(typed);
    const reason = "Enter a whole number of at least 1";
    await expect.element(at("send-confirm")).toHaveAttribute("title", reason);
    await at("at-most").click();
    await userEvent.keyboard("{Enter}");
    await at("at-most").fill(" ");
    await at("send-confirm").click();
    await expect.poll(commands).toEqual([["run", { mode: "queue" }]]);
  });

  it("asks if there are more jobs than free slots", async () => {
    const { commands } = await acting("unsent", 24);
    await at("primary").click();
    await expect.element(at("send-confirm")).toBeVisible();
    expect(commands()).toEqual([]);
    await page.getByRole("button", { name: "Not now" }).click();
    await expect.element(at("send-confirm")).not.toBeInTheDocument();
  });

  it("asks above the number that the dashboard was created with", async () => {
    const { model } = await acting("still");
    model.set({ confirm_above: 3 });
    await at("primary").click();
    await expect.element(at("send-confirm")).toHaveTextContent("Send 4");
  });

  it("is Stop while any process sends, and nothing else sends", async () => {
    const { model, commands } = await acting("still");
    for (const is_this_process of [true, false]) {
      model.set({ sender: { ...SENDER, is_this_process } });
      await expect.element(at("stop")).toHaveTextContent("Stop");
      await expect.element(at("primary")).not.toBeInTheDocument();
    }
    await page.getByRole("button", { name: "More options: Stop" }).click();
    await page.getByRole("menuitem", { name: /Stop and cancel 6/ }).click();
    await expect.poll(commands).toEqual([["stop", { cancel: true }]]);
  });

  it("lets no click through that was meant for the one before", async () => {
    const { model, root } = await acting("still");
    /** The button that a click on a button reaches; null if there is no such button. */
    const pressed = (testid: string) => {
      const { x, y } = root.querySelector(`[data-testid=${testid}]`)?.getBoundingClientRect() ?? {};
      if (x === undefined || y === undefined) return null;
      return root.elementFromPoint(x + 9, y + 9)?.closest("button")?.dataset["testid"];
    };
    const pressedAtFirst = (testid: string) =>
      new Promise<string | undefined>((resolve) => {
        new MutationObserver((_, observer) => {
          const found = pressed(testid);
          if (found === null) return;
          observer.disconnect();
          resolve(found);
        }).observe(root, { childList: true, subtree: true });
      });
    const stop = pressedAtFirst("stop");
    model.set({ sender: { ...SENDER, is_this_process: true } });
    expect(await stop).toBe("stop");
    const primary = pressedAtFirst("primary");
    model.set({ sender: null });
    expect(await primary).toBeUndefined();
    await expect.poll(() => pressed("primary")).toBe("primary");
  });

  it("is the only way to cancel while a run would replace canceled jobs", async () => {
    const { model } = await acting("still");
    await at("more").click();
    await expect.element(at("cancel-all")).toBeVisible();
    model.set({ sender: { ...SENDER, is_this_process: true } });
    await expect.element(at("cancel-all")).not.toBeInTheDocument();
    await expect.element(at("cancel-queued")).not.toBeInTheDocument();
    await expect.element(at("delete")).toBeVisible();
  });

  it("shows the used slots while jobs wait for them", async () => {
    const { model } = await acting("still");
    model.set({ sender: { ...SENDER, is_this_process: true } });
    await expect.element(at("slots-used")).toHaveTextContent("20 of 20 slots used");
    model.set({ counts: { success: 18, unsent: 6 } });
    await expect.element(at("slots-used")).toHaveTextContent("14 of 20 slots used");
    model.set({ counts: { success: 24 }, sender: null });
    await expect.element(at("slots-used")).not.toBeInTheDocument();
  });

  it("of a finished group is the next step, without a dead button", async () => {
    const { commands, root } = await acting("failed");
    await expect.element(at("finished")).toHaveTextContent("Ended · 8 failed · 2 canceled");
    expect(root.querySelector(".toolbar [aria-disabled]")).toBeNull();
    await at("primary").click();
    await expect.poll(commands).toEqual([["rerun", { state: "error", mode: "queue" }]]);
  });

  it("asks before it removes many jobs, which cannot be undone, with Cancel in focus", async () => {
    const { commands, root } = await acting("unsent", 60);
    const open = async () => {
      await page.getByRole("button", { name: "More options: Send 60" }).click();
      await at("remove-unsent").click();
    };
    await open();
    await expect.poll(() => root.querySelector(".step")?.textContent).toContain("cannot undo");
    expect(root.activeElement?.textContent).toBe("Cancel");
    await page.getByRole("button", { name: "Cancel" }).click();
    expect(commands()).toEqual([]);
    await open();
    await at("consent").click();
    const positions = Array.from({ length: 60 }, (_, position) => position);
    await expect.poll(commands).toEqual([["remove", { positions }]]);
  });

  it("asks before it reruns or cancels many jobs", async () => {
    const { commands, model } = await acting("failed");
    model.set({ confirm_above: 3 });
    await at("primary").click();
    await expect.element(at("consent")).toHaveTextContent("Rerun 8");
    await page.getByRole("button", { name: "Not now" }).click();
    expect(commands()).toEqual([]);
    await at("primary").click();
    const failed = model.jobs.filter(({ state }) => state === "error");
    const positions = failed.map(({ position }) => position);
    await at("consent").click();
    await expect.poll(commands).toEqual([["rerun", { mode: "queue", positions }]]);
    await expect.element(at("consent")).not.toBeInTheDocument();
  });

  it("of a group without failures is the plot", async () => {
    await acting("finished");
    await expect.element(at("finished")).toHaveTextContent("Done");
    await at("primary").click();
    await expect.element(at("view-plot")).toHaveAttribute("aria-selected", "true");
  });
});

describe("a strip", () => {
  it("asks before a resend, because the user may pay twice", async () => {
    const { commands, root } = await acting("doubt");
    await at("strip-unconfirmed").getByTestId("resend").click();
    await expect.poll(() => root.querySelector(".step")?.textContent).toContain("pay for it twice");
    expect(commands()).toEqual([]);
    await at("consent").click();
    await expect.poll(() => commands().map(([name]) => name)).toEqual(["resend"]);
  });

  it("first offers to review several unconfirmed jobs, whose ids their drawers accept", async () => {
    const { commands, model } = await acting("doubt");
    const job = model.jobs[22] as StandIn["jobs"][number];
    model.patch([Object.assign(job, { state: "unconfirmed" })]);
    const buttons = at("strip-unconfirmed").getByRole("button");
    const labels = () => buttons.elements().map(({ textContent }) => textContent);
    await expect.poll(labels).toEqual(["Review", "Resend 2"]);
    await buttons.first().click();
    await expect.element(at("job")).toHaveTextContent("Job 22");
    await at("job").getByLabelText("The job's id on the cloud").fill("abc");
    await at("job").getByRole("button", { name: "Confirm id" }).click();
    await expect.poll(commands).toEqual([["confirm", { position: 22, remote_id: "abc" }]]);
  });

  it("shows unconfirmed jobs whatever the search was, and says which jobs after the last", async () => {
    const { model } = await acting("doubt");
    await at("search").fill("phi<0.15");
    await expect.element(at("matches")).toHaveTextContent("2 of 24 shown");
    await page.getByRole("button", { name: "Review" }).click();
    await expect.element(at("row-23")).toBeVisible();
    await expect.element(at("search")).toHaveValue("");
    const job = model.jobs[23] as StandIn["jobs"][number];
    job.state = "waiting";
    model.patch([job]);
    await expect.element(at("chip-unconfirmed")).toHaveTextContent("unconfirmed 0");
    await expect.element(at("chip-unconfirmed")).toHaveAttribute("aria-pressed", "true");
  });

  it("names the sending process elsewhere, as does the header", async () => {
    const { model } = await acting("still");
    model.set({ sender: { ...SENDER, is_this_process: false } });
    await expect.element(at("sender")).toHaveTextContent("Sending from lab-pc");
    await expect.element(at("strip-elsewhere")).toHaveTextContent("Process 4711 on lab-pc");
    model.set({ sender: { ...SENDER, is_this_process: true } });
    await expect.element(at("sender")).toHaveTextContent("Sending from this notebook");
    await expect.element(at("strip-elsewhere")).not.toBeInTheDocument();
  });

  it("says that a run ended early, and sends the rest", async () => {
    const { model, commands } = await acting("still");
    model.set({ interrupted: true });
    await expect.element(at("strip-interrupted")).toHaveTextContent("4 jobs are still to send");
    await at("strip-interrupted").getByRole("button").click();
    await expect.poll(commands).toEqual([["run", { mode: "queue" }]]);
  });

  it("shows one sentence, and the rest under Details", async () => {
    const { model, commands } = await acting("still");
    const last_error =
      "https://cloud.example cannot be reached (Cannot connect to host 127.0.0.1:4 ssl:default [Connect call failed]). Jobs keep their last known state.";
    model.set({ last_error, incident: "unreachable", incident_since: SENDER.since });
    const strip = at("strip-cloud");
    await expect.element(strip.getByText(/unreachable since/)).not.toHaveTextContent("ssl");
    await strip.getByText("Details").click();
    await expect.element(strip.getByText(/ssl:default/)).toBeVisible();
    await at("try-now").click();
    await expect.poll(commands).toEqual([["refresh", {}]]);
  });

  it("shows the state's time after a kernel restart, without actions", async () => {
    const { model, root } = await acting("still");
    await at("row-2").click({ position: { x: 300, y: 10 } });
    (model as unknown as { emit(event: string): void }).emit("comm_live_update");
    await expect.element(at("strip-restarted")).toHaveTextContent("State of");
    const buttons = [...root.querySelectorAll("button")].map(({ textContent }) => textContent);
    expect(buttons.filter((text) => /^(Send|Rerun|Cancel|Stop|Delete)/.test(text))).toEqual([]);
  });
});

describe("a cause", () => {
  it("of refused jobs has its line and chip, and can be rerun with other values", async () => {
    const { commands } = await acting("rejected");
    await expect.element(at("chip-refused")).toHaveTextContent("refused 2");
    const cause = at("cause-0");
    await expect.element(cause).toHaveTextContent("2 refused");
    await expect.element(cause).toHaveTextContent("max_shots exceeds your plan");
    await at("rerun-cause-with-0").click();
    await expect.element(at("causes")).toHaveTextContent("2 jobs with this cause: max_shots exc");
    await expect.element(at("revision-go")).toHaveTextContent("Rerun 2 with changes");
    await at("revision-max_shots").fill("500");
    await at("revision-go").click();
    const overrides = { max_shots: 500 };
    await expect
      .poll(commands)
      .toEqual([["rerun", { positions: [9, 10], mode: "queue", overrides }]]);
  });

  it("shows that values differ, and can set all to that of the first job", async () => {
    const model = new StandIn(24, "failed");
    for (const job of model.jobs) job.labels["param.max_shots"] = 10_000 - 100 * job.position;
    const { commands } = await acting("", 0, model);
    await at("rerun-cause-with-0").click();
    await expect.element(at("revision-max_shots")).toHaveAttribute("placeholder", "differs");
    await expect.element(at("revision-max_shots")).toHaveValue("");
    await expect.element(at("revision-min_photons")).toHaveValue("2");
    await expect.element(at("revision-go")).toHaveAttribute("title", "Nothing has been changed");
    await at("revision-max_shots").fill("10000");
    await at("revision-go").click();
    const overrides = { max_shots: 10_000 };
    await expect.poll(commands).toMatchObject([["rerun", { overrides }]]);
  });

  it("shows its jobs whatever the search was", async () => {
    const { root } = await acting("failed");
    await at("search").fill("phi<0.05");
    await expect.element(at("matches")).toHaveTextContent("0 of 24 shown");
    await page
      .getByRole("button", { name: /^Show the/ })
      .first()
      .click();
    await expect.poll(() => root.querySelectorAll(".rows .row").length).toBeGreaterThan(0);
    await expect.element(at("search")).toHaveValue("");
  });

  it("excludes canceled jobs, as does a rerun of failed ones", async () => {
    await acting("still");
    await expect.element(at("chip-canceled")).toHaveTextContent("canceled 1");
    await expect.element(at("causes")).not.toHaveTextContent("Canceled");
  });
});

describe("the selection bar", () => {
  it("appears with a selection and counts the jobs that the filter hides", async () => {
    const { select } = await acting("still");
    await expect.element(at("selection")).not.toBeInTheDocument();
    await select(2, 0);
    await at("chip-error").click();
    await expect.element(at("selection")).toHaveTextContent("2 selected · 1 hidden by the filter");
    await at("clear").click();
    await expect.element(at("selection")).not.toBeInTheDocument();
  });

  it("asks before it removes many jobs", async () => {
    const { commands, model } = await acting("unsent", 60);
    model.set({ selected: [[0, 59]] });
    await at("selected-remove").click();
    await expect.element(at("consent")).toHaveTextContent("Remove 60");
    expect(commands()).toEqual([]);
    model.set({ selected: [[3, 4]] });
    await expect.element(at("selection")).toHaveTextContent("2 selected");
    await at("selected-remove").click();
    await expect.poll(commands).toEqual([["remove", { positions: [3, 4] }]]);
  });

  it("appears without a scroll of the table, so a second click is for the same job", async () => {
    const { root, model } = await acting("unsent", 60);
    const grid = root.querySelector(".grid") as HTMLElement;
    const end = grid.getBoundingClientRect().bottom;
    const cut = [...root.querySelectorAll(".rows .row")].find(
      (row) => row.getBoundingClientRect().bottom > end,
    );
    cut?.querySelector<HTMLElement>(".select")?.click();
    await expect.poll(() => model.get("selected")).toHaveLength(1);
    await expect.element(at("selection")).toBeVisible();
    expect(grid.scrollTop).toBe(0);
  });

  it("selects ranges with Shift, by checkbox and by row", async () => {
    const { model } = await acting("finished");
    await at("row-1").click({ position: { x: 10, y: 10 } });
    await at("row-4").click({ position: { x: 10, y: 10 }, modifiers: ["Shift"] });
    await expect.poll(() => model.get("selected")).toEqual([[1, 4]]);
    await at("row-6").click({ position: { x: 300, y: 10 }, modifiers: ["Shift"] });
    await expect.poll(() => model.get("selected")).toEqual([[1, 6]]);
  });

  it("repeats, annotates and reruns any jobs", async () => {
    const { commands, select } = await acting("still");
    await select(0, 1);
    await at("selected-repeat").click();
    await at("repeat-number").fill("3");
    await at("repeat-go").click();
    await expect.element(at("live")).toHaveTextContent("6 jobs added");
    await at("selected-note").click();
    await at("note-text").fill("warm");
    await userEvent.keyboard("{Enter}");
    await expect.element(at("live")).toHaveTextContent("note of 2 jobs kept");
    await at("selected-rerun-with").click();
    await at("revision-max_shots").fill("500");
    await at("revision-go").click();
    const positions = [0, 1];
    await expect.poll(commands).toEqual([
      ["repeat", { positions, times: 3 }],
      ["annotate", { positions, text: "warm" }],
      ["rerun", { positions, mode: "queue", overrides: { max_shots: 500 } }],
    ]);
  });

  it("copies the selected jobs as tab-separated text", async () => {
    const writing = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
    const { select } = await acting("still");
    await select(0, 2);
    await at("selected-copy").click();
    await expect.poll(() => writing.mock.lastCall?.[0].split("\n").length).toBe(3);
    expect(writing.mock.lastCall?.[0].split("\n")[1]).toMatch(/^2\terror\t/);
    writing.mockRestore();
  });
});

describe("a search", () => {
  it("finds parameters, and reports an error without hiding jobs", async () => {
    const { root } = await acting("still");
    const count = () => root.querySelectorAll(".rows .row").length;
    await at("search").fill("phi=0.15");
    await expect.poll(count).toBe(1);
    await at("search").fill("ph=0.15");
    await expect
      .element(at("search-problem"))
      .toHaveTextContent('No column is called "ph". The columns are phi');
    await expect.poll(count).toBe(24);
    const options = [...root.querySelectorAll("datalist option")].map((o) =>
      o.getAttribute("value"),
    );
    expect(options).toEqual([]);
    await at("search").fill("is:done ph");
    await expect
      .poll(() => root.querySelector("datalist option")?.getAttribute("value"))
      .toBe("is:done phi");
  });

  it("says how many of the jobs it leaves", async () => {
    const { root } = await show({ jobs: 2000 });
    const said = () => root.querySelector("[data-testid=matches]");
    await expect.poll(() => said()?.getAttribute("aria-live")).toBe("polite");
    expect(said()?.textContent).toBe("");
    const region = said();
    await at("search").fill("phi>=0");
    await expect.element(at("matches")).toHaveTextContent("2,000 of 2,000 shown");
    await at("search").fill("#100-1399");
    await expect.element(at("matches")).toHaveTextContent("1,300 of 2,000 shown");
    await at("search").fill("no such words");
    await expect.element(at("matches")).toHaveTextContent("0 of 2,000 shown");
    await at("search").fill("");
    await expect.poll(() => said()?.textContent).toBe("");
    expect(said()).toBe(region); // a region that appears is not read
  });
});

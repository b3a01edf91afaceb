import { describe, expect, it, onTestFinished, vi } from "vitest";
import { page, userEvent } from "vitest/browser";
import { StandIn } from "../../dev/standin";
import { FakeModel } from "../model";
import { at, rows, show, shownFirst } from "./page";

describe("sending", () => {
  it("queues all jobs, and asks first if there are many", async () => {
    const { model } = await show({ jobs: 60, scene: "unsent" });
    const sent: unknown[] = [];
    const send = model.send.bind(model);
    model.send = (content) => {
      const { t, name, args } = content as { t: string; name: string; args: unknown };
      if (t === "command") sent.push([name, args]);
      send(content);
    };
    await at("primary").click();
    await expect.element(at("preview")).toHaveTextContent("Run 60 jobs");
    expect(sent).toEqual([]);
    await at("send-confirm").click();
    await expect.poll(() => sent).toEqual([["run", { mode: "queue" }]]);
  });

  it("by another process shows its host, and can be stopped", async () => {
    const { model } = await show({ jobs: 6, scene: "unsent" });
    const since = Date.now() / 1000;
    const sender = { host: "lab", pid: 77, since, is_this_process: false, is_from_page: false };
    (model as StandIn).set({ sender });
    await expect.element(at("sender")).toHaveTextContent("Sending from lab");
    await expect.element(at("primary")).not.toBeInTheDocument();
    await at("stop").click();
    await expect.element(at("live")).toHaveTextContent("stopped");
  });
});

describe("a strip", () => {
  it("says that sending is paused, and resumes it", async () => {
    const { model } = await show({ jobs: 6, scene: "unsent" });
    (model as StandIn).set({ paused: true });
    await expect.element(at("strip-paused")).toHaveTextContent("Sending is paused: 6 jobs wait.");
    await at("strip-paused").getByRole("button", { name: "Resume" }).click();
    await expect.element(at("strip-paused")).not.toBeInTheDocument();
  });

  it("about the cloud can try again at once", async () => {
    const { model } = await show({ scene: "refused" });
    const sent = vi.spyOn(model, "send");
    await at("try-now").click();
    expect(sent).toHaveBeenCalledWith(expect.objectContaining({ name: "refresh" }));
  });
});

describe("a job that is opened", () => {
  it("scrolls into view, even below a long table", async () => {
    const { root } = await show({ jobs: 100 });
    await expect.poll(() => root.querySelector("[data-testid=row-0]")).not.toBeNull();
    root.querySelector<HTMLElement>("[data-testid=row-2] .cell:last-child")?.click();
    const top = () => root.querySelector("[data-testid=job]")?.getBoundingClientRect().top;
    await expect.poll(top).toBeLessThan(window.innerHeight);
  });
});

describe("a group", () => {
  it("shows its counts, its progress and its jobs, failed ones first", async () => {
    const { root } = await show();
    await expect.element(at("row-0")).toHaveAttribute("data-status", "success");
    await expect.element(at("progress")).toHaveAttribute("aria-valuenow", "58");
    await expect.element(at("chip-error")).toHaveTextContent("failed 2");
    expect(shownFirst(root).slice(0, 5)).toEqual([
      "error",
      "error",
      "success",
      "success",
      "success",
    ]);
    await expect.element(at("row-2")).toHaveTextContent("not enough memory for 12 photons");
  });

  it("is filtered by chips and words, and shown in full again", async () => {
    const { root } = await show();
    await at("chip-error").click();
    await expect.poll(() => rows(root).length).toBe(2);
    await at("search").fill("memory");
    await expect.poll(() => rows(root).map(({ dataset }) => dataset["testid"])).toEqual(["row-2"]);
    await at("search").fill("no such words");
    await page.getByRole("button", { name: "Show all jobs" }).click();
    await expect.poll(() => rows(root).length).toBe(24);
  });

  it("reruns failed jobs, and shows the outcome with its line of Python", async () => {
    await show();
    await at("more").click();
    await expect.element(at("rerun-failed")).toHaveTextContent("Rerun the 2 failed");
    await at("rerun-failed").click();
    await expect.element(at("live")).toHaveTextContent("2 rerun");
    await expect.element(at("row-2")).toHaveAttribute("data-status", "waiting");
    await expect.element(at("row-5")).toHaveAttribute("data-status", "canceled");
    await expect.element(at("causes")).not.toBeInTheDocument();
  });

  it("is deleted in two steps and restored in a third", async () => {
    const { model, root } = await show({ jobs: 3 });
    const remove = async () => {
      await at("more").click();
      await at("delete").click();
      await expect.poll(() => root.activeElement?.textContent).toBe("Cancel");
      await at("delete-confirm").click();
      const text = () => root.querySelector(".deleted p")?.textContent;
      await expect.poll(text).toContain("A deleted group can be restored for 7 days.");
    };
    await remove();
    await expect.element(at("grid")).not.toBeInTheDocument();
    await at("undo").click();
    await expect.element(at("row-0")).toBeVisible();
    await remove();
    await at("all-groups").click();
    await expect.poll(() => model.get("group")).toBe("");
  });

  it("without jobs shows the next step in code", async () => {
    const { root } = await show({ scene: "empty" });
    await expect.poll(() => root.querySelector("pre")?.textContent).toContain("jg.add(");
    await expect.element(at("near-names")).toHaveTextContent("compare_knill_and_ralph");
    await expect.element(at("primary")).not.toBeInTheDocument();
  });

  it("with a rejected token shows its sentence once and keeps the jobs' states", async () => {
    const { root } = await show({ scene: "refused" });
    await expect.element(at("strip-token")).toHaveTextContent("rejects the token");
    expect(root.querySelectorAll(".notice")).toHaveLength(1);
    await expect.element(at("row-0")).toHaveAttribute("data-status", "success");
    await at("row-23").click({ position: { x: 300, y: 10 } });
    await expect.element(at("job")).toHaveTextContent("What will be sent");
    expect(root.textContent.split("rejects the token")).toHaveLength(2 + 1); // the strip and its details
  });

  it("shows after a second that its kernel does not answer", async () => {
    await show({ scene: "busy" });
    await expect.element(at("busy-note")).toHaveTextContent("the jobs will appear");
    await at("more").click();
    await at("delete").click();
    await at("delete-confirm").click();
    await expect.element(at("live")).toHaveTextContent("Delete requested");
    await expect.element(at("busy-note")).toHaveTextContent("this will run after");
  });
});

describe("a failure", () => {
  it("is listed by cause, with a rerun", async () => {
    const { model } = await show({ scene: "failed" });
    const causes = at("cause-0");
    await expect.element(causes).toHaveTextContent("8 failed");
    const sent = vi.spyOn(model, "send");
    await causes.getByRole("button", { name: "Show the 8 failed" }).click();
    await expect.poll(() => model.get("filter")).toBe("error");
    await expect.element(at("row-4")).toHaveAttribute("aria-selected", "true");
    await at("rerun-cause-0").click();
    await expect.element(at("live")).toHaveTextContent("8 rerun");
    const args = { positions: [1, 4, 7, 10, 13, 16, 19, 22], mode: "queue" };
    expect(sent).toHaveBeenCalledWith(expect.objectContaining({ name: "rerun", args }));
    await expect.element(causes).not.toBeInTheDocument();
  });

  it("is rerun one after the other, with a delay, beside the failed job", async () => {
    const { model, root } = await show();
    const sent = vi.spyOn(model, "send");
    await at("more").click();
    await page.getByRole("menuitem", { name: "One after the other…" }).click();
    for (const wrong of ["soon", "Infinity", "-1"]) {
      await at("delay").fill(wrong);
      await expect.element(at("in-turn")).toHaveAttribute("title", "Enter a delay of at least 0 s");
    }
    await at("delay").fill("2.5");
    await page.getByRole("checkbox").click();
    await at("in-turn").click();
    const args = { mode: "sequential", delay: 2.5, state: "error", replace: false };
    expect(sent).toHaveBeenCalledWith(expect.objectContaining({ name: "rerun", args }));
    await expect.poll(() => root.querySelector(".python")?.textContent).toBe("jg.rerun()");
  });
});

describe("the shown jobs", () => {
  it("are the only ones that are exported", async () => {
    const { root } = await show();
    const links: HTMLAnchorElement[] = [];
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (
      this: HTMLAnchorElement,
    ) {
      links.push(this);
    });
    vi.spyOn(URL, "revokeObjectURL").mockImplementation(() => {});
    onTestFinished(() => void vi.restoreAllMocks());
    await at("chip-error").click();
    await expect.poll(() => rows(root).length).toBe(2);
    const item = async (name: string) => {
      await at("export").click();
      await page.getByRole("menuitem", { name }).click();
      return (await fetch(links.at(-1)?.href as string)).text();
    };
    const csv = (await item("CSV file")).split("\r\n");
    expect(csv.length).toBe(3);
    expect(csv[1]).toContain("Computation failed: not enough memory");
    expect(links[0]?.download).toBe("compare_knill_and_ralph_cnot.csv");
    // Failed jobs were asked for results, and have none.
    await expect.element(at("live")).toHaveTextContent(/saved as [^,]*$/);
    const json = JSON.parse(await item("JSON file"));
    expect(json.map((job: { position: number }) => job.position)).toEqual([2, 7]);
    expect(json[0]).toMatchObject({ state: "error", "label.phi": 0.15, duration_s: 8.6 });
  });

  it("have the columns of the trait", async () => {
    const { root, model } = await show();
    const heads = () =>
      [...root.querySelectorAll<HTMLElement>(".header [data-column]")].map(
        ({ dataset }) => dataset["column"],
      );
    await expect.poll(heads).not.toContain("remote_id");
    await at("columns").click();
    await page.getByRole("menuitemcheckbox", { name: "Id" }).click();
    await expect.poll(heads).toContain("remote_id");
    await expect.poll(() => model.get("columns")).toContain("remote_id");
    await page.getByRole("menuitemcheckbox", { name: /^Default columns/ }).click();
    await expect.poll(heads).not.toContain("remote_id");
    await expect.poll(() => model.get("columns")).toEqual([]);
  });
});

describe("a job", () => {
  it("opens with its results, and with its attempts if it failed", async () => {
    await show();
    await at("row-0").click({ position: { x: 300, y: 10 } });
    await expect.element(at("job")).toHaveTextContent("|0,0,0,0,0,0>");
    await at("row-2").click({ position: { x: 300, y: 10 } });
    await expect.element(at("job")).toHaveTextContent("Job 2");
    await expect.element(at("job")).toHaveTextContent("41d3-9c6b-000000000002");
  });
});

describe("the slots", () => {
  it("show queued and running jobs, and open them", async () => {
    const { root } = await show();
    await at("view-timeline").click();
    await expect.element(at("slots")).toBeVisible();
    const stays = () => [...root.querySelectorAll<SVGGElement>(".slots .stay")];
    expect(stays().length).toBe(17);
    await expect.element(at("timeline-most")).toHaveTextContent("3 jobs without a known start");
    expect(new Set(stays().map(({ dataset }) => dataset["status"]))).toContain("running");
    stays()[0]?.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    await expect.element(at("job")).toBeVisible();
  });

  it("are those of the jobs that the chips and the search choose", async () => {
    const { root } = await show();
    await at("view-timeline").click();
    await at("chip-running").click();
    const stays = () => [...root.querySelectorAll<SVGGElement>(".slots .stay")];
    await expect.poll(() => new Set(stays().map(({ dataset }) => dataset["status"])).size).toBe(1);
    await expect
      .element(at("timeline-most"))
      .toHaveTextContent(/^At most \d+ of these ran at once$/);
    await at("chip-unsent").click();
    await expect.element(at("timeline-most")).toHaveTextContent("None of these jobs has run");
  });

  it("are those of the last jobs of a large group, which say so", async () => {
    await show({ jobs: 2000 });
    await at("view-timeline").click();
    await expect
      .element(at("timeline-most"))
      .toHaveTextContent(/^The last 1,000 of 1,\d{3} jobs\. At most \d+ of these ran at once/);
  });
});

describe("an unconfirmed job", () => {
  it("shows the evidence, and accepts the id that the user found", async () => {
    const { root } = await show({ scene: "doubt" });
    await at("strip-unconfirmed").getByRole("button", { name: "Review" }).click();
    await expect.element(at("evidence")).toHaveTextContent("HTTP status504");
    await expect.poll(() => rows(root).length).toBe(1);
    const strip = at("strip-unconfirmed");
    const field = strip.getByLabelText("The job's id on the cloud");
    await field.click();
    await userEvent.keyboard("{Enter}"); // no id has been entered
    await field.fill(" abc ");
    await userEvent.keyboard("{Enter}");
    await expect.element(at("live")).toHaveTextContent("1 confirmed");
    await expect.element(strip).not.toBeInTheDocument();
  });
});

describe("a job that its cloud has lost", () => {
  it("can be resent, after a question", async () => {
    const model = new StandIn(24, "still");
    Object.assign(model.jobs[23] as object, {
      state: "unknown",
      sent_at: 1,
      remote_id: "nonsense",
    });
    await show({ model });
    await at("row-23").click({ position: { x: 300, y: 10 } });
    await at("job").getByTestId("resend").click();
    await expect.element(at("job")).toHaveTextContent("you pay for it twice");
    await at("consent").click();
    await expect.element(at("job")).toHaveTextContent("queued");
    await expect.element(at("resend")).not.toBeInTheDocument();
  });
});

describe("the page's title", () => {
  it("shows the progress during a run, and is unchanged afterwards", async () => {
    document.title = "My notebook";
    const { close } = await show();
    await expect.poll(() => document.title).toBe("14/24 done · My notebook");
    close();
    expect(document.title).toBe("My notebook");
    await show({ scene: "finished" });
    expect(document.title).toBe("My notebook");
  });
});

describe("a group of thousands of jobs", () => {
  it("has the same separators in all its counts", async () => {
    document.title = "My notebook";
    const counts = { success: 14_000, running: 1000, unsent: 9000 };
    const { root } = await show({ model: new FakeModel({ counts, active: true }) });
    await expect.poll(() => document.title).toBe("14,000/24,000 done · My notebook");
    await expect.element(at("chip-success")).toHaveTextContent("14,000");
    const said = "9,000 to send, 1,000 running, 14,000 done";
    await expect.element(at("progress")).toHaveAttribute("aria-valuetext", said);
    const titles = [...root.querySelectorAll<HTMLElement>(".segment")].map(({ title }) => title);
    expect(titles).toEqual(["14,000 done", "1,000 running", "9,000 to send"]);
  });
});

describe("a finished group", () => {
  it("has no dead button", async () => {
    await show({ jobs: 3, scene: "finished" });
    await expect.element(at("row-0")).toBeVisible();
    for (const name of ["run", "rerun-failed", "cancel", "pause"])
      await expect.element(at(name)).not.toBeInTheDocument();
  });
});

describe("a hundred thousand jobs", () => {
  it("are a few rows in the document, down to the last", async () => {
    const { root } = await show({ jobs: 100_000 });
    await expect.element(at("grid")).toHaveAttribute("aria-rowcount", "100001");
    const grid = root.querySelector(".grid") as HTMLElement;
    grid.scrollTop = grid.scrollHeight;
    await expect.element(at("row-99999")).toBeVisible();
    expect(rows(root).length).toBeLessThan(40);
  });
});

it("keeps the focus of a row that scrolls out of sight", async () => {
  const { root } = await show({ jobs: 100_000, scene: "unsent" });
  await expect.element(at("grid")).toHaveAttribute("aria-rowcount", "100001");
  const grid = root.querySelector(".grid") as HTMLElement;
  grid.scrollTop = 32 * 1000;
  await expect.poll(() => root.querySelector("[data-testid=row-1000]")).not.toBeNull();
  const focused = root.querySelector("[data-testid=cell-1005-phi]") as HTMLElement;
  focused.focus();
  await expect.poll(() => focused.tabIndex).toBe(0);
  grid.scrollTop = 32 * 50_000;
  await expect.poll(() => root.querySelector("[data-testid=row-50000]")).not.toBeNull();
  expect(root.activeElement).toBe(focused);
});

describe("a panel that fails", () => {
  it("says so, and the others continue", async () => {
    const model = new (await import("../../dev/standin")).StandIn(6, "still");
    const send = model.send.bind(model);
    model.send = (content) => {
      const { t, id } = content as { t: string; id: string };
      if (t === "query") model.push({ t: "result", id, value: { attempts: 1 } });
      else send(content);
    };
    const { root } = await show({ model });
    await expect.poll(() => root.querySelector("[data-testid=row-0]")).not.toBeNull();
    root.querySelector<HTMLElement>("[data-testid=row-0] .cell:last-child")?.click();
    await expect.element(at("failed-part")).toHaveTextContent(/The jobs are not affected/);
    await at("chip-success").click();
    await expect.element(at("chip-success")).toHaveAttribute("aria-pressed", "true");
  });
});

describe("the page around a dashboard", () => {
  it("gets no style element, which a strict policy may forbid", async () => {
    const { el, root } = await show();
    expect([...el.querySelectorAll("style"), ...root.querySelectorAll("style")]).toEqual([]);
    expect(getComputedStyle(root.querySelector(".jobgroup") as Element).display).toBe("flex");
  });
});

describe("views that come and go", () => {
  it("leave no element, listener or timer behind", async () => {
    const timers = new Set<unknown>();
    for (const kind of ["Timeout", "Interval"] as const) {
      const set = window[`set${kind}`];
      vi.spyOn(window, `set${kind}`).mockImplementation(((run: () => void, ms?: number) => {
        const timer = set(() => {
          if (kind === "Timeout") timers.delete(timer);
          run();
        }, ms);
        timers.add(timer);
        return timer;
      }) as never);
      const clear = window[`clear${kind}`];
      vi.spyOn(window, `clear${kind}`).mockImplementation((timer) => {
        timers.delete(timer);
        clear(timer);
      });
    }
    onTestFinished(() => void vi.restoreAllMocks());
    const { FakeModel } = await import("../model");
    const { bundle } = await import("./page");
    const model = new FakeModel({ counts: { unsent: 1 } });
    const { initialize, render } = (await bundle())();
    const end = initialize({ model });
    const before = model.listeners;
    for (let i = 0; i < 50; i++) {
      const el = document.createElement("div");
      document.body.append(el);
      const close = render({ model, el });
      await new Promise(requestAnimationFrame);
      if (i === 0) await expect.poll(() => timers.size).toBeGreaterThan(0);
      close();
      expect(el.childElementCount).toBe(0);
      expect(document.adoptedStyleSheets).toEqual([]);
      el.remove();
    }
    expect(model.listeners).toBe(before);
    end();
    expect(model.listeners).toBe(0);
    await expect.poll(() => [...timers]).toEqual([]);
  });
});

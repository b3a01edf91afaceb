import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FromPython } from "../../src/kernel/protocol";
import { type Session, startSession } from "../../src/session";
import { FakeModel } from "../model";
import { blockOf } from "./rows";

type Snap = Extract<FromPython, { t: "snapshot" }>;
type Patch = Extract<FromPython, { t: "patch" }>;

let pushed = 0;
const stamp = () => ({ epoch: "e1", n: ++pushed, now: 1000, total: 3 });
const rows = [{ state: "unsent" }, { state: "running" }, { state: "success" }];

function snap(changes: Partial<Snap> = {}): Snap {
  return {
    t: "snapshot",
    version: 5,
    part: 0,
    parts: 1,
    rows: blockOf(rows),
    ...stamp(),
    ...changes,
  };
}

function patch(changes: Partial<Patch> = {}): Patch {
  const one = blockOf([{ state: "success" }], 1);
  return { t: "patch", from: 5, to: 6, rows: one, ...stamp(), ...changes };
}

let end: AbortController;
let model: FakeModel;
let session: Session;

beforeEach(() => {
  vi.useFakeTimers();
  pushed = 0;
  end = new AbortController();
  model = new FakeModel();
  session = startSession(model, end.signal);
});

afterEach(() => {
  end.abort();
  vi.useRealTimers();
});

const states = () => [0, 1, 2].map((position) => session.rows.value.table.state(position));

describe("snapshots and patches", () => {
  it("fill the table, and the next open message has their version", () => {
    session.link.open();
    expect(model.sent).toEqual([{ t: "open", client: null }]);
    model.push(snap());
    expect(states()).toEqual(["unsent", "running", "success"]);
    model.push(patch());
    expect(states()).toEqual(["unsent", "success", "success"]);
    session.link.open();
    expect(model.sent.at(-1)).toEqual({ t: "open", client: { epoch: "e1", version: 6 } });
  });

  it("are each acknowledged", () => {
    session.link.open();
    model.push(snap());
    model.push(patch());
    expect(model.sentOf("sync").map(({ ack, reply }) => [ack, reply])).toEqual([
      [1, false],
      [2, false],
    ]);
  });

  it("make the page send open again, once, if one is missing", () => {
    session.link.open();
    model.push(snap());
    model.push(patch({ from: 7, to: 8 }));
    model.push(patch({ from: 8, to: 9 }));
    expect(states()).toEqual(["unsent", "running", "success"]);
    expect(model.sentOf("open").map(({ client }) => client)).toEqual([
      null,
      { epoch: "e1", version: 5 },
    ]);
  });

  it("apply if they overlap the page's version, but not if they are older", () => {
    model.push(snap());
    model.push(patch({ from: 2, to: 9 }));
    expect(session.clientState()).toEqual({ epoch: "e1", version: 9 });
    model.push(patch({ from: 2, to: 4, rows: blockOf([{ state: "error" }], 1) }));
    expect(session.rows.value.table.state(1)).toBe("success");
  });

  it("do not mix with those of another epoch", () => {
    model.push(snap());
    model.push(patch({ epoch: "e2" }));
    expect(states()).toEqual(["unsent", "running", "success"]);
    expect(model.sentOf("open")).toHaveLength(1);
    model.push(snap({ epoch: "e2", version: 1, total: 1, rows: blockOf([{ state: "error" }]) }));
    expect(session.clientState()).toEqual({ epoch: "e2", version: 1 });
    expect(session.rows.value.table.total).toBe(1);
  });

  it("close the open job in a new epoch, because positions may change", () => {
    model.push(snap());
    session.opened.value = 1;
    session.panel.value = "rerun";
    model.push(snap({ version: 7 }));
    expect(session.opened.value).toBe(1);
    model.push(snap({ epoch: "e2", version: 1 }));
    expect(session.opened.value).toBeNull();
    expect(session.panel.value).toBe("");
  });

  it("disappear, with the open job, as soon as another group is shown", () => {
    model.push(snap());
    session.opened.value = 2;
    session.panel.value = "send";
    model.setTraits({ group: "another" });
    expect([session.opened.value, session.panel.value, session.rows.value.table.total]).toEqual([
      null,
      "",
      0,
    ]);
  });

  it("appear part by part, and count once all parts have arrived", () => {
    model.push(snap({ parts: 2, rows: blockOf(rows.slice(0, 2)) }));
    expect(session.rows.value.positions).toHaveLength(3);
    expect(session.clientState()).toBeNull();
    model.push(snap({ part: 1, parts: 2, rows: blockOf(rows.slice(2), 2) }));
    expect(session.clientState()).toEqual({ epoch: "e1", version: 5 });
    expect(states()).toEqual(["unsent", "running", "success"]);
  });

  it("make the page send open again if a part is missing", () => {
    model.push(snap({ parts: 3, rows: blockOf(rows.slice(0, 1)) }));
    model.push(snap({ part: 2, parts: 3, rows: blockOf(rows.slice(2), 2) }));
    expect(model.sentOf("open").map(({ client }) => client)).toEqual([null]);
  });
});

describe("the link to the kernel", () => {
  it("shows that the kernel is busy until it answers the open message", () => {
    session.link.open();
    vi.advanceTimersByTime(1001);
    expect([...session.link.unacknowledged.value]).toEqual(["open"]);
    model.push(snap());
    expect(session.link.unacknowledged.value.size).toBe(0);
  });

  it("asks again after silence, less and less often", () => {
    session.link.open();
    model.push(snap());
    const asking = () => model.sentOf("sync").filter(({ reply }) => reply).length;
    vi.advanceTimersByTime(1001);
    expect(asking()).toBe(1);
    vi.advanceTimersByTime(20_000);
    expect(asking()).toBe(1);
    for (const [pause, pulls] of [
      [2001, 2],
      [3001, 3],
      [5001, 4],
      [5001, 5],
    ] as const) {
      model.push(patch({ from: 5, to: 5, rows: { n: 0, columns: {} } }));
      vi.advanceTimersByTime(pause);
      expect(asking()).toBe(pulls);
    }
  });

  it("sends nothing while no view is visible", () => {
    session.link.open();
    model.push(snap());
    session.link.close(true);
    expect(model.sent.at(-1)).toEqual({ t: "close", has_views: true });
    vi.advanceTimersByTime(60_000);
    expect(model.sent.at(-1)).toEqual({ t: "close", has_views: true });
  });

  it("leaves no listener or timer at the end", () => {
    session.link.open();
    model.push(snap());
    end.abort();
    expect(model.listeners).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("a command", () => {
  it("shows the request at once, and later its outcome and line of Python", async () => {
    const outcome = session.run("rerun", { positions: [2] });
    expect(session.status.value).toMatchObject({
      tone: "asked",
      text: "Rerun requested for job 2…",
    });
    expect([...session.pending.value]).toEqual(["rerun"]);
    const id = model.lastId;
    model.push({ t: "ack", id, python: "jg.rerun([2])" });
    expect(session.status.value).toMatchObject({ tone: "asked", python: "jg.rerun([2])" });
    model.push({ t: "result", id, value: { text: "1 rerun" } });
    await outcome;
    expect(session.status.value).toEqual({
      tone: "done",
      text: "1 rerun",
      python: "jg.rerun([2])",
    });
    expect(session.pending.value.size).toBe(0);
  });

  it("shows its outcome for seconds, or until another process sends or none does", async () => {
    const isShown = () => session.status.value !== null;
    const rerun = async () => {
      const outcome = session.run("rerun", { positions: [2] });
      model.push({ t: "result", id: model.lastId, value: { text: "1 rerun" } });
      await outcome;
    };
    await rerun();
    vi.advanceTimersByTime(7900);
    expect(isShown()).toBe(true);
    vi.advanceTimersByTime(200);
    expect(isShown()).toBe(false);
    const sender = {
      ...{ pid: 7, host: "h", since: 0, is_this_process: false, is_from_page: true },
    };
    await rerun();
    model.setTraits({ sender });
    expect(isShown()).toBe(true); // the sender of this run
    vi.advanceTimersByTime(3000);
    model.setTraits({ sender: null });
    expect(isShown()).toBe(false);
  });

  it("shows prioritized jobs at once, until Python answers", async () => {
    const places = () => [...session.nextUp.value];
    model.setTraits({ next_up: [0] });
    session.run("prioritize", { positions: [2, 1] });
    expect(session.status.value?.text).toBe("Prioritize requested for 2 jobs…");
    const wished = places();
    expect(wished).toEqual([
      [2, 1],
      [1, 2],
      [0, 3],
    ]);
    model.setTraits({ next_up: [2, 1, 0] });
    expect(places()).toEqual(wished);
    const refused = session.run("prioritize", { positions: [0] });
    expect(places()[0]).toEqual([0, 1]);
    const message = "This dashboard is read-only.";
    model.push({ t: "error", id: model.lastId, code: "JobGroupError", message });
    await refused;
    expect(places()).toEqual(wished);
  });

  it("shows why Python refused it", async () => {
    const outcome = session.run("run", { mode: "parallel" });
    const message = "Cannot create more than 2 jobs";
    model.push({ t: "error", id: model.lastId, code: "QuotaExceededError", message });
    await outcome;
    expect(session.status.value).toMatchObject({ tone: "failed", text: message });
  });

  it("without a receipt within a second shows that the kernel is busy", () => {
    session.run("run", {});
    const first = model.lastId;
    session.run("cancel", {});
    model.push({ t: "ack", id: model.lastId, python: "" });
    vi.advanceTimersByTime(5000);
    expect([...session.link.unacknowledged.value]).toEqual([first]);
    model.push({ t: "ack", id: first, python: "" });
    expect(session.link.unacknowledged.value.size).toBe(0);
  });

  it("that waits behind a busy page does not show that the kernel is busy", () => {
    session.run("run", {});
    const clock = vi.spyOn(performance, "now").mockReturnValue(performance.now() + 5000);
    vi.advanceTimersByTime(1000);
    clock.mockRestore();
    expect(session.link.unacknowledged.value.size).toBe(0);
    vi.advanceTimersByTime(6000);
    expect([...session.link.unacknowledged.value]).toEqual([model.lastId]);
  });

  it("that was answered leaves no timer, even in a hidden tab, where timers are late", () => {
    const before = vi.getTimerCount();
    session.run("run", {});
    model.push({ t: "ack", id: model.lastId, python: "" });
    model.push({ t: "result", id: model.lastId, value: null });
    const clock = vi.spyOn(performance, "now").mockReturnValue(performance.now() + 5000);
    vi.advanceTimersByTime(1000);
    clock.mockRestore();
    expect(vi.getTimerCount()).toBe(before);
  });

  it("is asked about again if its answer is missing", () => {
    session.link.open();
    model.push(snap());
    session.run("run", {});
    vi.advanceTimersByTime(1001);
    expect(model.sentOf("sync").at(-1)?.pending).toEqual([model.lastId]);
  });
});

describe("a setting", () => {
  it("takes effect at once, and an older trait does not undo it", async () => {
    model.push(snap());
    session.filter.value = "success";
    const first = model.lastId;
    session.filter.value = "running";
    expect(session.rows.value.positions).toEqual([1]);
    model.setTraits({ filter: "success" });
    model.push({ t: "result", id: first, value: null });
    await vi.advanceTimersByTimeAsync(0);
    expect(session.filter.value).toBe("running");
    model.setTraits({ filter: "running" });
    model.push({ t: "result", id: model.lastId, value: null });
    await vi.advanceTimersByTimeAsync(0);
    model.setTraits({ filter: "all" });
    expect(session.filter.value).toBe("all");
  });

  it("returns to its old value if Python refuses it, and shows why", async () => {
    session.sort.value = "nonsense";
    model.push({ t: "error", id: model.lastId, code: "TraitError", message: "no" });
    await vi.advanceTimersByTimeAsync(0);
    expect(session.sort.value).toBe("");
    expect(session.status.value).toMatchObject({ tone: "failed", text: "no" });
  });
});

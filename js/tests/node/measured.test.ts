import { describe, expect, it } from "vitest";
import type { Link } from "../../src/kernel/link";
import type { Args } from "../../src/kernel/protocol";
import { newMeasurements } from "../../src/measured";
import { startSession } from "../../src/session";
import { FakeModel } from "../model";
import { blockOf, tableOf } from "./rows";

interface Options {
  broken?: Set<number>;
  isSeen?: () => boolean;
  jobs?: number;
}

/** A group of successful jobs, with a kernel that cannot load some results. */
function groupOf({ broken = new Set(), isSeen = () => true, jobs = 3 }: Options = {}) {
  const asked: Args[] = [];
  const ask = async (_: string, args: Args) => {
    asked.push(args);
    const positions = args.positions ?? [];
    const columns = [...new Set([...(args.columns ?? []), "|0>"])];
    return {
      rows: positions
        .filter((p) => !broken.has(p))
        .map((position) => ({
          ...{ position, iteration: null, of: 1, params: {}, samples: 10 },
          values: Object.fromEntries(columns.map((state) => [state, [0.5, 0.1]])),
        })),
      ...{ scalars: [], derived: [], defined: [], states: ["|0>"], shown: ["|0>"], columns },
      failed: Object.fromEntries(positions.filter((p) => broken.has(p)).map((p) => [p, "away"])),
    };
  };
  const rows = Array.from({ length: jobs }, (_, i) => ({ state: "success", remote_id: `id-${i}` }));
  const table = tableOf(rows);
  const changed: number[] = [];
  const link = { ask } as unknown as Link;
  const measured = newMeasurements(link, table, isSeen, (positions) => changed.push(...positions));
  return { asked, table, measured, changed, broken };
}

const positionsOf = (asked: readonly Args[]) => asked.map(({ positions }) => positions);
const values = (table: ReturnType<typeof tableOf>) =>
  [0, 1, 2].map((p) => table.cell(p, "measured.|0>"));

describe("measured values", () => {
  it("are requested once, and again for other states", async () => {
    const { asked, table, measured, changed } = groupOf();
    await measured.load([]);
    await measured.load(["|0>"]);
    expect(positionsOf(asked)).toEqual([[0, 1, 2]]);
    expect(values(table)).toEqual([0.5, 0.5, 0.5]);
    expect([changed, measured.state.value.known]).toEqual([[0, 1, 2], 3]);
    await measured.load(["|1>"]);
    expect(asked.length).toBe(2);
    expect(table.error(2, "measured.|1>")).toBe(0.1);
  });

  it("show why they cannot be loaded, and are requested again only on demand", async () => {
    const { asked, table, measured, broken } = groupOf({ broken: new Set([1]) });
    await measured.load([]);
    await measured.load([]);
    expect([...measured.state.value.failed]).toEqual([[1, "away"]]);
    expect(asked.length).toBe(1);
    broken.clear();
    measured.retry();
    await measured.load([]);
    await Promise.resolve();
    expect(positionsOf(asked)).toEqual([[0, 1, 2], [1]]);
    expect([measured.state.value.failed.size, ...values(table)]).toEqual([0, 0.5, 0.5, 0.5]);
  });

  it("of an earlier attempt disappear and are requested again", async () => {
    const { asked, table, measured } = groupOf();
    await measured.load([]);
    table.apply({ n: 1, columns: { position: [1], state: ["waiting"], remote_id: ["id-9"] } }, []);
    measured.recheck([1]);
    expect(values(table)).toEqual([0.5, null, 0.5]);
    table.apply({ n: 1, columns: { position: [1], state: ["success"], remote_id: ["id-9"] } }, []);
    await measured.load([]);
    expect(positionsOf(asked)).toEqual([[0, 1, 2], [1]]);
  });

  it("change no row or column if no job has any", async () => {
    const { measured, changed } = groupOf({ broken: new Set([0, 1, 2]) });
    const names = measured.names.value;
    await measured.load([]);
    expect(measured.state.value.failed.size).toBe(3);
    expect(changed).toEqual([]);
    measured.retry();
    await measured.load([]);
    const later = measured.names.value;
    measured.retry();
    await measured.load([]);
    expect(measured.names.value).toBe(later);
    expect(later).not.toBe(names); // the answer named a state
  });

  it("are fetched only while a view is visible", async () => {
    let isSeen = false;
    const { asked, measured } = groupOf({ isSeen: () => isSeen });
    await measured.load([]);
    expect(asked).toEqual([]);
    isSeen = true;
    await measured.load([]);
    expect(asked.length).toBe(1);
  });

  it("are requested again if the kernel sends all rows again", async () => {
    const model = new FakeModel();
    const session = startSession(model, new AbortController().signal);
    const push = (n: number) =>
      model.push({
        ...{ t: "snapshot", version: 1, part: 0, parts: 1, epoch: "e", n, now: 0, total: 1 },
        rows: blockOf([{ state: "success", remote_id: "id-0" }]),
      });
    const answer = async () => {
      const row = { position: 0, iteration: null, of: 1, params: {}, samples: 10 };
      const names = { scalars: [], derived: [], defined: [], states: ["|0>"], shown: ["|0>"] };
      const rows = [{ ...row, values: { "|0>": [0.5, 0.1] } }];
      const value = { ...names, columns: ["|0>"], rows, failed: {} };
      model.push({ t: "result", id: model.lastId, value });
      await new Promise((resolve) => setTimeout(resolve));
    };
    session.isSeen.value = true;
    for (const n of [1, 2]) {
      push(n); // in Jupyter, because the group is displayed in another cell
      expect(model.sentOf("query").map(({ name }) => name)).toEqual(Array(n).fill("measured"));
      await answer();
      expect(session.rows.value.table.cell(0, "measured.|0>")).toBe(0.5);
      expect(session.layout.value.shown.map(({ name }) => name)).toContain("measured.|0>");
    }
  });

  it("are requested only for states, even before the names of other quantities are known", () => {
    const requested = (y: string) => {
      const model = new FakeModel({ plot: { y } });
      const session = startSession(model, new AbortController().signal);
      session.isSeen.value = true;
      model.push({
        ...{ t: "snapshot", version: 1, part: 0, parts: 1, epoch: "e", n: 1, now: 0, total: 1 },
        rows: blockOf([{ state: "success", remote_id: "id-0" }]),
      });
      return model.sentOf("query").map(({ args }) => args.columns);
    };
    expect(requested("global_perf")).toEqual([[]]);
    expect(requested("|1,1>")).toEqual([["|1,1>"]]);
  });

  it("are in the heading only once all are loaded and equal", async () => {
    const model = new FakeModel();
    const session = startSession(model, new AbortController().signal);
    const push = (jobs: number, version: number) =>
      model.push({
        ...{ t: "snapshot", version, part: 0, parts: 1, epoch: "e", n: version, now: 0 },
        ...{ total: jobs },
        rows: blockOf(
          Array.from({ length: jobs }, (_, i) => ({ state: "success", remote_id: `id-${i}` })),
        ),
      });
    const answer = async (last = 10) => {
      const positions = model.sentOf("query").at(-1)?.args.positions ?? [];
      const rows = positions.map((position) => ({
        ...{ position, iteration: null, of: 1, params: {}, values: {} },
        samples: position < 201 ? 10 : last,
      }));
      const names = { scalars: ["n"], derived: [], defined: [], states: [], shown: [] };
      const value = { ...names, columns: [], rows, failed: {} };
      model.push({ t: "result", id: model.lastId, value });
      await new Promise((resolve) => setTimeout(resolve));
    };
    const heading = () => session.layout.value.folded.map(({ value }) => value);
    session.isSeen.value = true;
    push(201, 1);
    await answer();
    expect(heading()).not.toContain("10");
    await answer();
    expect(heading()).toContain("10");
    // a job that ends does not move the column in and out
    model.push({
      ...{ t: "patch", epoch: "e", n: 2, now: 0, from: 1, to: 2, total: 202 },
      rows: blockOf([{ state: "success", remote_id: "id-201" }], 201),
    });
    expect(heading()).toContain("10");
    await answer(11);
    expect(heading()).not.toContain("10");
  });

  it("are loaded for visible rows, and for all on request", async () => {
    const { asked, measured } = groupOf({ jobs: 2500 });
    measured.inSight.value = [40, 41];
    await measured.load([]);
    expect(positionsOf(asked)).toEqual([[40, 41]]);
    const { isHeld, missing, secondsLeft } = measured.state.value;
    expect([isHeld, missing]).toEqual([true, 2498]);
    expect(secondsLeft).toBeGreaterThanOrEqual(0);
    measured.isWanted.value = true;
    await measured.load([]);
    expect(asked.flatMap(({ positions }) => positions ?? []).length).toBe(2500);
    expect(measured.state.value.isHeld).toBe(false);
  });
});

describe("a job with iterations", () => {
  it("has a line for each with its values, and one line again after a rerun", async () => {
    const { table, measured } = groupOf();
    const iteration = (i: number) => ({
      ...{ position: 1, iteration: i, of: 2, params: { phi: i / 4 }, samples: 10 },
      values: { "|0>": [i / 2, 0.1] as [number, number] },
    });
    table.take([1], [iteration(0), iteration(1)]);
    const lines = table.linesOf(1);
    expect(lines.map((line) => table.nameOf(line))).toEqual(["1 · 1/2", "1 · 2/2"]);
    expect(lines.map((line) => table.cell(line, "param.phi"))).toEqual([0, 0.25]);
    expect(lines.map((line) => table.cell(line, "measured.|0>"))).toEqual([0, 0.5]);
    expect(lines.map((line) => table.cell(line, "remote_id"))).toEqual(["id-1", "id-1"]);
    await measured.load([]);
    expect(table.linesOf(1)).toEqual([1]);
    expect([table.cell(1, "param.phi"), table.cell(1, "measured.|0>")]).toEqual([null, 0.5]);
  });
});

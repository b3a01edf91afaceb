import { describe, expect, it } from "vitest";
import type { Link } from "../../src/kernel/link";
import type { Args } from "../../src/kernel/protocol";
import { newMeasurements } from "../../src/measured";
import { tableOf } from "./rows";

/** A kernel with one state per job, which cannot load the results of some jobs. */
function kernelWithout(broken: Set<number>) {
  const asked: Args[] = [];
  const ask = async (_: string, args: Args) => {
    asked.push(args);
    const positions = args.positions ?? [];
    const states = positions.map((p) => `|${p}>`);
    const columns = args.columns?.length ? args.columns : states;
    return {
      rows: positions
        .filter((p) => !broken.has(p))
        .map((position) => ({
          ...{ position, iteration: null, of: 1, params: {}, samples: 10 },
          values: Object.fromEntries(columns.map((state) => [state, [0.5, 0.1]])),
        })),
      scalars: [],
      states: Object.fromEntries(states.map((state) => [state, 0.5])),
      columns,
      failed: Object.fromEntries(positions.filter((p) => broken.has(p)).map((p) => [p, "away"])),
    };
  };
  return { asked, link: { ask } as unknown as Link };
}

const table = tableOf([0, 1, 2].map((i) => ({ state: "success", remote_id: `id-${i}` })));

describe("measured values", () => {
  it("are asked for once, and again for states that were not asked for", async () => {
    const { asked, link } = kernelWithout(new Set());
    const measured = newMeasurements(link);
    await measured.load(table, [0, 1], []);
    expect(measured.missing(table, [0, 1, 2], measured.state.value.states)).toEqual([2]);
    await measured.load(table, [2], []);
    const missing = measured.missing(table, [0, 1, 2], measured.state.value.states);
    expect(missing).toEqual([0, 1, 2]);
    await measured.load(table, missing, measured.state.value.states);
    expect(measured.missing(table, [0, 1, 2], measured.state.value.states)).toEqual([]);
    expect(asked.length).toBe(3);
  });

  it("that cannot be loaded say why, are not asked for without end, and can be tried again", async () => {
    const broken = new Set([1]);
    const measured = newMeasurements(kernelWithout(broken).link);
    await measured.load(table, [0, 1], []);
    expect([...measured.state.value.failed]).toEqual([[1, "away"]]);
    expect(measured.missing(table, [0, 1], [])).toEqual([]);
    broken.clear();
    measured.retry();
    expect(measured.missing(table, [0, 1], [])).toEqual([1]);
    await measured.load(table, [1], []);
    expect([measured.state.value.failed.size, measured.state.value.rows.size]).toEqual([0, 2]);
  });

  it("of another attempt are asked for anew", async () => {
    const measured = newMeasurements(kernelWithout(new Set()).link);
    await measured.load(table, [0], []);
    const rerun = tableOf([{ state: "success", remote_id: "id-9" }]);
    expect(measured.missing(rerun, [0], [])).toEqual([0]);
  });
});

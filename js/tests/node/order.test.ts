import { describe, expect, it } from "vitest";
import { orderOf, type Query } from "../../src/data/order";
import { blockOf, tableOf } from "./rows";

const ALL: Query = { filter: "all", search: "", sort: "" };

function ordered(rows: Parameters<typeof tableOf>[0], query: Partial<Query> = {}): number[] {
  const order = orderOf(tableOf(rows));
  order.reset({ ...ALL, ...query });
  return [...order.lines];
}

describe("the order of rows", () => {
  it("is the group's order while no job has failed", () => {
    expect(ordered([{ state: "success" }, { state: "running" }, {}])).toEqual([0, 1, 2]);
  });

  it("puts failed jobs first, then unconfirmed ones", () => {
    const rows = [{}, { state: "unconfirmed" }, { state: "canceled" }, { state: "error" }];
    expect(ordered(rows)).toEqual([3, 1, 0, 2]);
  });

  it("sorts numbers by value, texts naturally, and missing values last both ways", () => {
    const rows = [{ name: "run 10" }, { name: "run 2" }, { name: null }, { name: "Run 1" }];
    expect(ordered(rows, { sort: "name" })).toEqual([3, 1, 0, 2]);
    expect(ordered(rows, { sort: "-name" })).toEqual([0, 1, 3, 2]);
    const times = [{ duration_s: 10 }, { duration_s: null }, { duration_s: 9 }];
    expect(ordered(times, { sort: "duration_s" })).toEqual([2, 0, 1]);
  });

  it("keeps equal rows in the group's order, even if descending", () => {
    expect(ordered([{ a: 1 }, { a: 1 }, { a: 2 }], { sort: "-a" })).toEqual([2, 0, 1]);
  });
});

describe("the shown jobs", () => {
  it("are the jobs of the chip", () => {
    const rows = [{ state: "sending" }, { state: "waiting" }, { state: "success" }];
    expect(ordered(rows, { filter: "waiting" })).toEqual([0, 1]);
  });

  it("match every word in any of their texts, in any case", () => {
    const rows = [
      { name: "Knill", "param.max_samples": 10000 },
      { name: "knill", message: "Max shots" },
    ];
    expect(ordered(rows, { search: "KNILL" })).toEqual([0, 1]);
    expect(ordered(rows, { search: "knill 10000" })).toEqual([0]);
    expect(ordered(rows, { search: "shots" })).toEqual([1]);
    expect(ordered(rows, { search: "#1" })).toEqual([1]);
  });
});

describe("an order that is updated row by row", () => {
  it("equals a complete sort after any change", () => {
    const states = ["unsent", "waiting", "running", "success", "error", "canceled"];
    let seed = 1;
    const random = (below: number) => {
      seed = (seed * 48271) % 2147483647;
      return seed % below;
    };
    const row = () => ({ state: states[random(6)] ?? "", duration_s: random(5) });
    for (const query of [ALL, { ...ALL, sort: "-duration_s" }, { ...ALL, filter: "error" }]) {
      const table = tableOf(Array.from({ length: 60 }, row));
      const kept = orderOf(table);
      kept.reset(query as Query);
      for (let change = 0; change < 40; change++) {
        const first = random(62);
        const rows = Array.from({ length: 1 + random(3) }, row);
        const changed = table.apply(blockOf(rows, first), []);
        for (const position of changed) table.total = Math.max(table.total, position + 1);
        kept.update(changed);
        const complete = orderOf(table);
        complete.reset(query as Query);
        const known = complete.lines.filter((p) => table.cell(p, "state") !== null);
        expect(kept.lines.filter((p) => table.cell(p, "state") !== null)).toEqual(known);
      }
    }
  });

  it("finds a row by its new text, no longer by its old one", () => {
    const table = tableOf([{ message: "old words" }]);
    const order = orderOf(table);
    order.reset({ ...ALL, search: "words" });
    expect(order.lines).toEqual([0]);
    order.update(table.apply(blockOf([{ message: "new" }]), []));
    expect(order.lines).toEqual([]);
  });
});

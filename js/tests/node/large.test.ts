import { describe, expect, it } from "vitest";
import { histogramOf, rangeOf, withRange } from "../../src/data/histogram";
import { startSession } from "../../src/session";
import { FakeModel } from "../model";
import { blockOf, tableOf } from "./rows";

describe("a group of more than 200,000 jobs", () => {
  it("shows its newest 200,000 jobs", () => {
    const model = new FakeModel();
    const session = startSession(model, new AbortController().signal);
    model.push({
      ...{ t: "snapshot", version: 1, part: 0, parts: 1, epoch: "e", n: 1, now: 0 },
      total: 200_003,
      rows: blockOf([{ state: "success" }, { state: "error" }], 3),
    });
    const { table, lines } = session.rows.value;
    expect([table.first, lines.length, lines[0], lines[1]]).toEqual([3, 200_000, 4, 3]);
    expect(table.where((state) => state === "success")).toEqual([3]);
  });
});

describe("the numbers of a column", () => {
  it("are counted in bars of equal width with round ends", () => {
    const table = tableOf(Array.from({ length: 33 }, (_, i) => ({ "label.phi": (i / 32) ** 2 })));
    const found = histogramOf(table, [...Array(33).keys()], "label.phi");
    expect([found?.low, found?.high]).toEqual([0, 1]);
    expect(found?.counts.reduce((sum, each) => sum + each)).toBe(33);
    expect(found && rangeOf(found, 8, 11)).toEqual([0.5, 0.75]);
    expect(histogramOf(tableOf([{ "label.phi": 1 }]), [0], "label.phi")).toBeNull();
    expect(found?.counts.length).toBe(16);
    const noise = tableOf([{ "label.phi": 1 }, { "label.phi": 1 - 1e-14 }]);
    expect(histogramOf(noise, [0, 1], "label.phi")).toBeNull();
  });

  const barsOf = (values: number[]) => {
    const table = tableOf(values.map((value) => ({ "label.phi": value })));
    const found = histogramOf(table, [...values.keys()], "label.phi");
    if (!found) throw new Error("no histogram");
    return found;
  };
  const sweep = (count: number) => Array.from({ length: count }, (_, i) => 0.1 + (0.7 * i) / 3);

  it.each([2, 5, 16, 17, 20, 31, 33, 50, 100])("are flat bars if they are %i even steps", (n) => {
    const { counts } = barsOf(sweep(n));
    expect(new Set(counts).size).toBe(1);
    expect(counts.length).toBeGreaterThanOrEqual(Math.min(n, 8));
    expect(counts.length).toBeLessThanOrEqual(32);
  });

  it("are flat bars if they are even up to rounding, several times each, or partly missing", () => {
    const rounded = sweep(20).map((value) => Number(value.toFixed(2)));
    expect(barsOf(rounded).counts).toEqual(Array(20).fill(1));
    expect(barsOf([...rounded, ...rounded]).counts).toEqual(Array(20).fill(2));
    const partly = barsOf(sweep(20).filter((_, i) => i !== 5 && i !== 6)).counts;
    expect(partly).toEqual(Array.from({ length: 20 }, (_, i) => (i === 5 || i === 6 ? 0 : 1)));
    // The last bar of a prime number of steps is smaller than the others, which are equal.
    expect(new Set(barsOf(sweep(101)).counts.slice(0, -1)).size).toBe(1);
  });

  it("are selected by the bars that count them", () => {
    for (const n of [5, 20, 33, 101]) {
      const values = sweep(n);
      const bars = barsOf(values);
      bars.counts.forEach((count, i) => {
        const [low, high] = rangeOf(bars, i, i);
        expect(values.filter((value) => low <= value && value <= high).length).toBe(count);
      });
    }
    expect(rangeOf(barsOf([0, 0.1, 0.2, 0.3]), 1, 3)).toEqual([0.05, 0.3]);
  });

  it("become terms of a search, replacing the column's earlier ones", () => {
    expect(withRange("is:failed phi>=1 phi<=2", "phi", 3, 4)).toBe("is:failed phi>=3 phi<=4");
    expect(withRange('"dark counts" |1,1>>=0.1', "|1,1>", 0.2, 0.3)).toBe(
      '"dark counts" |1,1>>=0.2 |1,1><=0.3',
    );
    expect(withRange("phi=1", "my label", 0, 1)).toBe('phi=1 "my label">=0 "my label"<=1');
  });
});

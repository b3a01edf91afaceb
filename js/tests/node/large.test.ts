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
    const table = tableOf(Array.from({ length: 33 }, (_, i) => ({ "label.phi": i / 32 })));
    const found = histogramOf(table, [...Array(33).keys()], "label.phi");
    expect([found?.low, found?.high]).toEqual([0, 1]);
    expect(found?.counts.reduce((sum, each) => sum + each)).toBe(33);
    expect(found && rangeOf(found, 8, 11)).toEqual([0.5, 0.75]);
    expect(histogramOf(tableOf([{ "label.phi": 1 }]), [0], "label.phi")).toBeNull();
    const noise = tableOf([{ "label.phi": 1 }, { "label.phi": 1 - 1e-14 }]);
    expect(histogramOf(noise, [0, 1], "label.phi")).toBeNull();
  });

  it("become terms of a search, replacing the column's earlier ones", () => {
    expect(withRange("is:failed phi>=1 phi<=2", "phi", 3, 4)).toBe("is:failed phi>=3 phi<=4");
    expect(withRange('"dark counts" |1,1>>=0.1', "|1,1>", 0.2, 0.3)).toBe(
      '"dark counts" |1,1>>=0.2 |1,1><=0.3',
    );
    expect(withRange("phi=1", "my label", 0, 1)).toBe('phi=1 "my label">=0 "my label"<=1');
  });
});

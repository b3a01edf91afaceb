import { describe, expect, it } from "vitest";
import { comparisonCsv, distanceOf, lineUp, titleOf } from "../../src/data/compare";
import type { Side } from "../../src/kernel/answers";

const side = (shares: Record<string, number>, changes: Partial<Side> = {}): Side => ({
  ...{ position: 3, iteration: null, name: "", samples: 100, rest: 0, ideal: null, no_ideal: "" },
  ...{ comparison: null, problem: "" },
  entries: Object.entries(shares).map(([state, share]) => [state, share, 0.01, share, share]),
  ...changes,
});

describe("distributions side by side", () => {
  const [a, b] = [
    side({ "|1>": 0.6, "|0>": 0.2 }, { rest: 0.2 }),
    side({ "|0>": 0.75, "|2>": 0.25 }),
  ];

  it("show the most frequent states of any, and the rest of each", () => {
    const { lines, rest } = lineUp([a, b], 2);
    expect(lines.map(({ label, bars }) => [label, ...bars.map((bar) => bar?.share)])).toEqual([
      ["|0>", 0.2, 0.75],
      ["|1>", 0.6, 0],
    ]);
    expect(rest.map((share) => Math.round(share * 100))).toEqual([20, 25]);
  });

  it("have a gap, not 0, for a state that is not known", () => {
    const { lines } = lineUp([a, b], 3);
    expect(lines[2]).toMatchObject({ label: "|2>", bars: [null, { share: 0.25 }] });
  });

  it("have a gap for a state whose share the result cannot tell", () => {
    const unknown = side({}, { entries: [["|1>", null, null, null, null]] });
    const { lines, rest } = lineUp([side({ "|1>": 1 }), unknown], 3);
    expect(lines[0]).toMatchObject({ label: "|1>", bars: [{ share: 1 }, null] });
    expect(rest).toEqual([0, 0]);
    const withIdeal = side({}, { entries: unknown.entries, ideal: { "|1>": 0.5 } });
    expect(lineUp([withIdeal], 1).lines[0]?.bars).toMatchObject([{ share: null, ideal: 0.5 }]);
  });

  it("include the ideal distributions", () => {
    const { lines } = lineUp([side({ "|1>": 0.6 }, { ideal: { "|1>": 0.5, "|0>": 0.5 } })], 5);
    expect(lines.map(({ label, bars }) => [label, bars[0]?.share, bars[0]?.ideal])).toEqual([
      ["|1>", 0.6, 0.5],
      ["|0>", 0, 0.5],
    ]);
  });

  it("show the distance by chance alone beside each distance", () => {
    const comparison = {
      distance: 0.024,
      expected: 0.0364,
      spread: 0.0102,
      p95: 0.05,
      p_value: 0.73,
    };
    expect(distanceOf(side({}, { comparison }))).toBe(
      "distance 0.024, chance alone gives 0.036 ± 0.010, p = 0.73",
    );
    const computed = { ...comparison, expected: null, spread: null, p_value: null };
    expect(distanceOf(side({}, { comparison: computed }))).toBe("distance 0.024");
    expect(titleOf(side({}, { name: "phi 1.43" }))).toBe("phi 1.43 (job 3)");
  });

  it("are exported with all states and errors", () => {
    expect(comparisonCsv([a, b]).split("\r\n")).toEqual([
      "state,job 3,error of job 3,job 3,error of job 3",
      "|0>,0.2,0.01,0.75,0.01",
      "|1>,0.6,0.01,0,",
      "|2>,,,0.25,0.01",
    ]);
  });
});

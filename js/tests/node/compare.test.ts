import { describe, expect, it } from "vitest";
import { lineUp, sharesOf } from "../../src/data/compare";
import type { Distribution } from "../../src/kernel/answers";

const distribution = (counts: [string, number][], rest = 0) => {
  const total = counts.reduce((sum, [, count]) => sum + count, rest);
  return {
    title: "",
    unit: "counts" as const,
    entries: counts.map(([label, count]): Distribution["entries"][number] => [
      label,
      count,
      total > 0 ? count / total : null,
      null,
    ]),
    rest: { n: rest ? 1 : 0, value: rest },
    scalars: {},
  };
};

describe("distributions side by side", () => {
  const a = sharesOf(
    distribution(
      [
        ["|1>", 6],
        ["|0>", 2],
      ],
      2,
    ),
  );
  const b = sharesOf(
    distribution([
      ["|0>", 3],
      ["|2>", 1],
    ]),
  );

  it("are shares of all outcomes, those that were not sent too", () => {
    expect([...a]).toEqual([
      ["|1>", 0.6],
      ["|0>", 0.2],
    ]);
    expect([...sharesOf(distribution([["|0>", 0]]))]).toEqual([["|0>", 0]]);
  });

  it("show what matters most in any of them, and the rest of each", () => {
    const { lines, rest } = lineUp([a, b], 2);
    expect(lines).toEqual([
      { label: "|0>", shares: [0.2, 0.75] },
      { label: "|1>", shares: [0.6, 0] },
    ]);
    expect(rest.map((share) => Math.round(share * 100))).toEqual([20, 25]);
  });
});

import { describe, expect, it } from "vitest";
import { choicesOf, plotOf, within } from "../../src/sweep";

const sheet = {
  header: ["#", "phi", "circuit", "shots", "|1>"],
  rows: [
    [0, 0, "Ralph", 10, 0.2],
    [1, 0.5, "Knill", 10, 0.4],
    [2, 2, "Ralph", 10, null],
    [3, 1, "Ralph", 10, 0.6],
  ],
  main: 4,
};

describe("a sweep", () => {
  it("goes over what differs, and shows numbers", () => {
    expect(choicesOf(sheet)).toEqual({ across: [0, 1, 2, 4], numbers: [1, 4] });
  });

  it("puts each job where its values are, and leaves out what has none", () => {
    const { points, wide, high } = plotOf(sheet, 1, 4, -1);
    expect(points.map(({ position, left, top }) => [position, left, top])).toEqual([
      [0, 0, 1],
      [1, 0.25, expect.closeTo(0.5)],
      [3, 0.5, 0],
    ]);
    expect([wide.ends, high.ends]).toEqual([
      [0, 2],
      [0.2, 0.6],
    ]);
  });

  it("tells lines apart by texts", () => {
    expect(plotOf(sheet, 1, 4, 2).points.map(({ series }) => series)).toEqual([0, 1, 0]);
  });

  it("is a map where two numbers vary: the second is the height, the shade tells the value", () => {
    const { points, high, deep } = plotOf(sheet, 2, 4, 1);
    expect(points.map(({ top, shade }) => [top, shade])).toEqual([
      [1, 0],
      [0.75, expect.closeTo(0.5)],
      [0.5, 1],
    ]);
    expect([high.ends, deep?.ends]).toEqual([
      [0, 2],
      [0.2, 0.6],
    ]);
  });

  it("gives the jobs between two corners, whichever way they were dragged", () => {
    const { points } = plotOf(sheet, 1, 4, -1);
    expect(within(points, [0.6, 0.6], [0.2, -0.1], 0.02)).toEqual([1, 3]);
    expect(within(points, [0.26, 0.49], [0.26, 0.49], 0.02)).toEqual([1]);
  });
});

/** Figures of 20,000 points: each is drawn at its value and found under the pointer. */

import { describe, expect, it } from "vitest";
import type { Figure } from "../../src/kernel/answers";
import { chartOf } from "../../src/plot/chart";
import { INKS, mapColour } from "../../src/plot/colours";
import { finderOf } from "../../src/plot/finder";
import { Record } from "../record";

const LOOK = {
  ...{ width: 1300, height: 440, size: 12, fromZero: true, isLogX: false, isLogY: false },
  ...{ zoomX: null, zoomY: null, decimals: null, hasCaption: false },
};
const NONE: ReadonlySet<number> = new Set();

const axis = (count: number) => {
  const values = Array.from({ length: count }, (_, i) => i);
  return { kind: "number" as const, values, texts: values.map(String) };
};

/** Point i is at place i % places on curve i / places; each has a different value. */
function figureOf(kind: Figure["kind"], curves: number, places: number): Figure {
  const all = Array.from({ length: curves * places }, (_, i) => i);
  const value = all.map((i) => ((i * 7919) % all.length) / all.length);
  return {
    ...{ kind, y: "|1,1>", x: "phi", curves: "indist", y_label: "share", x_label: "phi" },
    ...{ curves_label: "indist", is_share: true, xs: axis(places), groups: axis(curves) },
    ...{ legend: axis(curves).texts, title: "", caption: "", level: 0.6827 },
    ...{ selectors: [], gone: [], python: "" },
    points: {
      x: all.map((i) => i % places),
      curve: all.map((i) => Math.floor(i / places)),
      value,
      error: all.map(() => 0.01),
      low: value.map((each) => each - 0.01),
      high: value.map((each) => each + 0.01),
      samples: all.map(() => 500),
      jobs: all.map((i) => [i]),
      state: all.map(() => "measured"),
    },
  };
}

function drawn(figure: Figure) {
  const chart = chartOf(figure, LOOK);
  const record = new Record();
  chart.draw(record, INKS.light, NONE);
  return { chart, record };
}

/** Slow on a busy machine, but not wrong. */
const SLOW = { timeout: 60_000 };

describe("a figure of 20,000 points", SLOW, () => {
  it("has a marker and an error bar at each point of its curves", () => {
    const figure = figureOf("line", 8, 2500);
    const { chart, record } = drawn(figure);
    const squares = record.areas.filter(({ box }) => box.right - box.left < 3);
    const found = squares.map(({ box }) => [
      Math.round(chart.x.value((box.left + box.right) / 2)),
      chart.y.value((box.top + box.bottom) / 2).toFixed(6),
    ]);
    const { x, value } = figure.points;
    expect(found).toEqual(x.map((place, i) => [place, (value[i] ?? 0).toFixed(6)]));
    const errors = record.lines.filter(
      ({ points: [a, b, more] }) => a && b && !more && a[0] === b[0] && a[1] < b[1],
    );
    const heights = errors.map(({ points: [a, b] }) => (b?.[1] ?? 0) - (a?.[1] ?? 0));
    const wanted = chart.y.at(0) - chart.y.at(0.02);
    expect(heights.filter((height) => Math.abs(height - wanted) < 1e-6).length).toBe(20_000);
  });

  it("paints each cell of a map in the color of its value", () => {
    const figure = figureOf("map", 100, 200);
    const { chart, record } = drawn(figure);
    const range = [0, 19_999 / 20_000] as const;
    const cells = new Map(record.areas.map(({ box, style }) => [`${box.left} ${box.top}`, style]));
    const found = chart.marks.map(({ box }) => cells.get(`${box?.left} ${box?.top}`)?.fill);
    expect(found).toEqual(figure.points.value.map((value) => mapColour(value ?? 0, range)));
  });

  it("draws each bar up to its value", () => {
    const figure = figureOf("bars", 4, 5000);
    const { chart, record } = drawn(figure);
    const floor = chart.y.at(0);
    const bars = record.areas.filter(({ box }) => box.bottom === floor);
    expect(bars.map(({ box }) => chart.y.value(box.top).toFixed(6))).toEqual(
      figure.points.value.map((value) => (value ?? 0).toFixed(6)),
    );
  });

  it("is drawn even if each point is a separate curve", () => {
    const figure = figureOf("line", 20_000, 1);
    figure.xs = axis(20_000);
    figure.points.x = figure.points.curve;
    const { record } = drawn(figure);
    expect(record.areas.filter(({ box }) => box.right - box.left < 3).length).toBe(20_000);
  });
});

describe("the point under the pointer", SLOW, () => {
  it.each(["map", "bars"] as const)("is the one of %s whose box contains the pointer", (kind) => {
    const { chart } = drawn(figureOf(kind, 10, 20));
    const find = finderOf(chart);
    for (const mark of chart.marks) {
      const box = mark.box ?? { left: 0, right: 0, top: 0, bottom: 0 };
      if (box.bottom - box.top < 1) continue;
      for (const share of [0.01, 0.5, 0.99]) {
        const x = box.left + share * (box.right - box.left);
        const y = box.top + share * (box.bottom - box.top);
        expect(find(x, y)?.rank).toBe(mark.rank);
      }
    }
  });

  it("is the nearest one of a curve, or none if all are far away", () => {
    const { chart } = drawn(figureOf("line", 8, 2500));
    const find = finderOf(chart);
    for (const { x, y } of chart.marks.filter((_, i) => i % 97 === 0)) {
      const found = find(x + 0.01, y);
      expect(Math.hypot((found?.x ?? 0) - x, (found?.y ?? 0) - y)).toBeLessThan(0.1);
    }
    expect(find(-100, -100)).toBeUndefined();
  });
});

/** Draw each recorded figure and read it back: it shows the numbers of the reduction in both themes. */

import { describe, expect, it } from "vitest";
import examples from "../../../tests/dashboard/figures.json";
import type { Cell } from "../../src/data/table";
import type { Figure } from "../../src/kernel/answers";
import { type Chart, chartOf } from "../../src/plot/chart";
import { colourRange, INKS, mapColour, PALETTE } from "../../src/plot/colours";
import { comparisonOf } from "../../src/plot/comparison";
import { pointsCsv, sheetOf, svgOf } from "../../src/plot/export";
import type { Mark } from "../../src/plot/look";
import { type Box, widthOf } from "../../src/plot/surface";
import { Record } from "../record";

interface Expected {
  x: Cell;
  curve: Cell;
  jobs: number[];
  value: number | null;
  error: number | null;
  low: number | null;
  high: number | null;
  samples: number | null;
}

interface Example {
  figure: Figure;
  expected: Expected[];
}

const LOOK = {
  ...{ width: 900, height: 450, size: 12, fromZero: false, isLogX: false, isLogY: false },
  ...{ zoomX: null, zoomY: null, decimals: null, hasCaption: false },
};

function drawnIn(chart: Chart, theme: keyof typeof INKS): Record {
  const record = new Record();
  chart.draw(record, INKS[theme], new Set());
  return record;
}

const keyOf = (x: Cell | undefined, curve: Cell | undefined) => JSON.stringify([x, curve]);

function pointOf({ xs, groups, points, curves }: Figure, rank: number): string {
  const curve = curves ? groups.values[points.curve[rank] ?? 0] : null;
  return keyOf(xs.values[points.x[rank] ?? 0], curve);
}

/** The value drawn at a mark; null if the mark shows that there is none. */
function readOff(chart: Chart, figure: Figure, mark: Mark): number | null {
  if (mark.state !== "measured") return null;
  if (figure.kind !== "bars") return chart.y.value(mark.y);
  const { top, bottom } = mark.box as Box;
  const zero = Math.min(chart.frame.bottom, Math.max(chart.frame.top, chart.y.at(0)));
  return chart.y.value(Math.abs(top - zero) < 1e-9 ? bottom : top);
}

const recorded = (examples as unknown as Example[]).flatMap(({ figure, expected }, i) =>
  (["line", "bars", "map"] as const)
    .filter((kind) => kind !== "map" || figure.curves)
    .map((kind) => [`${i}: ${figure.y}, ${kind}`, { ...figure, kind }, expected] as const),
);

describe.each(recorded)("recorded figure %s", (_, figure, expected) => {
  const chart = chartOf(figure, LOOK);
  const [light, dark] = [drawnIn(chart, "light"), drawnIn(chart, "dark")];
  const wanted = new Map(expected.map((each) => [keyOf(each.x, each.curve), each]));
  const placed = expected.filter(({ x }) => x !== null || figure.kind === "bars").length;
  const ends = chart.marks.flatMap((mark) => {
    const { low = null, high = null } = wanted.get(pointOf(figure, mark.rank)) ?? {};
    return low === null || high === null ? [] : [[mark.x, chart.y.at(low), chart.y.at(high)]];
  });

  it("has each point once with its value", () => {
    expect(wanted.size).toBe(expected.length);
    if (figure.kind !== "map") expect(chart.marks.length).toBe(placed);
    const range = colourRange(figure.points.value.filter((value) => value !== null));
    for (const mark of chart.marks) {
      const { value, jobs } = wanted.get(pointOf(figure, mark.rank)) as Expected;
      expect(figure.points.jobs[mark.rank]).toEqual(jobs);
      if (figure.kind !== "map") {
        const shown = readOff(chart, figure, mark);
        if (value === null) expect(shown).toBeNull();
        else expect(shown).toBeCloseTo(value, 9);
        continue;
      }
      const cell = light.areas.find(
        ({ box }) => box.left === mark.box?.left && box.top === mark.box.top,
      );
      const fill = value === null ? INKS.light.ground : mapColour(value, range);
      expect(cell?.style.fill).toBe(fill);
    }
  });

  it("ends its error bars where the interval ends", () => {
    if (figure.kind === "map") return;
    const upright = light.lines.filter(
      ({ points: [a, b, more] }) => a && b && !more && a[0] === b[0] && a[1] !== b[1],
    );
    for (const [x = 0, low = 0, high = 0] of ends.filter(([, low, high]) => low !== high))
      expect(
        upright.some(
          ({ points: [a, b] }) =>
            Math.abs((a?.[0] ?? 0) - x) +
              Math.abs((a?.[1] ?? 0) - high) +
              Math.abs((b?.[1] ?? 0) - low) <
            1e-6,
        ),
      ).toBe(true);
  });

  it("means the same in both themes", () => {
    const places = ({ lines, areas, circles }: Record) => [
      lines.map(({ points }) => points),
      areas.map(({ box }) => box),
      circles.map(({ at }) => at),
    ];
    expect(places(dark)).toEqual(places(light));
    const inks = new Set([...Object.values(INKS.light), ...Object.values(INKS.dark)]);
    const colours = ({ lines, areas, circles }: Record) =>
      [...lines, ...areas, ...circles].map(({ style: { fill = "", stroke = "" } }) =>
        [fill, stroke].map((each) => (inks.has(each) ? "ink" : each)),
      );
    expect(colours(dark)).toEqual(colours(light));
  });

  it("exports the numbers of each point", () => {
    const [head = "", ...lines] = pointsCsv(figure).trim().split(/\r?\n/);
    expect(head).toMatch(/,error,low,high,level,samples,state,jobs$/);
    expect(lines.length).toBe(expected.length);
    const numbers = lines.map((line) => line.split(",").slice(-8, -2));
    const own = figure.points.x.map((_, rank) => {
      const { value, error, low, high, samples } = wanted.get(pointOf(figure, rank)) as Expected;
      const numbers = [value, error, low, high, low === null ? null : 0.6827, samples];
      return numbers.map((each) => (each === null ? "" : String(each)));
    });
    expect(numbers).toEqual(own);
  });
});

describe("a legend of many names", () => {
  const names = Array.from({ length: 60 }, (_, i) => `chip ${i}`);
  const axis = { kind: "text" as const, values: names, texts: names };
  const all = names.map((_, i) => i);
  const figure: Figure = {
    ...((recorded[0]?.[1] ?? {}) as Figure),
    ...{ kind: "line", curves: "chip", curves_label: "chip", legend: names, groups: axis },
    xs: { kind: "number", values: [0], texts: ["0"] },
    points: {
      ...{ x: all.map(() => 0), curve: all, value: all, error: all.map(() => null) },
      ...{ low: all.map(() => null), high: all.map(() => null), samples: all.map(() => 100) },
      ...{ jobs: all.map((i) => [i]), state: all.map(() => "measured" as const) },
    },
  };

  it.each([900, 380])("fits into a figure of %i px and counts the others", (width) => {
    const record = drawnIn(chartOf(figure, { ...LOOK, width, height: 300 }), "light");
    const more = record.texts.find(({ text }) => text.startsWith("and "));
    const named = record.texts.filter(({ text }) => /^\d+$/.test(text) || /^chip \d+$/.test(text));
    expect(more?.text).toMatch(/^and \d+ more$/);
    for (const { at } of record.texts) expect(at[1]).toBeLessThan(300);
    expect(named.length).toBeGreaterThan(0);
  });

  it("gives curves of one color different shapes", () => {
    const record = drawnIn(chartOf(figure, LOOK), "light");
    const first = record.circles.filter(({ style }) => style.fill === PALETTE[0]).length;
    // Two of the 8 curves in this color have each shape.
    expect(first).toBeLessThan(6);
  });
});

describe("a long name in a legend", () => {
  const names = ["chip A", `chip B ${"very ".repeat(60)}cold`];
  const axis = { kind: "text" as const, values: names, texts: names };
  const figure: Figure = {
    ...((recorded[0]?.[1] ?? {}) as Figure),
    ...{ kind: "line", curves: "chip", curves_label: "chip", legend: names, groups: axis },
    xs: { kind: "number", values: [0], texts: ["0"] },
    points: {
      ...{ x: [0, 0], curve: [0, 1], value: [0, 1], error: [null, null], low: [null, null] },
      ...{ high: [null, null], samples: [100, 100], jobs: [[0], [1]] },
      state: ["measured", "measured"],
    },
  };

  it.each([86, 178])("is shortened visibly on paper of %i mm", (width) => {
    const sheet = sheetOf(figure, LOOK, { width, decimals: null });
    const record = new Record();
    sheet.draw(record);
    const { at, text } = record.texts.find(({ text }) =>
      text.startsWith("B "),
    ) as Record["texts"][number];
    expect(text).toMatch(/^B very.*…[^…]*very cold$/);
    expect(at[0] + widthOf(text, 10.67)).toBeLessThan(sheet.width);
    expect(svgOf(sheet, width)).toContain(`<title>${names[1]?.slice(5)}</title>${text}</text>`);
  });

  it("is shortened in an exported comparison", () => {
    const bars = names.map(() => null);
    const options = { width: 325, size: 10.67, decimals: null, legend: names };
    const record = new Record();
    comparisonOf([{ label: "|1>", bars }], options).draw(record, INKS.light);
    expect(record.texts.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(/^chip B very.*…[^…]*cold$/),
    );
  });
});

describe("a marker at the edge of the axes", () => {
  it("is drawn whole, unless the figure continues there", () => {
    const below = (zoomY: [number, number] | null) => {
      const figure = recorded.find(
        ([, { kind, points }]) =>
          kind === "line" && points.state.every((state) => state === "measured"),
      )?.[1] as Figure;
      const chart = chartOf(figure, { ...LOOK, fromZero: true, zoomY });
      expect(chart.y.at(0)).toBe(chart.frame.bottom);
      return (drawnIn(chart, "light").clips[0]?.bottom ?? 0) - chart.frame.bottom;
    };
    expect(below(null)).toBeGreaterThan(4);
    expect(below([0, 0.5])).toBe(1);
  });
});

describe("numbers that differ only by rounding", () => {
  const noise = [1, 1 - 1e-14, 1 + 4e-16, 1 - 3e-15];
  const axis = { kind: "number" as const, values: [0, 1], texts: ["0", "1"] };
  const none = noise.map(() => null);
  const figureOf = (kind: Figure["kind"], value: number[] = noise): Figure => ({
    ...((recorded[0]?.[1] ?? {}) as Figure),
    ...{ kind, y_label: "global_perf", is_share: false, curves: "eta", legend: ["0", "1"] },
    ...{ xs: axis, groups: axis },
    points: {
      ...{ x: [0, 1, 0, 1], curve: [0, 0, 1, 1], value, error: none, low: none, high: none },
      ...{ samples: none, jobs: noise.map((_, i) => [i]), state: noise.map(() => "measured") },
    },
  });
  const fills = (figure: Figure) => {
    const chart = chartOf(figure, LOOK);
    const { areas } = drawnIn(chart, "light");
    return chart.marks.map(({ box }) => areas.find((each) => each.box === box)?.style.fill);
  };

  it("have one color on a map, and different labels beside its color bar", () => {
    const figure = figureOf("map");
    expect(new Set(fills(figure)).size).toBe(1);
    const { texts } = drawnIn(chartOf(figure, LOOK), "light");
    const right = texts.filter(({ at, text }) => at[0] > 800 && /^[\d.]+$/.test(text));
    expect(right.map(({ text }) => text)).toContain("1.0");
    expect(new Set(right.map(({ text }) => text)).size).toBe(right.length);
  });

  it("have one height on an axis", () => {
    const { y } = chartOf(figureOf("line"), LOOK);
    expect(y.domain[1] - y.domain[0]).toBeGreaterThanOrEqual(1);
  });

  it("from 0 do not make a map signed", () => {
    expect(colourRange([-1e-17, 0.2, 0.5])).toEqual([-1e-17, 0.5]);
    expect(colourRange([-0.1, 0.2, 0.5])).toEqual([-0.5, 0.5]);
  });
});

/** One curve over 0, 1, 2, …; null for a point that failed. */
function curveOf(value: (number | null)[], ends: Partial<Figure["points"]> = {}): Figure {
  const xs = value.map((_, i) => i);
  const none = value.map(() => null);
  return {
    ...((recorded[0]?.[1] ?? {}) as Figure),
    ...{ kind: "line", curves: "", curves_label: "", legend: [], is_share: false },
    xs: { kind: "number", values: xs, texts: xs.map(String) },
    groups: { kind: "text", values: [null], texts: [""] },
    points: {
      ...{ x: xs, curve: xs.map(() => 0), value, error: none, low: none, high: none },
      ...{ samples: none, jobs: xs.map((i) => [i]) },
      state: value.map((each) => (each === null ? "failed" : "measured")),
      ...ends,
    },
  };
}

describe("a logarithmic Y axis", () => {
  it("breaks a curve at a point that it cannot show", () => {
    const chart = chartOf(curveOf([0.1, 0.2, 0, 0.4, 0.5]), { ...LOOK, isLogY: true });
    const curves = drawnIn(chart, "light").lines.filter(({ style }) => style.width === 1.2);
    expect(curves.map(({ points }) => points.length)).toEqual([2, 2]);
  });

  it("has no decades for the error bars of points that it does not show", () => {
    const [low, high] = [
      [0.1, 0.3, 0],
      [0.3, 0.7, 1e-5],
    ];
    const { y } = chartOf(curveOf([0.2, 0.5, 0], { low, high }), { ...LOOK, isLogY: true });
    expect(y.domain[0]).toBeGreaterThan(0.05);
  });

  it("does not end at its greatest value", () => {
    const { y, frame } = chartOf(curveOf([0.01, 0.1, 1]), { ...LOOK, isLogY: true });
    expect(y.at(1)).toBeGreaterThan(frame.top + 4);
    expect(y.at(0.01)).toBeLessThan(frame.bottom - 4);
    expect(y.domain[1]).toBeLessThan(2);
    const labels = y.ticks.map(({ label }) => label).filter(Boolean);
    expect(labels).toEqual(expect.arrayContaining(["0.01", "0.1", "1"]));
  });
});

describe("the color bar of many curves", () => {
  it("ends above the reasons why points have no value", () => {
    const count = 20;
    const all = Array.from({ length: count }, (_, i) => i);
    const axis = { kind: "number" as const, values: all, texts: all.map(String) };
    const one = curveOf(all.map((i) => (i === 3 ? null : i)));
    const figure = { ...one, curves: "eta", curves_label: "eta", legend: axis.texts, groups: axis };
    figure.points = { ...figure.points, curve: all };
    const chart = chartOf(figure, LOOK);
    const { areas, texts } = drawnIn(chart, "light");
    const reason = texts.find(({ text }) => text === "failed")?.at[1] ?? 0;
    const bar = areas.filter(({ box }) => box.left > chart.frame.right);
    expect(bar.length).toBeGreaterThan(0);
    for (const { box } of bar) expect(box.bottom).toBeLessThan(reason - LOOK.size / 2);
  });
});

describe("a figure without a value", () => {
  const empty = curveOf([null, null, null]);
  const numbersAt = (figure: Figure, look: Partial<typeof LOOK>, isThere: (x: number) => boolean) =>
    drawnIn(chartOf(figure, { ...LOOK, ...look }), "light").texts.filter(
      ({ at, text }) => isThere(at[0]) && /\d/.test(text),
    );

  it.each([false, true])("has no numbers along its Y axis (logarithmic: %s)", (isLogY) => {
    const { y } = chartOf(empty, { ...LOOK, isLogY });
    expect(y.ticks).toEqual([]);
    expect(Number.isFinite(y.at(0.5))).toBe(true);
    const one = curveOf([0, -1]);
    expect(chartOf(one, { ...LOOK, isLogY }).y.ticks.length > 0).toBe(!isLogY);
  });

  it("can be laid out along a logarithmic X axis that has no value either", () => {
    const xs = { kind: "number" as const, values: [0, -1, -2], texts: ["0", "-1", "-2"] };
    const { marks, undrawn } = chartOf({ ...empty, xs }, { ...LOOK, isLogX: true });
    expect([marks.length, undrawn]).toEqual([0, 3]);
  });

  it("has no numbers beside the color bar of a map", () => {
    const axis = { kind: "number" as const, values: [0, 1, 2], texts: ["0", "1", "2"] };
    const map = { ...empty, kind: "map" as const, curves: "eta", groups: axis, y_label: "share" };
    expect(numbersAt(map, {}, (x) => x > 800)).toEqual([]);
  });

  it("has filled markers in its legend, as no point is known to be exact", () => {
    const axis = { kind: "text" as const, values: ["A"], texts: ["A"] };
    const figure = { ...empty, curves: "chip", curves_label: "chip", legend: ["A"], groups: axis };
    const [marker] = drawnIn(chartOf(figure, LOOK), "light").circles;
    expect(marker?.style.fill).toBe(PALETTE[0]);
  });
});

it("a legend has open markers if every measured point is exact, whichever points failed", () => {
  const axis = { kind: "text" as const, values: ["A"], texts: ["A"] };
  const one = curveOf([0.5, null]);
  const figure = { ...one, curves: "chip", curves_label: "chip", legend: ["A"], groups: axis };
  figure.points = { ...one.points, samples: [null, 0] };
  const fills = drawnIn(chartOf(figure, LOOK), "light").circles.map(({ style }) => style.fill);
  expect(fills).toEqual([INKS.light.ground, INKS.light.ground]);
});

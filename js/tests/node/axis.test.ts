import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Figure } from "../../src/kernel/answers";
import { axisOf } from "../../src/plot/axis";
import type { Look } from "../../src/plot/look";
import { stripOf } from "../../src/plot/strip";

const [SECOND, MINUTE, HOUR, DAY] = [1000, 60_000, 3_600_000, 86_400_000];

describe("the ticks of a time axis", { timeout: 60_000 }, () => {
  it("leave room for their labels on any axis", () => {
    const now = Date.UTC(2026, 10, 29, 9, 30, 17);
    for (let span = SECOND; span < 4000 * DAY; span *= 1.7)
      for (const width of [320, 700, 1300]) {
        const axis = axisOf([now, now + span], [0, width], { kind: "time", room: 90 });
        const places = axis.ticks.map(({ at }) => at);
        const gaps = places.slice(1).map((at, i) => at - (places[i] ?? 0));
        expect(places.length).toBeGreaterThan(0);
        expect(places.length).toBeLessThanOrEqual(Math.max(2, width / 90) + 1);
        expect(Math.min(width, ...gaps)).toBeGreaterThan(60);
      }
  });

  it("have labels as fine as their spacing", () => {
    const labels = (span: number) => {
      const now = Date.UTC(2026, 10, 29, 9, 30);
      const axis = axisOf([now, now + span], [0, 700], { kind: "time", room: 90 });
      return axis.ticks.map(({ label }) => label);
    };
    for (const span of [3 * SECOND, 40 * SECOND, 7 * MINUTE, 5 * HOUR, 9 * DAY, 900 * DAY])
      expect(new Set(labels(span)).size).toBe(labels(span).length);
  });

  it.each([
    ["2026-10-24T22:30Z", "2026-10-25T02:30Z", 600, "01:00 02:00 02:00_UTC+1 03:00"],
    ["2026-03-28T22:30Z", "2026-03-29T02:30Z", 600, "29_Mar 01:00 03:00 04:00"],
    ["2026-10-24T05:00Z", "2026-10-26T13:00Z", 600, "12:00 25_Oct 12:00 26_Oct 12:00"],
    ["2026-10-24T20:00Z", "2026-10-27T06:00Z", 600, "25_Oct 12:00 26_Oct 12:00 27_Oct"],
  ])("differ from %s on, when clocks change or days end", (from, to, width, expected) => {
    vi.stubEnv("TZ", "Europe/Berlin");
    onTestFinished(() => void vi.unstubAllEnvs());
    const ends = [Date.parse(from), Date.parse(to)] as const;
    const { ticks } = axisOf(ends, [0, width], { kind: "time", room: 90 });
    expect(ticks.map(({ label }) => label.replace(" ", "_")).join(" ")).toBe(expected);
  });
});

describe("the ticks of an axis of numbers", () => {
  const labels = (low: number, high: number, isLog: boolean, width = 700) => {
    const needs = (label: string) => 8 * label.length;
    const axis = axisOf([low, high], [0, width], { kind: "number", isLog, room: 70, needs });
    const shown = axis.ticks.filter(({ label }) => label);
    shown.slice(1).forEach((tick, i) => {
      const before = shown[i] as (typeof shown)[number];
      const needed = (needs(before.label) + needs(tick.label)) / 2;
      expect(tick.at - before.at).toBeGreaterThanOrEqual(needed);
    });
    for (const { at } of shown) expect(at).toBeLessThanOrEqual(width + 1e-6);
    return shown.map(({ label }) => label);
  };

  it("are powers of ten on a logarithmic axis, and finer on a short one", () => {
    expect(labels(0.0008, 12, true)).toEqual(["0.001", "0.01", "0.1", "1", "10"]);
    expect(labels(1e-7, 1e3, true)).toEqual(["10⁻⁶", "10⁻⁴", "10⁻²", "10⁰", "10²"]);
    expect(labels(0.15, 3.3, true)).toEqual(["0.2", "0.5", "1", "2"]);
    expect(labels(2.1, 9, true, 500)).toEqual(["3", "4", "5", "6", "7", "8", "9"]);
    expect(labels(1550.2, 1551.1, true)).toContain("1550.5");
  });

  it("have one notation on each axis", () => {
    expect(labels(3e-4, 0.02, true)).toEqual([
      "5·10⁻⁴",
      "10⁻³",
      "2·10⁻³",
      "5·10⁻³",
      "10⁻²",
      "2·10⁻²",
    ]);
    expect(labels(10, 2e5, true)).toEqual(["10¹", "10²", "10³", "10⁴", "10⁵"]);
    expect(labels(0, 1e6, false, 1300)).toContain("5·10⁴");
  });

  it("are whole if all values are, unless no whole number is in sight", () => {
    const labels = (low: number, high: number) =>
      axisOf([low, high], [0, 1100], { kind: "number", isWhole: true, room: 70 }).ticks.map(
        ({ label }) => label,
      );
    expect(labels(-0.5, 0.5)).toEqual(["0"]);
    expect(labels(-0.06, 2.06)).toEqual(["0", "1", "2"]);
    expect(labels(0.2, 0.4).length).toBeGreaterThan(1);
  });

  it("differ however far from 0 the range is", () => {
    for (const isLog of [false, true])
      for (const [low, high] of [
        [193_414_489e6, 193_414_528e6],
        [1_764_000_000, 1_764_000_900],
        [1.23456e-9, 1.23471e-9],
        [999_950, 1_000_050],
      ] as const)
        for (const width of [400, 700, 1300]) {
          const found = labels(low, high, isLog, width);
          expect(found.length).toBeGreaterThan(1);
          expect(new Set(found).size).toBe(found.length);
        }
  });
});

describe("the strip below the axis", () => {
  it.each(["line", "bars"])("has a height only if a point of %s has no value", (kind) => {
    const heightWith = (...state: string[]) => {
      const figure = { kind, points: { state, x: state.map((_, i) => i) } } as unknown as Figure;
      return stripOf(figure, { size: 12, height: 400 } as Look).strip;
    };
    expect(heightWith("measured", "measured")).toBe(0);
    expect(heightWith("measured", "failed")).toBeGreaterThan(5);
  });
});

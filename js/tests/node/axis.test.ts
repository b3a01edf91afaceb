import { describe, expect, it } from "vitest";
import { axisOf } from "../../src/plot/axis";

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
});

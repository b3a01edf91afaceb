/** Bars of several distributions on one scale: a group for each state, with errors. Pure. */

import type { Line } from "../data/compare";
import { axisOf } from "./axis";
import { type Ink, PALETTE } from "./colours";
import { fitted, type Surface, widthOf } from "./surface";

export interface Comparison {
  height: number;
  /** The position of each group, from the top. */
  rows: { label: string; top: number; bottom: number }[];
  draw(surface: Surface, ink: Ink): void;
}

export const seriesColour = (side: number): string => PALETTE[side % PALETTE.length] ?? "";

interface Options {
  width: number;
  size: number;
  decimals: number | null;
  /** The meaning of each color, drawn if the page does not show it. */
  legend: readonly string[];
}

export function comparisonOf(lines: readonly Line[], options: Options): Comparison {
  const { width, size, decimals, legend } = options;
  const sides = lines[0]?.bars.length ?? 0;
  const thick = Math.max(4, Math.min(9, 26 / Math.max(1, sides)));
  const gap = size * 0.7;
  const each = Math.max(size * 1.2, sides * (thick + 1)) + gap;
  const left =
    Math.ceil(Math.max(size * 3, ...lines.map(({ label }) => widthOf(label, size)))) + size;
  const right = width - size * 1.2;
  const top = legend.length * size * 1.5 + size * 0.6;
  const bottom = top + lines.length * each;
  const greatest = Math.max(
    0.001,
    ...lines.flatMap(({ bars }) =>
      bars.flatMap((bar) => (bar ? [bar.share ?? 0, bar.high ?? 0, bar.ideal ?? 0] : [])),
    ),
  );
  const least = Math.min(0, ...lines.flatMap(({ bars }) => bars.map((bar) => bar?.share ?? 0)));
  const axis = axisOf([least, greatest], [left, right], {
    kind: "number",
    isNice: true,
    room: size * 5,
    decimals,
  });
  const rows = lines.map(({ label }, i) => ({
    label,
    top: top + i * each,
    bottom: top + (i + 1) * each,
  }));
  const height = bottom + size * 3.4;
  return { height, rows, draw };

  function draw(surface: Surface, ink: Ink): void {
    surface.rect(0, 0, width, height, { fill: ink.ground });
    legend.forEach((text, i) => {
      const y = size * (0.9 + 1.5 * i);
      surface.rect(left, y - size * 0.4, size * 0.8, size * 0.8, { fill: seriesColour(i) });
      const label = fitted(text, size, right - left - size * 1.2);
      surface.text(left + size * 1.2, y, label, { fill: ink.ink, size, whole: text });
    });
    for (const { at, label } of axis.ticks) {
      surface.path(
        [
          [at, top],
          [at, bottom],
        ],
        { stroke: ink.grid, width: 1 },
      );
      surface.text(at, bottom + size, label, { fill: ink.quiet, size, align: "middle" });
    }
    const title = { fill: ink.ink, size: size * 1.05, align: "middle" as const };
    surface.text((left + right) / 2, bottom + size * 2.6, "share among selected", title);
    lines.forEach(({ label, bars }, i) => {
      const place = rows[i]?.top ?? 0;
      const middle = place + each / 2;
      surface.text(left - size * 0.6, middle, label, { fill: ink.ink, size, align: "end" });
      const first = middle - (bars.length * (thick + 1) - 1) / 2;
      bars.forEach((bar, side) => {
        if (!bar) return;
        const y = first + side * (thick + 1);
        const [zero, end] = [axis.at(0), axis.at(bar.share ?? 0)];
        const width = Math.abs(end - zero);
        surface.rect(Math.min(zero, end), y, width, thick, {
          fill: seriesColour(side),
          alpha: 0.85,
        });
        if (bar.low !== null && bar.high !== null) {
          const level = y + thick / 2;
          const style = { stroke: ink.ink, width: 1 };
          const [low, high] = [axis.at(bar.low), axis.at(bar.high)];
          surface.path(
            [
              [low, level],
              [high, level],
            ],
            style,
          );
          for (const cap of [low, high])
            surface.path(
              [
                [cap, level - thick / 4],
                [cap, level + thick / 4],
              ],
              style,
            );
        }
        if (bar.ideal !== null) {
          const at = axis.at(bar.ideal);
          surface.path(
            [
              [at, y - 1],
              [at, y + thick + 1],
            ],
            { stroke: ink.ground, width: 4 },
          );
          surface.path(
            [
              [at, y - 1],
              [at, y + thick + 1],
            ],
            { stroke: ink.ink, width: 2 },
          );
        }
      });
    });
    surface.path(
      [
        [axis.at(0), top],
        [axis.at(0), bottom],
      ],
      { stroke: ink.quiet, width: 1 },
    );
  }
}

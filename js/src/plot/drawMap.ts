/** Cells of a map, hatched if still to come. */

import { type Ink, mapColour } from "./colours";
import { MANY } from "./drawCurves";
import { drawReason } from "./drawPoints";
import type { Layout, Mark } from "./look";
import type { Box, Surface } from "./surface";

export function drawCells(
  layout: Layout,
  marks: readonly Mark[],
  surface: Surface,
  ink: Ink,
): void {
  const { figure, range, look } = layout;
  for (const { rank, box, state, x, y } of marks) {
    if (!box) continue;
    const { left, top, right, bottom } = box;
    const value = figure.points.value[rank] ?? null;
    if (value !== null && range) {
      const colour = mapColour(value, range);
      // Each cell reaches a little below its neighbours, so that no ground is seen between them.
      if (marks.length > MANY)
        surface.rect(left - 0.3, top - 0.3, right - left + 0.6, bottom - top + 0.6, {
          fill: colour,
        });
      else {
        const style = { fill: colour, stroke: colour, width: 0.6 };
        surface.rect(left, top, right - left, bottom - top, style);
      }
      continue;
    }
    const small = Math.min(right - left, bottom - top);
    surface.rect(left, top, right - left, bottom - top, { fill: ink.ground, stroke: ink.grid });
    if (state === "to come") hatch(surface, box, ink, small > 10 ? 6 : 3);
    else drawReason(surface, { x, y }, state, ink.quiet, Math.min(look.size * 0.4, small / 3), ink);
  }
}

export function hatch(
  surface: Surface,
  { left, top, right, bottom }: Box,
  ink: Ink,
  step: number,
): void {
  const height = bottom - top;
  const first = Math.ceil((left - height + bottom) / step) * step - bottom;
  for (let from = first; from < right; from += step) {
    const [start, end] = [Math.max(from, left), Math.min(from + height, right)];
    if (end > start)
      surface.path(
        [
          [start, bottom - (start - from)],
          [end, bottom - (end - from)],
        ],
        { stroke: ink.quiet, width: 0.7, alpha: 0.75 },
      );
  }
}

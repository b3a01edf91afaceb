/** Cells of a map, hatched if still to come. */

import { type Ink, mapColour } from "./colours";
import { drawReason } from "./drawPoints";
import { extentsOf } from "./extents";
import type { Layout, Mark } from "./look";
import { perFigure } from "./perFigure";
import type { Box, Filled, Surface } from "./surface";

export function drawCells(
  layout: Layout,
  marks: readonly Mark[],
  surface: Surface,
  ink: Ink,
): void {
  const { figure, look } = layout;
  const fills = fillsOf(figure);
  const cells: Filled[] = [];
  for (const { rank, box, state, x, y } of marks) {
    if (!box) continue;
    const { left, top, right, bottom } = box;
    const fill = fills[rank];
    if (fill) {
      cells.push({ box, fill });
      continue;
    }
    const small = Math.min(right - left, bottom - top);
    surface.rect(left, top, right - left, bottom - top, { fill: ink.ground, stroke: ink.grid });
    if (state === "to come") hatch(surface, box, ink, small > 10 ? 6 : 3);
    else drawReason(surface, { x, y }, state, ink.quiet, Math.min(look.size * 0.4, small / 3), ink);
  }
  surface.boxes(cells);
}

/** The color of each cell; none without a value. */
const fillsOf = perFigure((figure): (string | undefined)[] => {
  const range = extentsOf(figure).colours;
  return figure.points.value.map((value) => (value === null ? undefined : mapColour(value, range)));
});

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

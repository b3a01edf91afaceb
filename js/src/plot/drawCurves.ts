/** Curves through points. */

import type { Ink } from "./colours";
import { drawError, drawMarker, drawReason, errorOf } from "./drawPoints";
import type { Layout, Mark } from "./look";
import { perFigure } from "./perFigure";
import { reasonRadius } from "./strip";
import type { Filled, Surface, XY } from "./surface";

/** The number of marks above which they are small squares. */
export const MANY = 1500;

/** The points of each curve in the order of the axis. */
const curvesOf = perFigure(({ points, groups }): number[][] => {
  const curves: number[][] = groups.values.map(() => []);
  points.curve.forEach((curve, rank) => {
    curves[curve]?.push(rank);
  });
  const placeOf = (rank: number) => points.x[rank] ?? 0;
  for (const curve of curves) curve.sort((a, b) => placeOf(a) - placeOf(b));
  return curves;
});

export function drawCurves(
  layout: Layout,
  marks: readonly Mark[],
  surface: Surface,
  ink: Ink,
): void {
  const { figure, colourOf } = layout;
  const { points } = figure;
  const isMany = marks.length > MANY;
  const style = isMany ? { width: 0, alpha: 0.6 } : { width: 1.2, alpha: 0.9 };
  const byRank: Mark[] = [];
  for (const mark of marks) byRank[mark.rank] = mark;
  curvesOf(figure).forEach((ranks, curve) => {
    const stroke = colourOf(curve);
    let line: XY[] = [];
    const end = () => {
      if (line.length > 1) surface.path(line, { stroke, ...style });
      line = [];
    };
    for (const rank of ranks) {
      const mark = byRank[rank];
      if (mark?.state === "measured") line.push([mark.x, mark.y]);
      else end();
    }
    end();
  });
  if (isMany) drawMany(layout, byRank, surface);
  const radius = marks.length > 300 ? 2.4 : 3.4;
  for (const mark of marks) {
    if (isMany && mark.state === "measured") continue;
    const curve = points.curve[mark.rank] ?? 0;
    const colour = colourOf(curve);
    if (mark.state !== "measured") {
      drawReason(surface, mark, mark.state, colour, reasonRadius(layout), ink);
      continue;
    }
    drawError(layout, surface, mark, colour, radius * 0.9);
    const isOpen = points.samples[mark.rank] === null;
    drawMarker(surface, mark, radius, colour, figure, curve, isOpen, ink);
  }
}

const MANY_RADIUS = 1.3;

/** Small squares, and error bars without ends. They are drawn together, within a frame. */
function drawMany(layout: Layout, byRank: readonly Mark[], surface: Surface): void {
  const { frame, figure, colourOf } = layout;
  const squares: Filled[] = [];
  curvesOf(figure).forEach((ranks, curve) => {
    const fill = colourOf(curve);
    const errors: (readonly [XY, XY])[] = [];
    for (const rank of ranks) {
      const mark = byRank[rank];
      if (mark?.state !== "measured" || mark.x < frame.left || mark.x > frame.right) continue;
      const ends = errorOf(layout, mark);
      if (ends) errors.push(ends);
      const { x, y } = mark;
      const [left, top] = [x - MANY_RADIUS, y - MANY_RADIUS];
      squares.push({ box: { left, top, right: x + MANY_RADIUS, bottom: y + MANY_RADIUS }, fill });
    }
    if (errors.length > 0) surface.segments(errors, { stroke: fill, width: 0 });
  });
  surface.boxes(squares);
}

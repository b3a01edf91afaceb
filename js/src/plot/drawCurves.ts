/** Curves through points. */

import type { Ink } from "./colours";
import { drawError, drawMarker, drawReason, errorOf } from "./drawPoints";
import type { Layout, Mark } from "./look";
import type { Surface, XY } from "./surface";

/** The number of marks above which they are small squares. */
export const MANY = 1500;

export function drawCurves(
  layout: Layout,
  marks: readonly Mark[],
  surface: Surface,
  ink: Ink,
): void {
  const { figure, colourOf } = layout;
  const { points } = figure;
  const isMany = marks.length > MANY;
  const byPlace = new Map<number, Mark>();
  for (const mark of marks)
    byPlace.set(
      (points.curve[mark.rank] ?? 0) * figure.xs.values.length + (points.x[mark.rank] ?? 0),
      mark,
    );
  figure.groups.values.forEach((_, curve) => {
    const stroke = colourOf(curve);
    let line: XY[] = [];
    const end = () => {
      if (line.length > 1) surface.path(line, { stroke, width: 1.2, alpha: isMany ? 0.6 : 0.9 });
      line = [];
    };
    for (let place = 0; place < figure.xs.values.length; place++) {
      const mark = byPlace.get(curve * figure.xs.values.length + place);
      if (mark?.state === "measured") line.push([mark.x, mark.y]);
      else if (mark) end();
    }
    end();
  });
  if (isMany) drawMany(layout, marks, surface, colourOf);
  const radius = marks.length > 300 ? 2.4 : 3.4;
  for (const mark of marks) {
    const curve = points.curve[mark.rank] ?? 0;
    const colour = colourOf(curve);
    if (mark.state !== "measured") {
      drawReason(surface, mark, mark.state, colour, layout.look.size * 0.3, ink);
      continue;
    }
    if (isMany) continue;
    drawError(layout, surface, mark, colour, radius * 0.9);
    drawMarker(
      surface,
      mark,
      radius,
      colour,
      figure,
      curve,
      points.samples[mark.rank] === null,
      ink,
    );
  }
}

const MANY_RADIUS = 1.3;

/** Small squares, and error bars without ends: those of a colour at once, to be done in a frame. */
function drawMany(
  layout: Layout,
  marks: readonly Mark[],
  surface: Surface,
  colourOf: (curve: number) => string,
): void {
  const { curve } = layout.figure.points;
  const measured = marks.filter(({ state }) => state === "measured");
  const byColour = new Map<string, Mark[]>();
  for (const mark of measured) {
    const colour = colourOf(curve[mark.rank] ?? 0);
    const some = byColour.get(colour);
    if (some) some.push(mark);
    else byColour.set(colour, [mark]);
  }
  for (const [colour, some] of byColour) {
    const errors = some.flatMap((mark) => {
      const ends = errorOf(layout, mark);
      return ends ? [ends] : [];
    });
    surface.segments(errors, { stroke: colour, width: 1 });
    for (const { x, y } of some)
      surface.rect(x - MANY_RADIUS, y - MANY_RADIUS, 2 * MANY_RADIUS, 2 * MANY_RADIUS, {
        fill: colour,
      });
  }
}

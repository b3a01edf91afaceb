/** Bars from zero. */

import type { Ink } from "./colours";
import { MANY } from "./drawCurves";
import { crisp, drawError, drawReason, errorOf } from "./drawPoints";
import type { Layout, Mark } from "./look";
import type { Surface } from "./surface";

export function drawBars(layout: Layout, marks: readonly Mark[], surface: Surface, ink: Ink): void {
  const { figure, colourOf, frame, y, look } = layout;
  const isMany = marks.length > MANY;
  for (const mark of marks) {
    const colour = colourOf(figure.points.curve[mark.rank] ?? 0);
    if (!mark.box) drawReason(surface, mark, mark.state, colour, look.size * 0.3, ink);
    else {
      const { left, top, right, bottom } = mark.box;
      surface.rect(left, top, right - left, bottom - top, { fill: colour, alpha: 0.85 });
      if (!isMany) drawError(layout, surface, mark, ink.ink, Math.min(4, (right - left) / 4));
    }
  }
  if (isMany) {
    const ends = marks.map((mark) => mark.box && errorOf(layout, mark));
    surface.segments(
      ends.filter((each) => each !== null),
      { stroke: ink.ink, width: 1 },
    );
  }
  const zero = y.at(0);
  if (zero > frame.top && zero < frame.bottom - 1)
    surface.path(
      [
        [frame.left, crisp(zero)],
        [frame.right, crisp(zero)],
      ],
      { stroke: ink.quiet },
    );
}

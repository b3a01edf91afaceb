/** Bars from zero. */

import type { Ink } from "./colours";
import { MANY } from "./drawCurves";
import { crisp, drawError, drawReason, errorOf } from "./drawPoints";
import type { Layout, Mark } from "./look";
import { reasonRadius } from "./strip";
import type { Filled, Surface } from "./surface";

const ALPHA = 0.85;

export function drawBars(layout: Layout, marks: readonly Mark[], surface: Surface, ink: Ink): void {
  const { figure, colourOf, frame, y } = layout;
  const isMany = marks.length > MANY;
  const many: Filled[] = [];
  for (const mark of marks) {
    const { box } = mark;
    const fill = colourOf(figure.points.curve[mark.rank] ?? 0);
    if (!box) drawReason(surface, mark, mark.state, fill, reasonRadius(layout), ink);
    else if (isMany) many.push({ box, fill });
    else {
      const { left, top, right, bottom } = box;
      surface.rect(left, top, right - left, bottom - top, { fill, alpha: ALPHA });
      drawError(layout, surface, mark, ink.ink, Math.min(4, (right - left) / 4));
    }
  }
  if (isMany) {
    surface.boxes(many, ALPHA);
    const ends = marks.map((mark) => mark.box && errorOf(layout, mark));
    surface.segments(
      ends.filter((each) => each !== null),
      { stroke: ink.ink, width: 0 },
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

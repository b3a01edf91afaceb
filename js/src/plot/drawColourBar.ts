/** A color bar with numbers. */

import { axisOf, numbers } from "./axis";
import { type Ink, mapColour, ordered } from "./colours";
import { extentsOf } from "./extents";
import type { Layout } from "./look";
import { type Surface, widthOf } from "./surface";

const SLICES = 64;

export function drawColourBar(layout: Layout, surface: Surface, ink: Ink): void {
  const { frame, look, range, figure } = layout;
  if (!range) return;
  const { size } = look;
  const isMap = figure.kind === "map";
  const left = frame.right + size * 0.9;
  const [top, bottom] = [frame.top, frame.bottom - size * 1.7 * layout.legend.reasons.length];
  const height = (bottom - top) / SLICES;
  for (let i = 0; i < SLICES; i++) {
    const share = (i + 0.5) / SLICES;
    const fill = isMap
      ? mapColour(range[0] + share * (range[1] - range[0]), range)
      : ordered(share);
    surface.rect(left, bottom - (i + 1) * height, size, height + 0.5, { fill });
  }
  surface.rect(left, top, size, bottom - top, { stroke: ink.quiet, width: 0.8 });
  const [low, high] = range;
  const ends = low === high ? ([low - 0.5, high + 0.5] as const) : range;
  const axis = axisOf(ends, [bottom, top], {
    kind: isMap ? "number" : figure.groups.kind === "time" ? "time" : "number",
    room: size * 3,
    decimals: look.decimals,
  });
  const label = { fill: ink.quiet, size };
  const { isEmpty, greatestError: error } = extentsOf(figure);
  for (const { at, label: text } of isMap && isEmpty ? [] : axis.ticks) {
    surface.path(
      [
        [left + size, at],
        [left + size + 3, at],
      ],
      { stroke: ink.quiet, width: 1 },
    );
    surface.text(left + size + 6, at, text, label);
  }
  const greatest =
    error > 0 ? ` (error at most ${numbers([Number(error.toPrecision(2))])[0]})` : "";
  const text = isMap ? `${figure.y_label}${greatest}` : figure.curves_label;
  // A long title is drawn smaller, because a shortened one could be wrong.
  const room = look.height - (look.hasCaption ? size * 2 : 0);
  const fitting = Math.min(size, (size * (room - 8)) / widthOf(text, size));
  surface.text(look.width - size * 0.8, room / 2, text, {
    fill: ink.ink,
    size: fitting,
    align: "middle",
    isUpright: true,
  });
}

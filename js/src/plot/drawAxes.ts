/** Grid, axes and titles. */

import { timeZoneOf } from "./axis";
import type { Ink } from "./colours";
import { crisp } from "./drawPoints";
import type { Layout } from "./look";
import { type Surface, type TextStyle, widthOf } from "./surface";

export function drawGrid({ frame, x, y, figure }: Layout, surface: Surface, ink: Ink): void {
  if (figure.kind === "map") return;
  const style = { stroke: ink.grid, width: 1 };
  for (const { at } of y.ticks.filter(({ label }) => label)) {
    const level = crisp(at);
    surface.path(
      [
        [frame.left, level],
        [frame.right, level],
      ],
      style,
    );
  }
  if (x.kind === "text") return;
  for (const { at } of x.ticks.filter(({ label }) => label)) {
    const place = crisp(at);
    surface.path(
      [
        [place, frame.top],
        [place, frame.bottom],
      ],
      style,
    );
  }
}

export function drawAxes(layout: Layout, surface: Surface, ink: Ink): void {
  const { frame, x, y, figure, look, strip } = layout;
  const { size } = look;
  const { left, right, top } = { ...frame };
  const [floor, wall] = [crisp(frame.bottom), crisp(left)];
  const line = { stroke: ink.quiet, width: 1 };
  surface.path(
    [
      [wall, top],
      [wall, floor],
      [right, floor],
    ],
    line,
  );
  if (figure.kind === "map")
    surface.path(
      [
        [wall, top],
        [right, top],
        [right, floor],
      ],
      line,
    );
  const label = { fill: ink.quiet, size };
  const bottom = frame.bottom + strip;
  const isIn = (at: number, from: number, to: number) => at >= from - 1 && at <= to + 1;
  for (const { at, label: text } of x.ticks.filter(({ at }) => isIn(at, left, right))) {
    const place = crisp(at);
    surface.path(
      [
        [place, floor],
        [place, floor + (text ? 4 : 2)],
      ],
      line,
    );
    const half = widthOf(text, size) / 2;
    const inside = Math.max(half, Math.min(look.width - half - 1, at));
    if (text) surface.text(inside, bottom + size * 1.05, text, { ...label, align: "middle" });
  }
  for (const { at, label: text } of y.ticks.filter(({ at }) => isIn(at, top, frame.bottom))) {
    const level = crisp(at);
    surface.path(
      [
        [wall - (text ? 4 : 2), level],
        [wall, level],
      ],
      line,
    );
    if (text) surface.text(left - 7, at, text, { ...label, align: "end" });
  }
  const title: TextStyle = { fill: ink.ink, size: size * 1.05, align: "middle" };
  const zone = x.kind === "time" ? ` (${timeZoneOf(...x.domain)})` : "";
  surface.text((left + right) / 2, bottom + size * 2.6, `${figure.x_label}${zone}`, title);
  surface.text(size * 0.85, (top + frame.bottom) / 2, layout.yTitle, { ...title, isUpright: true });
  if (figure.title)
    surface.text((left + right) / 2, size * 1.1, figure.title, { ...title, isBold: true });
  if (look.hasCaption) {
    const small = { fill: ink.quiet, size: size * 0.85 };
    surface.text(size * 0.4, look.height - size * 0.9, figure.caption, small);
  }
}

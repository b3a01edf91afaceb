/** Points, error bars, and marks for points without a value. */

import type { Figure, PointState } from "../kernel/answers";
import { type Ink, PALETTE } from "./colours";
import type { Layout, Mark } from "./look";
import type { Surface, XY } from "./surface";

export const crisp = (at: number): number => Math.round(at - 0.5) + 0.5;

/** Curves without an order also differ in shape. Points that were not sampled are open. */
export function drawMarker(
  surface: Surface,
  { x, y }: { x: number; y: number },
  radius: number,
  colour: string,
  { groups }: Figure,
  curve: number,
  isOpen: boolean,
  ink: Ink,
): void {
  const style = isOpen
    ? { fill: ink.ground, stroke: colour, width: 1.3 }
    : { fill: colour, stroke: colour, width: 0.5 };
  // Curves that share a place in the palette differ in shape.
  const turn = Math.floor(curve / PALETTE.length);
  const shape = groups.kind === "text" && groups.values.length > 1 ? (curve + turn) % 4 : 0;
  if (shape === 0) surface.circle(x, y, radius, style);
  else if (shape === 1)
    surface.rect(x - radius * 0.9, y - radius * 0.9, radius * 1.8, radius * 1.8, style);
  else {
    const r = radius * 1.25;
    const corners: XY[] =
      shape === 2
        ? [
            [x, y - r],
            [x + r, y + r * 0.8],
            [x - r, y + r * 0.8],
          ]
        : [
            [x, y - r],
            [x + r, y],
            [x, y + r],
            [x - r, y],
          ];
    surface.path(corners, style, true);
  }
}

/** The ends of an error bar; null without one. */
export function errorOf({ figure, y, frame }: Layout, { rank, x }: Mark): readonly [XY, XY] | null {
  const [low, high] = [figure.points.low[rank] ?? null, figure.points.high[rank] ?? null];
  if (low === null || high === null) return null;
  const bottom = y.at(low);
  return [
    [x, y.at(high)],
    [x, Number.isNaN(bottom) ? frame.bottom : bottom],
  ];
}

export function drawError(
  layout: Layout,
  surface: Surface,
  mark: Mark,
  colour: string,
  cap: number,
): void {
  const ends = errorOf(layout, mark);
  if (!ends) return;
  const [[x, top], [, bottom]] = ends;
  const style = { stroke: colour, width: 1 };
  surface.path(ends, style);
  surface.path(
    [
      [x - cap, top],
      [x + cap, top],
    ],
    style,
  );
  surface.path(
    [
      [x - cap, bottom],
      [x + cap, bottom],
    ],
    style,
  );
}

/**
 * A cross for failed points, a crossed circle for canceled ones, a circle for points to come, a
 * small one if unloaded, otherwise a dash.
 */
export function drawReason(
  surface: Surface,
  { x, y }: { x: number; y: number },
  state: PointState,
  colour: string,
  r: number,
  ink: Ink,
): void {
  const line = (dx: number, dy: number, width = 1.4) =>
    surface.path(
      [
        [x - dx, y - dy],
        [x + dx, y + dy],
      ],
      { stroke: colour, width },
    );
  const circle = (radius: number) =>
    surface.circle(x, y, radius, { stroke: colour, width: 1, fill: ink.ground });
  if (state === "failed") {
    line(r, r);
    line(r, -r);
  } else if (state === "canceled") {
    circle(r);
    line(r * 0.7, r * 0.7, 1);
  } else if (state === "to come") circle(r * 0.75);
  else if (state === "not loaded") circle(r * 0.4);
  else line(r, 0, 1);
}

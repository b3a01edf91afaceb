/** The strip below the axis, for points without a value. Pure. */

import type { Figure } from "../kernel/answers";
import type { Layout, Look } from "./look";

/** Rows of the usual height. More rows share the height of these. */
const FULL_ROWS = 3;
/** Further points at one position share the last row. */
const MAX_STRIP_ROWS = 12;

/** The maximum number of points without a value at one position. */
function stacked({ points, kind }: Figure): number {
  if (kind === "bars") return points.state.some((state) => state !== "measured") ? 1 : 0;
  const counts = new Map<number, number>();
  points.state.forEach((state, i) => {
    const x = points.x[i] ?? 0;
    if (state !== "measured") counts.set(x, (counts.get(x) ?? 0) + 1);
  });
  let most = 0;
  for (const count of counts.values()) most = Math.max(most, count);
  return most;
}

/** The height of a row in pixels, and of the strip. */
export function stripOf(figure: Figure, { size, height }: Look): { row: number; strip: number } {
  const rows = Math.min(MAX_STRIP_ROWS, stacked(figure));
  if (rows === 0) return { row: 0, strip: 0 };
  const full = size * 0.85;
  const most = Math.max(FULL_ROWS * full, height * 0.14);
  const row = Math.min(full, most / rows);
  return { row, strip: rows * row + 4 };
}

/** The position in the strip of the next point without a value. */
export function below({ frame, row }: Layout, place: number, heights: Map<number, number>): number {
  const before = heights.get(place) ?? 0;
  heights.set(place, before + 1);
  return frame.bottom + 4 + (Math.min(before, MAX_STRIP_ROWS - 1) + 0.5) * row;
}

/** The radius of a mark in the strip. */
export const reasonRadius = ({ row, look }: Layout): number =>
  Math.min(look.size * 0.3, row * 0.42);

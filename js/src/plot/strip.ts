/** The strip below the axis, for points without a value. Pure. */

import type { Figure } from "../kernel/answers";
import type { Layout } from "./look";

export const STRIP_ROWS = 3;

/** The maximum number of points without a value at one position. */
export function stacked({ points, kind }: Figure): number {
  if (kind === "bars") return 1;
  const counts = new Map<number, number>();
  points.state.forEach((state, i) => {
    const x = points.x[i] ?? 0;
    if (state === "failed" || state === "to come") counts.set(x, (counts.get(x) ?? 0) + 1);
  });
  return Math.max(0, ...counts.values());
}

/** The position in the strip of the next point without a value. */
export function below(
  { frame, look }: Layout,
  place: number,
  heights: Map<number, number>,
): number {
  const row = heights.get(place) ?? 0;
  heights.set(place, row + 1);
  return frame.bottom + 4 + (Math.min(row, STRIP_ROWS - 1) + 0.5) * look.size * 0.85;
}

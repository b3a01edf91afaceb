/** Marks of the selected points. */

import type { Ink } from "./colours";
import { MANY } from "./drawCurves";
import type { Mark } from "./look";
import type { Surface } from "./surface";

export function drawSelected(
  marks: readonly Mark[],
  surface: Surface,
  ink: Ink,
  selected: ReadonlySet<number>,
): void {
  if (selected.size === 0) return;
  for (const { rank, x, y, box } of marks) {
    if (!selected.has(rank)) continue;
    if (!box) surface.circle(x, y, marks.length > MANY ? 3 : 6, { stroke: ink.ink, width: 1.5 });
    else {
      const [width, height] = [box.right - box.left, box.bottom - box.top];
      const inner = [box.left + 1, box.top + 1, width - 2, height - 2] as const;
      surface.rect(...inner, { stroke: ink.ground, width: 3 });
      surface.rect(...inner, { stroke: ink.ink, width: 1.5 });
    }
  }
}

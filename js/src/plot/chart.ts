/**
 * The drawing of a figure. Pure. The numbers come from the kernel. The page and the exports use the
 * same drawing.
 */

import type { Figure } from "../kernel/answers";
import type { Axis } from "./axis";
import type { Ink } from "./colours";
import { drawAxes, drawGrid } from "./drawAxes";
import { drawBars } from "./drawBars";
import { drawColourBar } from "./drawColourBar";
import { drawCurves } from "./drawCurves";
import { drawCells } from "./drawMap";
import { drawSelected } from "./drawSelected";
import { layOut } from "./layout";
import { drawLegend } from "./legend";
import type { Layout, Look, Mark } from "./look";
import { marksOf } from "./marks";
import type { Box, Surface } from "./surface";

const MARK_PX = 5;

export interface Chart {
  frame: Box;
  x: Axis;
  y: Axis;
  marks: Mark[];
  /** Points that a logarithmic axis cannot show. */
  undrawn: number;
  draw(surface: Surface, ink: Ink, selected: ReadonlySet<number>): void;
}

export function chartOf(figure: Figure, look: Look): Chart {
  const layout = layOut(figure, look);
  const marks = marksOf(layout);
  const undrawn = figure.points.x.length - marks.length - unplaced(figure);
  return {
    frame: layout.frame,
    x: layout.x,
    y: layout.y,
    marks,
    undrawn,
    draw: (surface, ink, selected) => drawAll(layout, marks, surface, ink, selected),
  };
}

/** Points whose value has no position on the axis. Bars have a position for each value. */
function unplaced({ kind, xs, points }: Figure): number {
  if (kind === "bars") return 0;
  return points.x.filter((x) => xs.values[x] === null).length;
}

function drawAll(
  layout: Layout,
  marks: readonly Mark[],
  surface: Surface,
  ink: Ink,
  selected: ReadonlySet<number>,
): void {
  const { figure, look, frame } = layout;
  surface.rect(0, 0, look.width, look.height, { fill: ink.ground });
  drawGrid(layout, surface, ink);
  // Marks at the ends are drawn whole, unless the figure continues there.
  const [across, up] = [look.zoomX ? 1 : MARK_PX, look.zoomY ? 1 : MARK_PX];
  surface.within(
    {
      left: frame.left - across,
      right: frame.right + across,
      top: frame.top - up,
      bottom: frame.bottom + Math.max(up, layout.strip),
    },
    () => {
      if (figure.kind === "map") drawCells(layout, marks, surface, ink);
      else if (figure.kind === "bars") drawBars(layout, marks, surface, ink);
      else drawCurves(layout, marks, surface, ink);
      drawSelected(marks, surface, ink, selected);
    },
  );
  drawAxes(layout, surface, ink);
  if (layout.range) drawColourBar(layout, surface, ink);
  drawLegend(layout, surface, ink);
}

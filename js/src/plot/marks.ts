/** The mark of each point of a figure: a position, a cell of a map, or a bar. Pure. */

import { edgesOf } from "./axis";
import type { Layout, Mark } from "./look";
import { below } from "./strip";
import { drawable } from "./values";

export function marksOf(layout: Layout): Mark[] {
  const { figure } = layout;
  if (figure.kind === "map") return cells(layout);
  if (figure.kind === "bars") return columns(layout);
  const { points } = figure;
  const heights = new Map<number, number>();
  const across = layout.xs.map(layout.x.at);
  const marks: Mark[] = [];
  points.x.forEach((place, rank) => {
    const x = across[place] ?? Number.NaN;
    const state = points.state[rank] ?? "empty";
    const value = points.value[rank] ?? null;
    const y = value === null ? below(layout, place, heights) : layout.y.at(value);
    if (Number.isFinite(x) && Number.isFinite(y)) marks.push({ rank, x, y, state, box: null });
  });
  return marks;
}

function cells({ figure, x, y, xs, ys, look }: Layout): Mark[] {
  const isLogX = look.isLogX && figure.xs.kind === "number";
  const isLogY = look.isLogY && figure.groups.kind === "number";
  const across = spans(xs, isLogX, x.at);
  const up = spans(ys, isLogY, y.at);
  const marks: Mark[] = [];
  figure.points.x.forEach((place, rank) => {
    const [horizontal, vertical] = [across[place], up[figure.points.curve[rank] ?? 0]];
    if (!horizontal || !vertical) return;
    const [[left, right], [top, bottom]] = [horizontal, vertical];
    const state = figure.points.state[rank] ?? "empty";
    const box = { left, right, top, bottom };
    marks.push({ rank, x: (left + right) / 2, y: (top + bottom) / 2, state, box });
  });
  return marks;
}

/** The interval of each value in pixels, in ascending order; none if the axis cannot show it. */
function spans(
  values: readonly number[],
  isLog: boolean,
  at: (value: number) => number,
): (readonly [number, number] | null)[] {
  const shown = drawable(values, isLog);
  const edges = edgesOf(shown, isLog).map(at);
  let i = 0;
  return values.map((value) => {
    if (value !== shown[i]) return null;
    const [one, other] = [edges[i] ?? 0, edges[i + 1] ?? 0];
    i += 1;
    return [Math.min(one, other), Math.max(one, other)];
  });
}

function columns(layout: Layout): Mark[] {
  const { figure, x, y, frame } = layout;
  const count = figure.groups.values.length;
  const width = 0.8 / count;
  const zero = Math.min(frame.bottom, Math.max(frame.top, y.at(0)));
  const heights = new Map<number, number>();
  return figure.points.x.flatMap((place, rank): Mark[] => {
    const curve = figure.points.curve[rank] ?? 0;
    const middle = place + (curve - (count - 1) / 2) * width;
    const [left, right] = [x.at(middle - width / 2), x.at(middle + width / 2)];
    const value = figure.points.value[rank] ?? null;
    const state = figure.points.state[rank] ?? "empty";
    const centre = (left + right) / 2;
    if (value === null)
      return [
        { rank, x: centre, y: below(layout, place + curve / 1e6, heights), state, box: null },
      ];
    const end = y.at(value);
    if (!Number.isFinite(end)) return [];
    const gap = Math.min(1, (right - left) * 0.05);
    const box = {
      left: left + gap,
      right: right - gap,
      top: Math.min(zero, end),
      bottom: Math.max(zero, end),
    };
    return [{ rank, x: centre, y: end, state, box }];
  });
}

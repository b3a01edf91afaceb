/** The layout of a figure's axes, legend and texts. Pure. */

import type { AxisValues, Figure } from "../kernel/answers";
import { type Axis, axisOf, edgesOf } from "./axis";
import { extentsOf } from "./extents";
import { colours, isManyCurves, legendOf } from "./legend";
import type { Layout, Look } from "./look";
import { stripOf } from "./strip";
import { widthOf } from "./surface";
import { drawable, extent, numbersOf } from "./values";

export function layOut(figure: Figure, look: Look): Layout {
  const { size, width, height, decimals } = look;
  const isMap = figure.kind === "map";
  const isBars = figure.kind === "bars";
  const xs = numbersOf(figure.xs, isBars);
  const ys = numbersOf(figure.groups);
  const range = isMap ? extentsOf(figure).colours : isManyCurves(figure) ? extent(ys) : null;
  const legend = legendOf(figure, look);
  const { row, strip } = isMap ? { row: 0, strip: 0 } : stripOf(figure, look);
  const top = size * 0.8 + (figure.title ? size * 1.7 : 0) + legend.rows * size * 1.6;
  const below = size * 3.9 + strip + (look.hasCaption ? size * 1.7 : 0);
  const bottom = Math.max(top + 40, height - below);
  const y = isMap
    ? secondAxis(figure.groups, ys, [bottom, top], look)
    : valueAxis(figure, [bottom, top], look);
  const labels = Math.max(0, ...y.ticks.map(({ label }) => widthOf(label, size)));
  const left = Math.ceil(labels + size * 2.6);
  const right = Math.max(left + 60, width - Math.max(legend.right, size * 1.2));
  const isLogX = look.isLogX && figure.xs.kind === "number" && !isBars;
  const x = axisOf(look.zoomX ?? xRange(figure, xs, isLogX, look.isLogX), [left, right], {
    kind: isBars ? "text" : figure.xs.kind,
    texts: figure.xs.texts,
    isLog: isLogX,
    isWhole: drawable(xs, false).every(Number.isInteger),
    room: isBars || figure.xs.kind === "text" ? textRoom(figure.xs.texts, size) : size * 6,
    decimals,
    needs: (label) => widthOf(label, size) + size * 0.8,
  });
  const colourOf = colours(figure, ys, range);
  const yTitle = isMap ? figure.curves_label : figure.y_label;
  const frame = { left, top, right, bottom };
  return { figure, look, frame, strip, row, x, y, xs, ys, colourOf, range, legend, yTitle };
}

const textRoom = (texts: readonly string[], size: number): number =>
  Math.max(size * 2, ...texts.slice(0, 200).map((text) => widthOf(text, size) + size));

/** The axis of values. Without a value, its numbers would be invented, so it has none. */
function valueAxis(figure: Figure, range: readonly [number, number], look: Look): Axis {
  const { size, isLogY: isLog, zoomY, decimals } = look;
  const { isEmpty, isEmptyLog } = extentsOf(figure);
  const axis = axisOf(zoomY ?? yRange(figure, look), range, {
    kind: "number",
    isLog,
    isNice: !zoomY && !isWholeShare(figure, look),
    room: size * 3.2,
    decimals,
    needs: () => size * 1.2,
  });
  return (isLog ? isEmptyLog : isEmpty) ? { ...axis, ticks: [] } : axis;
}

function secondAxis(
  values: AxisValues,
  numbers: readonly number[],
  range: readonly [number, number],
  look: Look,
): Axis {
  const isLog = look.isLogY && values.kind === "number";
  const edges = edgesOf(drawable(numbers, isLog), isLog);
  const whole = [edges[0] ?? 0, edges.at(-1) ?? 1] as const;
  return axisOf(look.zoomY ?? whole, range, {
    kind: values.kind,
    texts: values.texts,
    isLog,
    isWhole: drawable(numbers, false).every(Number.isInteger),
    room: look.size * 2.6,
    decimals: look.decimals,
    needs: () => look.size * 1.2,
  });
}

function xRange(
  figure: Figure,
  xs: readonly number[],
  isLog: boolean,
  isWanted: boolean,
): [number, number] {
  if (figure.kind === "map") {
    const edges = edgesOf(drawable(xs, isLog), isLog && isWanted);
    return [edges[0] ?? 0, edges.at(-1) ?? 1];
  }
  if (figure.kind === "bars" || figure.xs.kind === "text") return [-0.5, xs.length - 0.5];
  const [low, high] = extent(drawable(xs, isLog), isLog);
  if (isLog) {
    const step = (high / low) ** 0.03;
    return low === high ? [low / 2, high * 2] : [low / step, high * step];
  }
  const edge = (high - low) * 0.03 || 0.5;
  return [low - edge, high + edge];
}

function yRange(figure: Figure, look: Look): [number, number] {
  const { kind, is_share } = figure;
  const { ends, positive } = extentsOf(figure);
  if (look.isLogY) {
    const [low, high] = positive;
    return low === high ? [low / 2, high * 2] : [low, high];
  }
  const isBars = kind === "bars";
  const [low, high] = isBars || look.fromZero ? extent([0, ...ends]) : ends;
  const top = isBars && is_share && low >= 0 ? Math.max(1, high) : high;
  if (low === top) return [low - 0.5, top + 0.5];
  const edge = (top - low) * 0.04;
  const isFromZero = low === 0 && (isBars || look.fromZero);
  if (isWholeShare(figure, look)) return [isFromZero ? 0 : low - edge, 1.02];
  return [isFromZero ? 0 : low - edge, top === 1 && isBars ? 1 : top + edge];
}

/** An axis of shares near 1 ends at 1, because a share cannot be 1.1. */
function isWholeShare(figure: Figure, look: Look): boolean {
  const [low, high] = extentsOf(figure).highs;
  const isLinear = figure.kind === "line" && !look.isLogY;
  return figure.is_share && isLinear && low >= 0 && high > 0.9 && high <= 1;
}

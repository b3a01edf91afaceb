/**
 * A figure on paper: where each point is, and how everything is drawn. Pure. The numbers come from the
 * kernel; what is drawn on the page and what is exported are this one drawing.
 */

import type { AxisValues, Figure, PointState } from "../kernel/answers";
import { type Axis, axisOf, edgesOf, numbers, timeZoneOf } from "./axis";
import { colourRange, type Ink, mapColour, ordered, PALETTE } from "./colours";
import { type Box, type Surface, type TextStyle, widthOf, type XY } from "./surface";

export interface Look {
  width: number;
  height: number;
  /** Pixels of a text. */
  size: number;
  fromZero: boolean;
  isLogX: boolean;
  isLogY: boolean;
  zoomX: readonly [number, number] | null;
  zoomY: readonly [number, number] | null;
  /** Decimals of numbers along axes; null for as many as they need. */
  decimals: number | null;
  /** Whether the line below the axes is part of the drawing. */
  hasCaption: boolean;
}

export interface Mark {
  /** Which point of the figure it is. */
  rank: number;
  x: number;
  y: number;
  state: PointState;
  /** The cell or bar that it is. */
  box: Box | null;
}

export interface Chart {
  frame: Box;
  x: Axis;
  y: Axis;
  marks: Mark[];
  /** Points that a logarithmic axis has no place for. */
  undrawn: number;
  draw(surface: Surface, ink: Ink, selected: ReadonlySet<number>): void;
}

/** More curves than this have a colour bar for a legend. */
const MOST_NAMED = 12;
/** More marks than this are small squares. */
const MANY = 1500;
const STRIP_ROWS = 3;

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

/** Points whose value along the axis has no place on any axis. */
function unplaced({ xs, points }: Figure): number {
  return points.x.filter((x) => xs.values[x] === null).length;
}

/** The values along an axis as numbers: texts by rank, times in milliseconds. */
export function numbersOf({ kind, values }: AxisValues, isByRank = false): number[] {
  if (kind === "text" || isByRank) return values.map((_, rank) => rank);
  if (kind === "number")
    return values.map((value) => (value === null ? Number.NaN : Number(value)));
  return values.map((value) => timeOf(String(value)));
}

/** A date alone is the day here, as a time without a zone is. */
const timeOf = (text: string): number => Date.parse(text.length === 10 ? `${text}T00:00` : text);

interface Layout {
  figure: Figure;
  look: Look;
  frame: Box;
  /** Where points without a value are shown, below the axis; its height is 0 if there are none. */
  strip: number;
  x: Axis;
  y: Axis;
  xs: number[];
  ys: number[];
  colourOf: (curve: number) => string;
  /** Of a map, or of many curves. */
  range: [number, number] | null;
  legend: Legend;
  yTitle: string;
}

interface Legend {
  title: string;
  entries: { label: string; colour: string; curve: number }[];
  reasons: PointState[];
  /** Pixels at the right, or rows at the top. */
  right: number;
  rows: number;
}

function layOut(figure: Figure, look: Look): Layout {
  const { size, width, height, decimals } = look;
  const isMap = figure.kind === "map";
  const isBars = figure.kind === "bars";
  const xs = numbersOf(figure.xs, isBars);
  const ys = numbersOf(figure.groups);
  const range = isMap
    ? colourRange(figure.points.value.filter((value) => value !== null))
    : isManyCurves(figure)
      ? extent(ys)
      : null;
  const legend = legendOf(figure, look);
  const strip =
    isMap || legend.reasons.length === 0
      ? 0
      : Math.min(STRIP_ROWS, stacked(figure)) * size * 0.85 + 4;
  const top = size * 0.8 + (figure.title ? size * 1.7 : 0) + legend.rows * size * 1.6;
  const below = size * 3.9 + strip + (look.hasCaption ? size * 1.7 : 0);
  const bottom = Math.max(top + 40, height - below);
  const y = isMap
    ? secondAxis(figure.groups, ys, [bottom, top], look)
    : axisOf(look.zoomY ?? yRange(figure, look), [bottom, top], {
        kind: "number",
        isLog: look.isLogY,
        isNice: !look.zoomY && !isWholeShare(figure, look),
        room: size * 3.2,
        decimals,
      });
  const labels = Math.max(0, ...y.ticks.map(({ label }) => widthOf(label, size)));
  const left = Math.ceil(labels + size * 2.6);
  const right = Math.max(left + 60, width - Math.max(legend.right, size * 1.2));
  const isLogX = look.isLogX && figure.xs.kind === "number" && !isBars;
  const x = axisOf(look.zoomX ?? xRange(figure, xs, isLogX, look.isLogX), [left, right], {
    kind: isBars ? "text" : figure.xs.kind,
    texts: figure.xs.texts,
    isLog: isLogX,
    room: isBars || figure.xs.kind === "text" ? textRoom(figure.xs.texts, size) : size * 6,
    decimals,
  });
  const colourOf = colours(figure, ys, range);
  const yTitle = isMap ? figure.curves_label : figure.y_label;
  const frame = { left, top, right, bottom };
  return { figure, look, frame, strip, x, y, xs, ys, colourOf, range, legend, yTitle };
}

const textRoom = (texts: readonly string[], size: number): number =>
  Math.max(size * 2, ...texts.slice(0, 200).map((text) => widthOf(text, size) + size));

const isManyCurves = ({ kind, groups }: Figure): boolean =>
  kind !== "map" && groups.kind !== "text" && groups.values.length > MOST_NAMED;

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
    room: look.size * 2.6,
    decimals: look.decimals,
  });
}

const drawable = (values: readonly number[], isLog: boolean): number[] =>
  values.filter((value) => Number.isFinite(value) && (!isLog || value > 0));

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
  const [low, high] = extent(drawable(xs, isLog));
  if (isLog) {
    const step = (high / low) ** 0.03;
    return low === high ? [low / 2, high * 2] : [low / step, high * step];
  }
  const edge = (high - low) * 0.03 || 0.5;
  return [low - edge, high + edge];
}

function yRange({ points, kind, is_share }: Figure, look: Look): [number, number] {
  const ends = [...points.value, ...points.low, ...points.high].filter((end) => end !== null);
  if (look.isLogY) {
    const [low, high] = extent(ends.filter((end) => end > 0));
    return low === high ? [low / 2, high * 2] : [low, high];
  }
  const isBars = kind === "bars";
  const [low, high] = extent(isBars || look.fromZero ? [0, ...ends] : ends);
  const top = isBars && is_share && low >= 0 ? Math.max(1, high) : high;
  if (low === top) return [low - 0.5, top + 0.5];
  const edge = (top - low) * 0.04;
  const isFromZero = low === 0 && (isBars || look.fromZero);
  if (isWholeShare({ points, kind, is_share } as Figure, look))
    return [isFromZero ? 0 : low - edge, 1.02];
  return [isFromZero ? 0 : low - edge, top === 1 && isBars ? 1 : top + edge];
}

/** A share near 1 ends there: an axis to 1.1 would promise more than there is. */
function isWholeShare({ is_share, points, kind }: Figure, look: Look): boolean {
  const [low, high] = extent(points.high.filter((end) => end !== null));
  return is_share && kind === "line" && !look.isLogY && low >= 0 && high > 0.9 && high <= 1;
}

/** The least and the greatest; 0 and 1 of nothing. */
export function extent(values: readonly number[]): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low > high ? [0, 1] : [low, high];
}

function colours(
  { groups, kind }: Figure,
  ys: readonly number[],
  range: [number, number] | null,
): (curve: number) => string {
  if (groups.kind === "text" || groups.values.length < 2)
    return (curve) => PALETTE[curve % PALETTE.length] ?? "";
  if (range && kind !== "map") {
    const [low, high] = range;
    return (curve) => ordered(((ys[curve] ?? low) - low) / (high - low || 1));
  }
  return (curve) => ordered(curve / (groups.values.length - 1));
}

function legendOf(figure: Figure, look: Look): Legend {
  const { kind, points, curves } = figure;
  const { size } = look;
  const reasons = (["failed", "to come"] as const).filter((state) => points.state.includes(state));
  const isMap = kind === "map";
  const isBar = isMap || isManyCurves(figure);
  const colourOf = colours(figure, [], null);
  const named = !curves || isBar ? [] : figure.legend;
  const entries = named.map((label, curve) => ({
    label: label.startsWith(`${curves} `) ? label.slice(curves.length + 1) : label,
    colour: colourOf(curve),
    curve,
  }));
  const title = entries.length > 0 ? figure.curves_label : "";
  const labels = [...entries.map(({ label }) => label), ...reasons];
  const widest = Math.max(0, ...labels.map((label) => widthOf(label, size)));
  const isWide = look.width >= size * 40 || isBar;
  if (isWide) {
    const text = labels.length > 0 ? Math.max(widest + size * 1.9, widthOf(title, size)) + size : 0;
    const bar = isBar ? size * 6.8 : 0;
    return { title, entries, reasons, right: Math.max(text + size, bar), rows: 0 };
  }
  const rows = packed(labels, size, look.width - size * 5).length;
  return { title: "", entries, reasons, right: 0, rows: labels.length > 0 ? rows : 0 };
}

/** Legend entries in rows that fit into a width. */
function packed(labels: readonly string[], size: number, width: number): number[][] {
  const rows: number[][] = [[]];
  let used = 0;
  labels.forEach((label, i) => {
    const needed = widthOf(label, size) + size * 2.4;
    if (used + needed > width && used > 0) {
      rows.push([]);
      used = 0;
    }
    used += needed;
    rows.at(-1)?.push(i);
  });
  return rows;
}

/** How many points without a value are at one place, at most. */
function stacked({ points, kind }: Figure): number {
  if (kind === "bars") return 1;
  const counts = new Map<number, number>();
  points.state.forEach((state, i) => {
    const x = points.x[i] ?? 0;
    if (state === "failed" || state === "to come") counts.set(x, (counts.get(x) ?? 0) + 1);
  });
  return Math.max(0, ...counts.values());
}

function marksOf(layout: Layout): Mark[] {
  const { figure } = layout;
  if (figure.kind === "map") return cells(layout);
  if (figure.kind === "bars") return columns(layout);
  const { points } = figure;
  const heights = new Map<number, number>();
  return points.x.flatMap((place, rank): Mark[] => {
    const x = layout.x.at(layout.xs[place] ?? Number.NaN);
    const state = points.state[rank] ?? "empty";
    const value = points.value[rank] ?? null;
    const y = value === null ? below(layout, place, heights) : layout.y.at(value);
    if (!Number.isFinite(x) || !Number.isFinite(y)) return [];
    return [{ rank, x, y, state, box: null }];
  });
}

/** The place in the strip for one more point without a value. */
function below({ frame, look }: Layout, place: number, heights: Map<number, number>): number {
  const row = heights.get(place) ?? 0;
  heights.set(place, row + 1);
  return frame.bottom + 4 + (Math.min(row, STRIP_ROWS - 1) + 0.5) * look.size * 0.85;
}

function cells({ figure, x, y, xs, ys, look }: Layout): Mark[] {
  const isLogX = look.isLogX && figure.xs.kind === "number";
  const isLogY = look.isLogY && figure.groups.kind === "number";
  const across = spans(xs, isLogX, (value) => x.at(value));
  const up = spans(ys, isLogY, (value) => y.at(value));
  return figure.points.x.flatMap((place, rank): Mark[] => {
    const [horizontal, vertical] = [across[place], up[figure.points.curve[rank] ?? 0]];
    if (!horizontal || !vertical) return [];
    const box = {
      left: Math.min(...horizontal),
      right: Math.max(...horizontal),
      top: Math.min(...vertical),
      bottom: Math.max(...vertical),
    };
    const middle = [(box.left + box.right) / 2, (box.top + box.bottom) / 2] as const;
    const state = figure.points.state[rank] ?? "empty";
    return [{ rank, x: middle[0], y: middle[1], state, box }];
  });
}

/** From where to where each value reaches, in pixels; none if the axis has no place for it. */
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
    const span = [edges[i] ?? 0, edges[i + 1] ?? 0] as const;
    i += 1;
    return span;
  });
}

function columns(layout: Layout): Mark[] {
  const { figure, x, y, frame } = layout;
  const count = figure.groups.values.length;
  const width = 0.8 / count;
  const zero = Math.min(
    frame.bottom,
    Math.max(frame.top, y.at(layout.look.isLogY ? y.domain[0] : 0)),
  );
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

// -- drawing ------------------------------------------------------------------------------------------

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
  const inside = { ...frame, bottom: frame.bottom + layout.strip };
  surface.within(
    { ...inside, left: frame.left - 1, right: frame.right + 1, top: frame.top - 1 },
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

function drawGrid({ frame, x, y, figure }: Layout, surface: Surface, ink: Ink): void {
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

const crisp = (at: number): number => Math.round(at - 0.5) + 0.5;

function drawAxes(layout: Layout, surface: Surface, ink: Ink): void {
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
    if (text) surface.text(at, bottom + size * 1.05, text, { ...label, align: "middle" });
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

function drawCurves(layout: Layout, marks: readonly Mark[], surface: Surface, ink: Ink): void {
  const { figure, colourOf } = layout;
  const { points } = figure;
  const isMany = marks.length > MANY;
  const byPlace = new Map<number, Mark>();
  for (const mark of marks)
    if (mark.state === "measured")
      byPlace.set(
        (points.curve[mark.rank] ?? 0) * figure.xs.values.length + (points.x[mark.rank] ?? 0),
        mark,
      );
  figure.groups.values.forEach((_, curve) => {
    const stroke = colourOf(curve);
    let line: XY[] = [];
    const end = () => {
      if (line.length > 1) surface.path(line, { stroke, width: 1.2, alpha: isMany ? 0.6 : 0.9 });
      line = [];
    };
    for (let place = 0; place < figure.xs.values.length; place++) {
      const mark = byPlace.get(curve * figure.xs.values.length + place);
      if (mark) line.push([mark.x, mark.y]);
      else end();
    }
    end();
  });
  const radius = isMany ? 1.3 : marks.length > 300 ? 2.4 : 3.4;
  for (const mark of marks) {
    const curve = points.curve[mark.rank] ?? 0;
    const colour = colourOf(curve);
    if (mark.state !== "measured") {
      drawReason(surface, mark, mark.state, colour, layout.look.size * 0.3, ink);
      continue;
    }
    drawError(layout, surface, mark, colour, isMany ? 0 : radius * 0.9);
    if (isMany)
      surface.rect(mark.x - radius, mark.y - radius, 2 * radius, 2 * radius, { fill: colour });
    else
      drawMarker(
        surface,
        mark,
        radius,
        colour,
        figure,
        curve,
        points.samples[mark.rank] === null,
        ink,
      );
  }
}

/** Curves without an order differ in shape too; points that were not sampled are open. */
function drawMarker(
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
  const shape = groups.kind === "text" && groups.values.length > 1 ? curve % 4 : 0;
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

function drawError(
  { figure, y, frame }: Layout,
  surface: Surface,
  { rank, x }: Mark,
  colour: string,
  cap: number,
): void {
  const [low, high] = [figure.points.low[rank] ?? null, figure.points.high[rank] ?? null];
  if (low === null || high === null) return;
  const top = y.at(high);
  const bottom = Number.isNaN(y.at(low)) ? frame.bottom : y.at(low);
  const style = { stroke: colour, width: 1 };
  surface.path(
    [
      [x, top],
      [x, bottom],
    ],
    style,
  );
  if (cap === 0) return;
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

/** A cross for what failed, an open circle for what is still to come, a dash for what has no value. */
function drawReason(
  surface: Surface,
  { x, y }: { x: number; y: number },
  state: PointState,
  colour: string,
  r: number,
  ink: Ink,
): void {
  const style = { stroke: colour, width: 1.4 };
  if (state === "failed") {
    surface.path(
      [
        [x - r, y - r],
        [x + r, y + r],
      ],
      style,
    );
    surface.path(
      [
        [x - r, y + r],
        [x + r, y - r],
      ],
      style,
    );
  } else if (state === "to come") {
    surface.circle(x, y, r * 0.75, { stroke: colour, width: 1, fill: ink.ground });
  } else
    surface.path(
      [
        [x - r, y],
        [x + r, y],
      ],
      { ...style, width: 1 },
    );
}

function drawBars(layout: Layout, marks: readonly Mark[], surface: Surface, ink: Ink): void {
  const { figure, colourOf, frame, y, look } = layout;
  for (const mark of marks) {
    const colour = colourOf(figure.points.curve[mark.rank] ?? 0);
    if (!mark.box) drawReason(surface, mark, mark.state, colour, look.size * 0.3, ink);
    else {
      const { left, top, right, bottom } = mark.box;
      surface.rect(left, top, right - left, bottom - top, { fill: colour, alpha: 0.85 });
      drawError(layout, surface, mark, ink.ink, Math.min(4, (right - left) / 4));
    }
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

function drawCells(layout: Layout, marks: readonly Mark[], surface: Surface, ink: Ink): void {
  const { figure, range, look } = layout;
  for (const { rank, box, state, x, y } of marks) {
    if (!box) continue;
    const { left, top, right, bottom } = box;
    const value = figure.points.value[rank] ?? null;
    if (value !== null && range) {
      const colour = mapColour(value, range);
      const style = { fill: colour, stroke: colour, width: 0.6 };
      surface.rect(left, top, right - left, bottom - top, style);
      continue;
    }
    const small = Math.min(right - left, bottom - top);
    surface.rect(left, top, right - left, bottom - top, { fill: ink.ground, stroke: ink.grid });
    if (state === "to come") hatch(surface, box, ink, small > 10 ? 6 : 3);
    else drawReason(surface, { x, y }, state, ink.quiet, Math.min(look.size * 0.4, small / 3), ink);
  }
}

function hatch(surface: Surface, { left, top, right, bottom }: Box, ink: Ink, step: number): void {
  const height = bottom - top;
  const first = Math.ceil((left - height + bottom) / step) * step - bottom;
  for (let from = first; from < right; from += step) {
    const [start, end] = [Math.max(from, left), Math.min(from + height, right)];
    if (end > start)
      surface.path(
        [
          [start, bottom - (start - from)],
          [end, bottom - (end - from)],
        ],
        { stroke: ink.quiet, width: 0.7, alpha: 0.75 },
      );
  }
}

function drawSelected(
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
      surface.rect(box.left + 1, box.top + 1, width - 2, height - 2, {
        stroke: ink.ground,
        width: 3,
      });
      surface.rect(box.left + 1, box.top + 1, width - 2, height - 2, {
        stroke: ink.ink,
        width: 1.5,
      });
    }
  }
}

const SLICES = 64;

function drawColourBar(layout: Layout, surface: Surface, ink: Ink): void {
  const { frame, look, range, figure } = layout;
  if (!range) return;
  const { size } = look;
  const isMap = figure.kind === "map";
  const left = frame.right + size * 0.9;
  const [top, bottom] = [
    frame.top,
    frame.bottom -
      (layout.legend.reasons.length > 0 && isMap ? size * 1.7 * layout.legend.reasons.length : 0),
  ];
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
  for (const { at, label: text } of axis.ticks) {
    surface.path(
      [
        [left + size, at],
        [left + size + 3, at],
      ],
      { stroke: ink.quiet, width: 1 },
    );
    surface.text(left + size + 6, at, text, label);
  }
  const errors = figure.points.error.filter((error) => error !== null);
  const greatest =
    errors.length > 0
      ? ` (error at most ${numbers([Number(Math.max(...errors).toPrecision(2))])[0]})`
      : "";
  const text = isMap ? `${figure.y_label}${greatest}` : figure.curves_label;
  // A long title gets smaller, since a cut one would say something else.
  const room = look.height - (look.hasCaption ? size * 2 : 0);
  const fitting = Math.min(size, (size * (room - 8)) / widthOf(text, size));
  surface.text(look.width - size * 0.8, room / 2, text, {
    fill: ink.ink,
    size: fitting,
    align: "middle",
    isUpright: true,
  });
}

function drawLegend(layout: Layout, surface: Surface, ink: Ink): void {
  const { legend, look, frame, figure } = layout;
  const { size } = look;
  const isOpen = figure.points.samples.every((samples) => samples === null);
  const items = [
    ...legend.entries.map(({ label, colour, curve }) => ({
      label,
      draw: (x: number, y: number) =>
        figure.kind === "bars"
          ? surface.rect(x - size * 0.4, y - size * 0.4, size * 0.8, size * 0.8, {
              fill: colour,
              alpha: 0.85,
            })
          : drawMarker(surface, { x, y }, size * 0.3, colour, figure, curve, isOpen, ink),
    })),
    ...legend.reasons.map((state) => ({
      label: state,
      draw: (x: number, y: number) => {
        const box = {
          left: x - size * 0.5,
          right: x + size * 0.5,
          top: y - size * 0.4,
          bottom: y + size * 0.4,
        };
        if (figure.kind !== "map" || state === "failed")
          return drawReason(surface, { x, y }, state, ink.quiet, size * 0.3, ink);
        surface.rect(box.left, box.top, size, size * 0.8, { stroke: ink.quiet, width: 0.7 });
        return hatch(surface, box, ink, 3);
      },
    })),
  ];
  const text = { fill: ink.ink, size };
  if (legend.rows > 0) {
    packed(
      items.map(({ label }) => label),
      size,
      look.width - size * 5,
    ).forEach((row, i) => {
      let x = frame.left + size * 0.5;
      const y = (figure.title ? size * 1.7 : 0) + size * (1 + 1.6 * i);
      for (const at of row) {
        items[at]?.draw(x, y);
        surface.text(x + size * 0.8, y, items[at]?.label ?? "", text);
        x += widthOf(items[at]?.label ?? "", size) + size * 2.4;
      }
    });
    return;
  }
  const x = frame.right + size * 1.5;
  const isBelowBar = layout.range !== null;
  let y = isBelowBar
    ? frame.bottom - size * 1.5 * (items.length - 1) - size * 0.2
    : frame.top + size * 0.6;
  if (legend.title) {
    surface.text(x - size * 0.5, y, legend.title, { ...text, isBold: true });
    y += size * 1.7;
  }
  for (const { label, draw } of items) {
    draw(x, y);
    surface.text(x + size * 0.9, y, label, text);
    y += size * 1.5;
  }
}

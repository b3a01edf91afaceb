/** The entries of a legend and their positions. Pure. */

import { MAX_NAMED_CURVES } from "../data/limits";
import * as format from "../format";
import type { Figure, PointState } from "../kernel/answers";
import { type Ink, ordered, PALETTE } from "./colours";
import { hatch } from "./drawMap";
import { drawMarker, drawReason } from "./drawPoints";
import type { Layout, Legend, Look } from "./look";
import { fitted, type Surface, widthOf } from "./surface";

/** The number of curves that a legend above the plot names. */
const MAX_ABOVE = 12;
/** The maximum share of the figure's width for the texts of a legend at the right. */
const MAX_LEGEND_SHARE = 0.4;

const REASONS = ["failed", "canceled", "to come", "not loaded", "empty"] as const;

/** "empty": the jobs of the point are done, and the quantity has no value. */
const reasonLabel = (state: PointState): string => (state === "empty" ? "no value" : state);

export const isManyCurves = ({ kind, groups }: Figure): boolean =>
  kind !== "map" && groups.kind !== "text" && groups.values.length > MAX_NAMED_CURVES;

export function colours(
  { groups, kind }: Figure,
  ys: readonly number[],
  range: [number, number] | null,
): (curve: number) => string {
  const last = groups.values.length - 1;
  if (groups.kind === "text" || last < 1) return (curve) => PALETTE[curve % PALETTE.length] ?? "";
  const scale = range && kind !== "map" ? range : null;
  const [low, high] = scale ?? [0, last];
  const known: string[] = [];
  const shareOf = (curve: number) =>
    ((scale ? (ys[curve] ?? low) : curve) - low) / (high - low || 1);
  return (curve) => {
    known[curve] ??= ordered(shareOf(curve));
    return known[curve];
  };
}

export function legendOf(figure: Figure, look: Look): Legend {
  const { kind, points, curves } = figure;
  const { size } = look;
  const reasons = REASONS.filter((state) => points.state.includes(state));
  const isMap = kind === "map";
  const isBar = isMap || isManyCurves(figure);
  const colourOf = colours(figure, [], null);
  const all = !curves || isBar ? [] : figure.legend;
  const isWide = look.width >= size * 40 || isBar;
  const most = isWide ? Math.max(4, Math.floor(look.height / size / 1.5) - 6) : MAX_ABOVE;
  const named = all.length > most ? all.slice(0, most) : all;
  const more = all.length - named.length;
  const room = isWide ? look.width * MAX_LEGEND_SHARE : look.width - size * 9;
  const entries = named.map((label, curve) => {
    const whole = label.startsWith(`${curves} `) ? label.slice(curves.length + 1) : label;
    return { label: fitted(whole, size, room), whole, colour: colourOf(curve), curve };
  });
  const title = entries.length > 0 ? fitted(figure.curves_label, size, room) : "";
  const labels = [
    ...entries.map(({ label }) => label),
    ...andMore(more),
    ...reasons.map(reasonLabel),
  ];
  const widest = Math.max(0, ...labels.map((label) => widthOf(label, size)));
  if (isWide) {
    const text = labels.length > 0 ? Math.max(widest + size * 1.9, widthOf(title, size)) + size : 0;
    // The upright title of a color bar is at the edge.
    const right = isBar ? Math.max(text + size * 1.6, size * 6.8) : text + size;
    return { title, entries, more, reasons, right, rows: 0 };
  }
  const rows = packed([...(title ? [title] : []), ...labels], size, look.width - size * 5).length;
  return { title, entries, more, reasons, right: 0, rows: labels.length > 0 ? rows : 0 };
}

const andMore = (count: number): string[] => (count > 0 ? [`and ${format.whole(count)} more`] : []);

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

export function drawLegend(layout: Layout, surface: Surface, ink: Ink): void {
  const { legend, look, frame, figure } = layout;
  const { size } = look;
  const { samples, state } = figure.points;
  const measured = samples.filter((_, rank) => state[rank] === "measured");
  const isOpen = measured.length > 0 && measured.every((each) => each === null);
  const items = [
    ...legend.entries.map(({ label, whole, colour, curve }) => ({
      label,
      whole,
      draw: (x: number, y: number) =>
        figure.kind === "bars"
          ? surface.rect(x - size * 0.4, y - size * 0.4, size * 0.8, size * 0.8, {
              fill: colour,
              alpha: 0.85,
            })
          : drawMarker(surface, { x, y }, size * 0.3, colour, figure, curve, isOpen, ink),
    })),
    ...andMore(legend.more).map((label) => ({ label, whole: label, draw: () => {} })),
    ...legend.reasons.map((state) => ({
      label: reasonLabel(state),
      whole: reasonLabel(state),
      draw: (x: number, y: number) => {
        const box = {
          left: x - size * 0.5,
          right: x + size * 0.5,
          top: y - size * 0.4,
          bottom: y + size * 0.4,
        };
        if (figure.kind !== "map" || state !== "to come")
          return drawReason(surface, { x, y }, state, ink.quiet, size * 0.3, ink);
        surface.rect(box.left, box.top, size, size * 0.8, { stroke: ink.quiet, width: 0.7 });
        return hatch(surface, box, ink, 3);
      },
    })),
  ];
  const text = { fill: ink.ink, size };
  if (legend.rows > 0) {
    const title = { label: legend.title, whole: figure.curves_label, draw: null };
    const all = legend.title ? [title, ...items] : items;
    packed(
      all.map(({ label }) => label),
      size,
      look.width - size * 5,
    ).forEach((row, i) => {
      let x = frame.left + size * 0.5;
      const y = (figure.title ? size * 1.7 : 0) + size * (1 + 1.6 * i);
      for (const at of row) {
        const { label = "", whole = "", draw = null } = all[at] ?? {};
        draw?.(x, y);
        const style = { ...text, isBold: !draw, whole };
        surface.text(x + (draw ? size * 0.8 : -size * 0.4), y, label, style);
        x += widthOf(label, size) + size * 2.4;
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
    const style = { ...text, isBold: true, whole: figure.curves_label };
    surface.text(x - size * 0.5, y, legend.title, style);
    y += size * 1.7;
  }
  for (const { label, whole, draw } of items) {
    draw(x, y);
    surface.text(x + size * 0.9, y, label, { ...text, whole });
    y += size * 1.5;
  }
}

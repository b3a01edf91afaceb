/**
 * A figure as a file: the same drawing as on the page, on white, with the width of a paper's
 * column.
 */

import { csvOf } from "../data/csv";
import type { Cell } from "../data/table";
import type { Figure } from "../kernel/answers";
import { chartOf } from "./chart";
import { INKS } from "./colours";
import type { Look } from "./look";
import { CanvasSurface, type Surface, SvgSurface } from "./surface";

export interface Paper {
  /** Millimetres. */
  width: number;
  decimals: number | null;
}

const DOTS_PER_INCH = 600;
/**
 * The resolution as a chunk of a PNG file: 9 bytes named pHYs, 23,622 dots a metre in both
 * directions, and their checksum. See section 11.3.4.3 of the PNG specification, third edition.
 */
const RESOLUTION_CHUNK = Uint8Array.of(
  ...[0, 0, 0, 9, 0x70, 0x48, 0x59, 0x73, 0, 0, 0x5c, 0x46, 0, 0, 0x5c, 0x46, 1],
  ...[0x14, 0x94, 0x43, 0x41],
);
/** The end of a PNG file's first chunk, which must come before all others. */
const HEADER_END = 33;
const PX_PER_MM = 96 / 25.4;
/** 8 points. */
const TEXT_PX = 10.67;
const NONE: ReadonlySet<number> = new Set();

export interface Sheet {
  width: number;
  height: number;
  title: string;
  draw(surface: Surface): void;
}

export function sheetOf(figure: Figure, look: Omit<Look, "width" | "height">, paper: Paper): Sheet {
  const width = Math.round(paper.width * PX_PER_MM);
  const { decimals } = paper;
  const drawn = (height: number) =>
    chartOf(figure, { ...look, size: TEXT_PX, decimals, hasCaption: true, width, height });
  const usual = Math.round(width * (width < 450 ? 0.78 : 0.55));
  // A long legend makes the figure higher instead of its axis shorter.
  const { top, bottom } = drawn(usual).frame;
  const height = usual + Math.max(0, Math.round(usual / 2 - (bottom - top)));
  const chart = drawn(height);
  return {
    width,
    height,
    title: `${figure.y_label} over ${figure.x_label}`,
    draw: (surface) => chart.draw(surface, INKS.light, NONE),
  };
}

export function svgOf({ width, height, title, draw }: Sheet, widthMm: number): string {
  const surface = new SvgSurface();
  draw(surface);
  return surface.file(width, height, widthMm, title);
}

/** The drawing with 600 dots an inch, and that resolution in the file. */
export async function pngOf({ width, height, draw }: Sheet): Promise<Blob> {
  const scale = DOTS_PER_INCH / 96;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
  const paper = canvas.getContext("2d") as CanvasRenderingContext2D;
  paper.scale(scale, scale);
  draw(new CanvasSurface(paper));
  const blob = await new Promise<Blob>((resolve, reject) =>
    canvas.toBlob((made) => (made ? resolve(made) : reject(new Error("No picture was made.")))),
  );
  const parts = [blob.slice(0, HEADER_END), RESOLUTION_CHUNK, blob.slice(HEADER_END)];
  return new Blob(parts, { type: blob.type });
}

/** Each point with its numbers, as the kernel sent them. */
export function pointsCsv(figure: Figure): string {
  const { x, y, curves, xs, groups, points, selectors } = figure;
  const level = figure.level ? Number(figure.level.toPrecision(4)) : null;
  const header = [
    x,
    ...(curves ? [curves] : []),
    ...selectors.map(({ name }) => name),
    ...[y, "error", "low", "high", "level", "samples", "state", "jobs"],
  ];
  const rows = points.x.map((place, rank): Cell[] => [
    xs.values[place] ?? null,
    ...(curves ? [groups.values[points.curve[rank] ?? 0] ?? null] : []),
    ...selectors.map(({ value }) => value),
    points.value[rank] ?? null,
    points.error[rank] ?? null,
    points.low[rank] ?? null,
    points.high[rank] ?? null,
    points.low[rank] == null ? null : level,
    points.samples[rank] ?? null,
    points.state[rank] ?? "",
    (points.jobs[rank] ?? []).join(" "),
  ]);
  return csvOf(header, rows);
}

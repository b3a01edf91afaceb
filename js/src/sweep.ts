/** Where the jobs of a sweep lie: one column over another, in shares of a plot's width and height. Pure. */

import type { Cell } from "./table";

export interface Sheet {
  header: string[];
  /** One for each job, its position first. */
  rows: Cell[][];
  /** The column that is shown first. */
  main: number;
}

/** Numbers by value from the least to the greatest; texts each in its place, as they first come. */
export interface Scale {
  ends: [Cell, Cell];
  isNumber: boolean;
  /** The values that there are. */
  known: Cell[];
  /** 0 to 1; null for nothing. */
  at(value: Cell | undefined): number | null;
}

export interface Point {
  position: number;
  /** From the left and from the top, 0 to 1. */
  left: number;
  top: number;
  /** Which of several lines it is on. */
  series: number;
  /** How dark it is, 0 to 1, where two things vary; null where its height tells. */
  shade: number | null;
}

export interface Plot {
  points: Point[];
  wide: Scale;
  high: Scale;
  /** Of the shades. */
  deep: Scale | null;
  /** What the lines are called, where there are several. */
  names: Cell[];
}

/** The columns to go over, in which jobs differ, and those of them that are numbers. */
export function choicesOf(sheet: Sheet): { across: number[]; numbers: number[] } {
  const scales = sheet.header.map((_, i) => scaleOf(sheet, i));
  const across = scales.flatMap(({ known }, i) => (known.length > 1 ? [i] : []));
  return { across, numbers: across.filter((i) => i > 0 && scales[i]?.isNumber) };
}

/**
 * Column `y` over column `x`. A third one, where it is not -1, tells lines apart if it is of texts; if
 * it is of numbers it is the height, and the shade tells `y`.
 */
export function plotOf(sheet: Sheet, x: number, y: number, by: number): Plot {
  const [wide, value, third] = [scaleOf(sheet, x), scaleOf(sheet, y), scaleOf(sheet, by)];
  const isMap = by >= 0 && third.isNumber;
  const high = isMap ? third : value;
  const points = sheet.rows.flatMap((row) => {
    const [left, top, shade] = [
      wide.at(row[x]),
      high.at(row[isMap ? by : y]),
      isMap ? value.at(row[y]) : null,
    ];
    if (left === null || top === null || (isMap && shade === null)) return [];
    const series =
      isMap || by < 0 ? 0 : Math.round((third.at(row[by]) ?? 0) * third.known.length - 0.5);
    return [{ position: Number(row[0]), left, top: 1 - top, series, shade }];
  });
  const names = isMap || by < 0 ? [] : third.known;
  return { points, wide, high, deep: isMap ? value : null, names };
}

/** The jobs whose points are between two corners, or near them: a press without a way means its point. */
export function within(points: readonly Point[], a: Corner, b: Corner, near: number): number[] {
  const isIn = (at: number, i: 0 | 1) =>
    at > Math.min(a[i], b[i]) - near && at < Math.max(a[i], b[i]) + near;
  return points
    .filter(({ left, top }) => isIn(left, 0) && isIn(top, 1))
    .map(({ position }) => position);
}

export type Corner = readonly [left: number, top: number];

function scaleOf({ rows }: Sheet, i: number): Scale {
  const known = [...new Set(rows.map((row) => row[i] ?? null))].filter((value) => value !== null);
  const isNumber = known.every((value) => typeof value === "number");
  if (isNumber) known.sort((a, b) => Number(a) - Number(b));
  const ends: [Cell, Cell] = [known[0] ?? null, known.at(-1) ?? null];
  const [first, last] = ends.map(Number) as [number, number];
  const at = (value: Cell | undefined): number | null => {
    if (value === null || value === undefined) return null;
    if (!isNumber) return (known.indexOf(value) + 0.5) / known.length;
    return first === last ? 0.5 : (Number(value) - first) / (last - first);
  };
  return { ends, isNumber, known, at };
}

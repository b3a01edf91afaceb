/** The histogram of a column of numbers, with bars of equal width. Pure. */

import { isSameNumber } from "./rounding";
import type { Table } from "./table";

export interface Histogram {
  low: number;
  high: number;
  /** The number of rows in each bar. */
  counts: number[];
}

const BARS = 16;

/** Null if the column has fewer than two different numbers. */
export function histogramOf(
  table: Table,
  lines: readonly number[],
  column: string,
): Histogram | null {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const values: number[] = [];
  const cellOf = table.reader(column);
  for (const line of lines) {
    const value = cellOf(line);
    if (typeof value !== "number" || !Number.isFinite(value)) continue;
    values.push(value);
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!(high > low) || isSameNumber(low, high)) return null;
  const counts = new Array<number>(BARS).fill(0);
  const scale = BARS / (high - low);
  for (const value of values) {
    const bar = Math.min(BARS - 1, Math.floor((value - low) * scale));
    counts[bar] = (counts[bar] ?? 0) + 1;
  }
  return { low, high, counts };
}

/** The ends of some bars, rounded outwards to readable numbers. */
export function rangeOf({ low, high }: Histogram, first: number, last: number): [number, number] {
  const width = (high - low) / BARS;
  const step = 10 ** (Math.floor(Math.log10(width)) - 1);
  const round = (value: number, to: (value: number) => number) =>
    Number((to(Number((value / step).toPrecision(12))) * step).toPrecision(12));
  return [round(low + first * width, Math.floor), round(low + (last + 1) * width, Math.ceil)];
}

/** A search with terms that limit a column to a range, which replace its earlier ones. */
export function withRange(search: string, title: string, low: number, high: number): string {
  const name = /^(\|[^>\s]*>|[^\s"=<>!|#]+)$/.test(title) ? title : `"${title}"`;
  const terms = search.match(/(?:"[^"]*"|\S)+/g) ?? [];
  const own = (term: string) =>
    term.startsWith(name) && /^(>=|<=|>|<)[^=<>]+$/.test(term.slice(name.length));
  const kept = terms.filter((term) => !own(term));
  return [...kept, `${name}>=${low}`, `${name}<=${high}`].join(" ");
}

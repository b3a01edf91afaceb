/** The histogram of a column of numbers, with bars of equal width. Pure. */

import { isSameNumber } from "./rounding";
import type { Table } from "./table";

export interface Histogram {
  low: number;
  high: number;
  /** Where the first bar begins: at `low`, or half a step of a sweep before it. */
  start: number;
  /** The width of a bar. */
  width: number;
  /** The number of rows in each bar. */
  counts: number[];
}

const BARS = 16;
/** The numbers of bars of an even sweep. */
const [MIN_SWEEP_BARS, MAX_SWEEP_BARS] = [8, 32];
/** Steps of a sweep differ if its values are rounded. */
const STEP_TOLERANCE = 0.1;

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
  const steps = stepsOf(values, high - low);
  const inBar = stepsInBar(steps + 1);
  const step = (high - low) / (steps || BARS);
  const width = steps > 0 ? step * inBar : step;
  const start = steps > 0 ? low - step / 2 : low;
  const counts = new Array<number>(steps > 0 ? Math.ceil((steps + 1) / inBar) : BARS).fill(0);
  for (const value of values) {
    const bar = Math.min(counts.length - 1, Math.floor((value - start) / width));
    counts[bar] = (counts[bar] ?? 0) + 1;
  }
  return { low, high, start, width, counts };
}

/** The number of equal steps of a sweep, of which some may be missing; 0 for other values. */
function stepsOf(values: readonly number[], span: number): number {
  const sorted = Float64Array.from(values).sort();
  const gaps = sorted
    .map((value, i) => value - (sorted[i - 1] ?? value))
    .filter((gap) => gap > span * 1e-9);
  const least = gaps.reduce((a, b) => Math.min(a, b));
  const counts = gaps.map((gap) => Math.round(gap / least));
  if (gaps.some((gap, i) => Math.abs(gap / least - (counts[i] ?? 0)) > STEP_TOLERANCE)) return 0;
  const steps = counts.reduce((a, b) => a + b);
  return steps <= 2 * gaps.length ? steps : 0;
}

/** The number of values in a bar: the same in all bars if possible, so that an even sweep is flat. */
function stepsInBar(values: number): number {
  const least = Math.ceil(values / MAX_SWEEP_BARS);
  for (let n = least; n * MIN_SWEEP_BARS <= values; n++) if (values % n === 0) return n;
  return least;
}

/** The ends of some bars, rounded outwards to readable numbers. */
export function rangeOf(
  { low, high, start, width }: Histogram,
  first: number,
  last: number,
): [number, number] {
  const step = 10 ** (Math.floor(Math.log10(width)) - 1);
  const round = (value: number, to: (value: number) => number) =>
    Number((to(Number((value / step).toPrecision(12))) * step).toPrecision(12));
  return [
    round(Math.max(low, start + first * width), Math.floor),
    round(Math.min(high, start + (last + 1) * width), Math.ceil),
  ];
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

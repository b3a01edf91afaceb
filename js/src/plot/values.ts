/** Values of a figure as numbers along an axis. Pure. */

import type { AxisValues } from "../kernel/answers";

/** The values along an axis as numbers: texts by rank, times in milliseconds. */
export function numbersOf({ kind, values }: AxisValues, isByRank = false): number[] {
  if (kind === "text" || isByRank) return values.map((_, rank) => rank);
  if (kind === "number")
    return values.map((value) => (value === null ? Number.NaN : Number(value)));
  return values.map((value) => timeOf(String(value)));
}

/** A date without a time is a day in local time, like a time without a zone. */
const timeOf = (text: string): number => Date.parse(text.length === 10 ? `${text}T00:00` : text);

/** The minimum and the maximum. Without values, it is 0 to 1, or 0.1 to 1 on a logarithmic axis. */
export function extent(values: readonly number[], isLog = false): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low > high ? [isLog ? 0.1 : 0, 1] : [low, high];
}

export const drawable = (values: readonly number[], isLog: boolean): number[] =>
  values.filter((value) => Number.isFinite(value) && (!isLog || value > 0));

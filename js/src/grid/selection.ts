/** The effects of clicks and keys on the selected rows and their order. Pure. */

import { sorting, sortText } from "../data/order";

/** Add all rows from one to another, in the shown order. */
export function extended(
  selected: ReadonlySet<number>,
  shown: readonly number[],
  from: number,
  to: number,
): Set<number> {
  const ends = [shown.indexOf(from), shown.indexOf(to)].map((end) => Math.max(0, end));
  return new Set([...selected, ...shown.slice(Math.min(...ends), Math.max(...ends) + 1)]);
}

/** Select all shown rows, or none if all were already selected. */
export function allOrNone(selected: ReadonlySet<number>, shown: readonly number[]): Set<number> {
  return new Set(shown.every((position) => selected.has(position)) ? [] : shown);
}

/**
 * A click on a header: ascending, descending, then the dashboard's own order. With `adds`, the
 * previous sort columns stay in front.
 */
export function nextSort(current: string, column: string, adds = false): string {
  const by = sorting(current);
  const before = by.find((each) => each.column === column);
  const others = adds ? by.filter((each) => each !== before) : [];
  if (!adds && by.length > 1) return column;
  if (before?.isDescending) return sortText(others);
  const next = { column, isDescending: before !== undefined };
  if (!adds || !before) return sortText([...others, next]);
  return sortText(by.map((each) => (each === before ? next : each)));
}

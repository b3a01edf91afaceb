/** The effects of clicks and keys on the selected rows and their order. Pure. */

import { sorting, sortText } from "../data/order";

/** Add all rows from one to another, in the shown order; only the other if the first is hidden. */
export function extended(
  selected: ReadonlySet<number>,
  shown: readonly number[],
  from: number,
  to: number,
): Set<number> {
  const end = shown.indexOf(to);
  const anchor = shown.indexOf(from);
  const begin = anchor < 0 ? end : anchor;
  return new Set([...selected, ...shown.slice(Math.min(begin, end), Math.max(begin, end) + 1)]);
}

export const hasAll = (selected: ReadonlySet<number>, shown: readonly number[]): boolean =>
  shown.length > 0 && shown.every((position) => selected.has(position));

/** Add all shown rows, or remove them if all were already selected. Hidden rows keep their state. */
export function withShown(selected: ReadonlySet<number>, shown: readonly number[]): Set<number> {
  if (!hasAll(selected, shown)) return new Set([...selected, ...shown]);
  const among = new Set(shown);
  return new Set([...selected].filter((position) => !among.has(position)));
}

/**
 * A click on a header: ascending, descending, then the dashboard's own order. With `adds`, the
 * previous sort columns stay in front.
 */
export function nextSort(current: string, column: string, adds = false): string {
  const by = sorting(current);
  const before = by.find((each) => each.column === column);
  const others = adds ? by.filter((each) => each !== before) : [];
  if (!adds && by.length > 1) return sortText([{ column, isDescending: false }]);
  if (before?.isDescending) return sortText(others);
  const next = { column, isDescending: before !== undefined };
  if (!adds || !before) return sortText([...others, next]);
  return sortText(by.map((each) => (each === before ? next : each)));
}

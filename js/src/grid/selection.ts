/** What a click or a key does to the chosen rows. Pure. */

/** With all rows from one to another, in the order in which they are shown. */
export function extended(
  selected: ReadonlySet<number>,
  shown: readonly number[],
  from: number,
  to: number,
): Set<number> {
  const ends = [shown.indexOf(from), shown.indexOf(to)].map((end) => Math.max(0, end));
  return new Set([...selected, ...shown.slice(Math.min(...ends), Math.max(...ends) + 1)]);
}

/** All that are shown, or none where all were chosen already. */
export function allOrNone(selected: ReadonlySet<number>, shown: readonly number[]): Set<number> {
  return new Set(shown.every((position) => selected.has(position)) ? [] : shown);
}

/** A click on a header: ascending, descending, then the dashboard's own order. */
export function nextSort(current: string, column: string): string {
  if (current === column) return `-${column}`;
  return current === `-${column}` ? "" : column;
}

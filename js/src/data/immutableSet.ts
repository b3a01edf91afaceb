/** The set with an item added if it was missing, otherwise removed. */
export function toggled<T>(set: ReadonlySet<T>, item: T): Set<T> {
  const next = new Set(set);
  if (!next.delete(item)) next.add(item);
  return next;
}

/** The set with or without an item; the same set if nothing changes. */
export const having = <T>(set: ReadonlySet<T>, item: T, isIn: boolean): ReadonlySet<T> =>
  set.has(item) === isIn ? set : toggled(set, item);

/** With an item where the set was without it, and the other way round. */
export function toggled<T>(set: ReadonlySet<T>, item: T): Set<T> {
  const next = new Set(set);
  if (!next.delete(item)) next.add(item);
  return next;
}

/** With an item or without it; the same set if nothing changes. */
export const having = <T>(set: ReadonlySet<T>, item: T, isIn: boolean): ReadonlySet<T> =>
  set.has(item) === isIn ? set : toggled(set, item);

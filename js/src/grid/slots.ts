/** Which row element shows which line. Pure. */

/**
 * Give each line a slot. A line that stays keeps its slot, and a line that comes takes over the slot
 * of one that leaves: changing the texts of an element costs the browser less than a new element.
 */
export function slotsFor(
  before: ReadonlyMap<number, number>,
  lines: readonly number[],
): Map<number, number> {
  const stay = new Set(lines);
  const free = [...before].filter(([line]) => !stay.has(line)).map(([, slot]) => slot);
  let unused = Math.max(-1, ...before.values()) + 1;
  let taken = 0;
  return new Map(lines.map((line) => [line, before.get(line) ?? free[taken++] ?? unused++]));
}

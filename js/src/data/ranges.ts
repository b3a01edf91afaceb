/** Positions as inclusive ranges. A selection of 100,000 rows takes only a few bytes. */

export type Range = [first: number, last: number];

export function toRanges(positions: Iterable<number>): Range[] {
  const ranges: Range[] = [];
  for (const p of [...positions].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && p <= last[1] + 1) last[1] = Math.max(last[1], p);
    else ranges.push([p, p]);
  }
  return ranges;
}

export function fromRanges(ranges: readonly Range[]): Set<number> {
  const positions = new Set<number>();
  for (const [first, last] of ranges) for (let p = first; p <= last; p++) positions.add(p);
  return positions;
}

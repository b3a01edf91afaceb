/** Distributions of several jobs on one scale: what share of its outcomes each job gave a state. Pure. */

import type { Distribution } from "./answers";

export type Shares = ReadonlyMap<string, number>;

export interface Line {
  label: string;
  /** One for each job, in the order given. */
  shares: number[];
}

export function sharesOf({ entries, rest }: Distribution): Shares {
  const total = entries.reduce((sum, [, value]) => sum + value, rest.value);
  return new Map(entries.map(([label, value]) => [label, total > 0 ? value / total : 0]));
}

/** The states that matter most in any of them, and how much is left of each. */
export function lineUp(all: readonly Shares[], most: number): { lines: Line[]; rest: number[] } {
  const labels = new Map<string, number>();
  for (const shares of all) {
    for (const [label, share] of shares) {
      labels.set(label, Math.max(share, labels.get(label) ?? 0));
    }
  }
  const lines = [...labels]
    .sort(([, a], [, b]) => b - a)
    .slice(0, most)
    .map(([label]) => ({ label, shares: all.map((shares) => shares.get(label) ?? 0) }));
  const rest = all.map((shares, i) => {
    const shown = lines.reduce((sum, line) => sum + (line.shares[i] ?? 0), 0);
    return shares.size > 0 ? Math.max(0, 1 - shown) : 0;
  });
  return { lines, rest };
}

/** Total variation distance, 0 for the same to 1 for nothing in common. */
export function distance(a: Shares, b: Shares): number {
  let sum = 0;
  for (const label of new Set([...a.keys(), ...b.keys()])) {
    sum += Math.abs((a.get(label) ?? 0) - (b.get(label) ?? 0));
  }
  return sum / 2;
}

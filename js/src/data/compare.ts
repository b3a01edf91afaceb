/** Distributions of several jobs on one scale: what share of its outcomes each job gave a state. Pure. */

import type { Distribution } from "../kernel/answers";

export type Shares = ReadonlyMap<string, number>;

export interface Line {
  label: string;
  /** One for each job, in the order given. */
  shares: number[];
}

export const sharesOf = ({ entries }: Distribution): Shares =>
  new Map(entries.map(([label, , share]) => [label, share ?? 0]));

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

/** How many samples a distribution is made of; null for probabilities. */
export const sizeOf = ({ unit, entries, rest }: Distribution): number | null =>
  unit === "counts" ? entries.reduce((sum, [, value]) => sum + value, rest.value) : null;

/** Distributions side by side: the states to draw, and texts about distances. Pure. */

import * as format from "../format";
import type { Distance, Side } from "../kernel/answers";
import { csvOf } from "./csv";
import type { Cell } from "./table";

export interface Bar {
  /** Null if it is unknown. */
  share: number | null;
  low: number | null;
  high: number | null;
  error: number | null;
  /** The noiseless, lossless distribution, if requested. */
  ideal: number | null;
}

export interface Line {
  label: string;
  /** One for each side; null if nothing about the state is known. */
  bars: (Bar | null)[];
}

/** The states with the greatest shares on any side, and the rest of each side. */
export function lineUp(sides: readonly Side[], most: number): { lines: Line[]; rest: number[] } {
  const shares = sides.map(
    ({ entries }) => new Map(entries.map(([state, ...numbers]) => [state, numbers] as const)),
  );
  const greatest = new Map<string, number>();
  const see = (state: string, share: number | null | undefined) =>
    greatest.set(state, Math.max(share ?? 0, greatest.get(state) ?? 0));
  sides.forEach(({ entries, ideal }) => {
    for (const [state, share] of entries) see(state, share);
    for (const [state, share] of Object.entries(ideal ?? {})) see(state, share);
  });
  const lines = [...greatest]
    .sort(([, a], [, b]) => b - a)
    .slice(0, most)
    .map(([label]) => ({
      label,
      bars: sides.map((side, i) => barOf(shares[i]?.get(label), side, label)),
    }));
  const rest = sides.map(({ entries }, i) => {
    const shown = lines.reduce((sum, { bars }) => sum + (bars[i]?.share ?? 0), 0);
    return entries.some(([, share]) => share !== null) ? Math.max(0, 1 - shown) : 0;
  });
  return { lines, rest };
}

type Numbers = readonly [
  share: number | null,
  error: number | null,
  low: number | null,
  high: number | null,
];

/** A state that a complete saved distribution lacks has the share 0. */
function barOf(numbers: Numbers | undefined, side: Side, label: string): Bar | null {
  const ideal = side.ideal ? (side.ideal[label] ?? 0) : null;
  const [share, error, low, high] = numbers ?? [side.rest > 0 ? null : 0, null, null, null];
  return share === null && ideal === null ? null : { share, error, low, high, ideal };
}

/** "phi 1.43, indist 0.60 (job 3)"; "job 3" if no labels distinguish it. */
export const titleOf = ({ position, name }: Side): string =>
  name ? `${name} (job ${position})` : `job ${position}`;

/** "distance 0.024, chance alone gives 0.036 ± 0.010, p = 0.73" */
export function distanceOf({ comparison, problem }: Side): string {
  if (!comparison) return problem;
  const [chance, p] = [chanceOf(comparison), pValueOf(comparison)];
  const parts = [`distance ${comparison.distance.toFixed(3)}`];
  if (chance) parts.push(`chance alone gives ${chance}`);
  if (p) parts.push(p.startsWith("<") ? `p ${p}` : `p = ${p}`);
  return parts.join(", ");
}

/** "0.036 ± 0.010"; empty without samples. */
export function chanceOf({ expected, spread }: Distance): string {
  if (expected === null) return "";
  return `${expected.toFixed(3)}${spread === null ? "" : ` ± ${spread.toFixed(3)}`}`;
}

/** "0.73" or "< 0.001"; empty without samples. */
export function pValueOf({ p_value }: Distance): string {
  if (p_value === null) return "";
  return p_value < 0.001 ? "< 0.001" : format.number(Number(p_value.toPrecision(2)));
}

/** All states of all sides, with the numbers of the kernel. */
export function comparisonCsv(sides: readonly Side[]): string {
  const { lines } = lineUp(sides, Number.POSITIVE_INFINITY);
  const header = [
    "state",
    ...sides.flatMap((side) => {
      const title = titleOf(side);
      return [title, `error of ${title}`, ...(side.ideal ? [`ideal of ${title}`] : [])];
    }),
  ];
  const rows = lines.map(({ label, bars }) => [
    label,
    ...bars.flatMap((bar, i): Cell[] => [
      bar?.share ?? null,
      bar?.error ?? null,
      ...(sides[i]?.ideal ? [bar?.ideal ?? null] : []),
    ]),
  ]);
  return csvOf(header, rows);
}

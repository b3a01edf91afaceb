/**
 * Rows of the table as numbers: a job, or one of its iterations. The line of a job's first or only
 * iteration is the job's position. Pure.
 */

/** More than the number of jobs of any group. */
const STRIDE = 2 ** 28;

export const lineOf = (position: number, iteration: number): number =>
  iteration * STRIDE + position;

export const positionOf = (line: number): number => (line < STRIDE ? line : line % STRIDE);

export const iterationOf = (line: number): number => Math.floor(line / STRIDE);

/** By job, then by iteration. */
export const byPosition = (a: number, b: number): number => positionOf(a) - positionOf(b) || a - b;

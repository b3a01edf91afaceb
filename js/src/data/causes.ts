/** Failed and refused jobs by cause: one sentence of the cloud, whatever its numbers and ids are. Pure. */

import type { Table } from "./table";

export interface Cause {
  /** What the cloud said of the first of them. */
  sentence: string;
  /** Whether it said the same of all, to the letter. */
  isExact: boolean;
  state: string;
  positions: number[];
}

const VARYING = /[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{12,}|\d[\d.,]*/gi;

/** The most frequent first. */
export function causesOf(table: Table): Cause[] {
  const causes = new Map<string, Cause>();
  for (const position of table.where((state) => state === "error" || state === "refused")) {
    const sentence = table.text(position, "message");
    const state = table.state(position);
    const key = `${state} ${sentence.replace(VARYING, "…")}`;
    const cause = causes.get(key) ?? { sentence, isExact: true, state, positions: [] };
    cause.isExact &&= cause.sentence === sentence;
    cause.positions.push(position);
    causes.set(key, cause);
  }
  return [...causes.values()].sort((a, b) => b.positions.length - a.positions.length);
}

/**
 * Failed and refused jobs by cause: the cloud's sentence, regardless of the numbers and ids in it.
 * Pure.
 */

import type { Table } from "./table";

export interface Cause {
  /** The cloud's message about the first of them. */
  sentence: string;
  /** Whether the messages about all of them are identical. */
  isExact: boolean;
  state: string;
  positions: number[];
}

const VARYING = /[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{12,}|\d[\d.,]*/gi;

/** Causes, the most frequent first. */
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

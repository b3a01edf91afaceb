/**
 * What jobs measured, fetched from the kernel some jobs at a time and kept while the group is shown.
 * The kernel reduces the results; nothing is computed here.
 */

import { type ReadonlySignal, signal } from "@preact/signals";
import type { Table } from "./data/table";
import type { MeasuredAnswer, MeasuredRow } from "./kernel/answers";
import type { Link } from "./kernel/link";

export interface Measured {
  /** By position; of a job with iterations one for each. */
  rows: ReadonlyMap<number, readonly MeasuredRow[]>;
  scalars: readonly string[];
  /** The most frequent states of all, the first one first. */
  states: readonly string[];
  /** Why jobs have no row, by position. */
  failed: ReadonlyMap<number, string>;
  isLoading: boolean;
}

export interface Measurements {
  readonly state: ReadonlySignal<Measured>;
  /** The jobs whose values are still to be asked for. */
  missing(table: Table, positions: readonly number[], states: readonly string[]): number[];
  /** Ask for values of jobs, a few at a time. */
  load(table: Table, positions: readonly number[], states: readonly string[]): Promise<void>;
  /** Forget which results could not be loaded, so that they are asked for again. */
  retry(): void;
  clear(): void;
}

const CHUNK = 200;
export const MOST_STATES = 24;

const NOTHING: Measured = {
  rows: new Map(),
  scalars: [],
  states: [],
  failed: new Map(),
  isLoading: false,
};

export function newMeasurements(link: Link): Measurements {
  const state = signal(NOTHING);
  /** Which attempt of a job was asked about, and for which states. */
  const asked = new Map<number, { attempt: string; states: ReadonlySet<string> }>();
  const shares = new Map<string, number>();
  let life = 0;

  const attemptOf = (table: Table, position: number) => table.text(position, "remote_id");

  function missing(table: Table, positions: readonly number[], states: readonly string[]) {
    return positions.filter((position) => {
      const known = asked.get(position);
      return (
        known?.attempt !== attemptOf(table, position) ||
        states.some((each) => !known.states.has(each))
      );
    });
  }

  async function load(table: Table, positions: readonly number[], states: readonly string[]) {
    if (state.peek().isLoading) return;
    const mine = life;
    state.value = { ...state.peek(), isLoading: true };
    for (let i = 0; i < positions.length; i += CHUNK) {
      const some = positions.slice(i, i + CHUNK);
      const attempts = some.map((position) => attemptOf(table, position));
      const columns = state.peek().states.length > 0 ? union(state.peek().states, states) : states;
      const answer = await link
        .ask("measured", { positions: some, columns })
        .catch((error: Error) => failedAnswer(some, error.message));
      if (mine !== life) return;
      take(answer as MeasuredAnswer, some, attempts, columns);
    }
    state.value = { ...state.peek(), isLoading: false };
  }

  function take(
    answer: MeasuredAnswer,
    positions: readonly number[],
    attempts: readonly string[],
    columns: readonly string[],
  ): void {
    const { rows, scalars, failed } = state.peek();
    const [allRows, allFailed] = [new Map(rows), new Map(failed)];
    positions.forEach((position, i) => {
      asked.set(position, {
        attempt: attempts[i] ?? "",
        states: new Set([...columns, ...answer.columns]),
      });
      allRows.delete(position);
      allFailed.delete(position);
    });
    for (const row of answer.rows)
      allRows.set(row.position, [...(allRows.get(row.position) ?? []), row]);
    for (const [position, why] of Object.entries(answer.failed))
      allFailed.set(Number(position), why);
    for (const [label, share] of Object.entries(answer.states))
      shares.set(label, Math.max(share, shares.get(label) ?? 0));
    state.value = {
      rows: allRows,
      scalars: union(scalars, answer.scalars),
      states: [...shares]
        .sort(([, a], [, b]) => b - a)
        .slice(0, MOST_STATES)
        .map(([label]) => label),
      failed: allFailed,
      isLoading: true,
    };
  }

  return {
    state,
    missing,
    load,
    retry() {
      for (const position of state.peek().failed.keys()) asked.delete(position);
      state.value = { ...state.peek(), failed: new Map() };
    },
    clear() {
      life += 1;
      asked.clear();
      shares.clear();
      state.value = NOTHING;
    },
  };
}

const union = (a: readonly string[], b: readonly string[]): string[] => [...new Set([...a, ...b])];

function failedAnswer(positions: readonly number[], why: string): MeasuredAnswer {
  const failed = Object.fromEntries(positions.map((position) => [position, why]));
  return { rows: [], scalars: [], states: {}, columns: [], failed };
}

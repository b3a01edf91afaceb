/**
 * The measured values of jobs. They are fetched from the kernel while a view is visible, and stored
 * in the table. Visible rows come first; the others follow if they are few or the user requests
 * them. The kernel reduces the results, and nothing is computed here.
 */

import { batch, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { type MeasuredNames, NOTHING_MEASURED } from "./data/columns";
import { MAX_UNASKED } from "./data/limits";
import { mayHaveResults } from "./data/states";
import type { Table } from "./data/table";
import { type MeasuredAnswer, NO_MEASURED } from "./kernel/answers";
import type { Link } from "./kernel/link";

export interface Loading {
  /** The reasons why successful jobs have no values, by position. */
  failed: ReadonlyMap<number, string>;
  /** The numbers of known and of missing results. */
  known: number;
  missing: number;
  /** Whether many results are missing and the user has not yet requested all. */
  isHeld: boolean;
  /** Whether all results have been loaded. It stays true while a few more arrive. */
  isWhole: boolean;
  /** The time for all missing results, in seconds. */
  secondsLeft: number;
}

export interface Measurements {
  /** The columns so far. This is a new object only if they have changed. */
  readonly names: ReadonlySignal<MeasuredNames>;
  readonly state: ReadonlySignal<Loading>;
  /** The jobs whose rows are visible. */
  readonly inSight: Signal<readonly number[]>;
  /** Whether the user requested all values, however many are missing. */
  readonly isWanted: Signal<boolean>;
  /** Fetch missing values, with the shares of these states, until none is missing or no view is visible. */
  load(states: readonly string[]): Promise<void>;
  /** Whether a job may have a result that was not fetched, or could not be. */
  isMissing(position: number): boolean;
  /** Jobs have changed, and values of earlier attempts no longer count. */
  recheck(positions: readonly number[]): void;
  /** Retry values that could not be fetched. */
  retry(): void;
  /** The table was emptied: request all values again. */
  refetch(): void;
  clear(): void;
}

/** Number of jobs in one query. */
const CHUNK = 200;
/** Assumed seconds for one result, until one was fetched. */
const SECONDS_EACH = 0.025;

const NOTHING: Loading = {
  failed: new Map(),
  known: 0,
  missing: 0,
  isHeld: false,
  isWhole: false,
  secondsLeft: 0,
};

interface Asked {
  attempt: string;
  states: ReadonlySet<string>;
}

/**
 * `took` is called with the jobs whose values have changed. `isSeen` says whether a view is
 * visible.
 */
export function newMeasurements(
  link: Link,
  table: Table,
  isSeen: () => boolean,
  took: (positions: readonly number[]) => void,
): Measurements {
  const names = signal(NOTHING_MEASURED);
  const state = signal(NOTHING);
  const inSight = signal<readonly number[]>([]);
  const isWanted = signal(false);
  /** The requested attempt and states of each job. */
  const asked = new Map<number, Asked>();
  let wanted: readonly string[] = [];
  let isLoading = false;
  let life = 0;
  let spent = 0;
  let fetched = 0;

  const attemptOf = (position: number) => String(table.column("remote_id")[position] ?? "");
  const canHave = (position: number) =>
    mayHaveResults(table.state(position)) && attemptOf(position) !== "";

  /** The jobs to request next, visible ones first, and the number of the others. */
  function next(): number[] {
    const missing: number[] = [];
    const ids = table.column("remote_id"); // read once, because there may be very many jobs
    const isMissing = (p: number) => {
      const known = asked.get(p);
      return known?.attempt !== ids[p] || wanted.some((each) => !known?.states.has(each));
    };
    let all = 0;
    for (let p = table.first; p < table.total; p++) {
      if (!ids[p] || !mayHaveResults(table.state(p))) continue;
      all += 1;
      if (isMissing(p)) missing.push(p);
    }
    const isHeld = missing.length > MAX_UNASKED && !isWanted.value;
    const secondsLeft = missing.length * (fetched > 0 ? spent / fetched : SECONDS_EACH);
    const now = state.peek();
    const known = all - missing.length;
    const isWhole = missing.length === 0 || (now.isWhole && known > 0 && !isHeld);
    if (
      now.missing !== missing.length ||
      now.isHeld !== isHeld ||
      now.isWhole !== isWhole ||
      now.known !== known
    )
      state.value = { ...now, known, missing: missing.length, isHeld, isWhole, secondsLeft };
    const near = inSight.value.filter((p) => p < table.total && canHave(p) && isMissing(p));
    return (near.length > 0 ? [...new Set(near)] : isHeld ? [] : missing).slice(0, CHUNK);
  }

  async function load(states: readonly string[]): Promise<void> {
    wanted = states;
    let some = next();
    if (isLoading || !isSeen()) return;
    isLoading = true;
    const mine = life;
    while (some.length > 0 && isSeen() && mine === life) {
      const attempts = some.map(attemptOf);
      const since = Date.now();
      const shares = wanted;
      try {
        const answer = await link.ask("measured", { positions: some, columns: shares });
        if (mine !== life) return;
        take(answer as MeasuredAnswer, some, attempts, shares);
      } catch (error) {
        if (mine !== life) return;
        take(failedAnswer(some, (error as Error).message), some, attempts, shares);
      }
      spent += (Date.now() - since) / 1000;
      fetched += some.length;
      some = next();
    }
    isLoading = false;
  }

  function take(
    answer: MeasuredAnswer,
    positions: readonly number[],
    attempts: readonly string[],
    shares: readonly string[],
  ): void {
    const { scalars, derived, defined, states, shown, columns } = answer;
    const now = state.peek();
    const failed = new Map(now.failed);
    const has = new Set([...shares, ...columns]);
    positions.forEach((position, i) => {
      asked.set(position, { attempt: attempts[i] ?? "", states: has });
      failed.delete(position);
    });
    for (const [position, why] of Object.entries(answer.failed))
      if (table.state(Number(position)) === "success") failed.set(Number(position), why);
    const changed = table.take(positions, answer.rows);
    const reported = scalars.filter((name) => !derived.includes(name));
    const before = names.peek();
    const found = {
      scalars: union(before.scalars, scalars),
      derived: union(before.derived, derived).filter((name) => !reported.includes(name)),
      defined,
      states,
      shown,
    };
    batch(() => {
      const hasNames = states.length > 0 || scalars.length > 0;
      if (hasNames && JSON.stringify(found) !== JSON.stringify(before)) names.value = found;
      state.value = { ...now, failed };
      if (changed.length > 0) took(changed);
    });
  }

  function refetch(): void {
    life += 1;
    isLoading = false;
    asked.clear();
  }

  return {
    names,
    state,
    inSight,
    isWanted,
    load,
    isMissing: (position) =>
      canHave(position) &&
      (asked.get(position)?.attempt !== attemptOf(position) || state.peek().failed.has(position)),
    recheck(positions) {
      for (const position of positions) {
        const known = asked.get(position);
        if (known === undefined || (known.attempt === attemptOf(position) && canHave(position)))
          continue;
        asked.delete(position);
        table.forget(position);
      }
    },
    retry() {
      for (const position of state.peek().failed.keys()) asked.delete(position);
      state.value = { ...state.peek(), failed: new Map() };
      load(wanted);
    },
    refetch,
    clear() {
      refetch();
      spent = 0;
      fetched = 0;
      isWanted.value = false;
      inSight.value = [];
      names.value = NOTHING_MEASURED;
      state.value = NOTHING;
    },
  };
}

const union = (a: readonly string[], b: readonly string[]): string[] => [...new Set([...a, ...b])];

function failedAnswer(positions: readonly number[], why: string): MeasuredAnswer {
  const failed = Object.fromEntries(positions.map((position) => [position, why]));
  return { ...NO_MEASURED, failed };
}

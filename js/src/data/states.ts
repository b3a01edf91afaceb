/** The sets that chips and counts are made of, and how a state is written. */

import { FILTERS, type Filter, STATES, type State } from "./status";

export { BAR_ORDER, FILTERS, type Filter, STATES, type State } from "./status";

export type Counts = Partial<Record<State, number>>;

const among =
  (...states: State[]) =>
  (state: string): boolean =>
    states.includes(state as State);

export const isUnsent = among(...FILTERS.unsent);
export const isFailed = among(...FILTERS.failed);
const isSendable = among(...FILTERS.unsent, ...FILTERS.failed);
export const isTerminal = among("success", ...FILTERS.failed);
export const isCancelable = among("waiting", "running", ...FILTERS.other);
export const isOnCloud = among(...FILTERS.waiting, ...FILTERS.running, ...FILTERS.other);

/** How a state is written for people; `next` is the job's place among those that are sent next. */
export const wordOf = (state: string, next?: number): string =>
  state.replaceAll("_", " ") + (next && isSendable(state) ? ` · next ${next}` : "");

export function isFilter(word: string): word is Filter {
  return Object.hasOwn(FILTERS, word);
}

export function countOf(counts: Counts, states: readonly State[] = STATES): number {
  return states.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
}

export function countWhere(counts: Counts, is: (state: string) => boolean): number {
  return countOf(
    counts,
    STATES.filter((state) => is(state)),
  );
}

/** The chips worth showing: the everyday ones always, the rare ones when a job is in them. */
export function chipsOf(counts: Counts): { filter: Filter; count: number }[] {
  const rare: readonly Filter[] = ["unconfirmed", "other"];
  return (Object.keys(FILTERS) as Filter[])
    .map((filter) => ({ filter, count: countOf(counts, FILTERS[filter]) }))
    .filter(({ filter, count }) => count > 0 || !rare.includes(filter));
}

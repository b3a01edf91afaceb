/** The sets that chips and counts are made of, and how a state is written. */

import { FILTERS, type Filter, LABELS, STATES, type State } from "./status";

export { BAR_ORDER, FILTERS, type Filter, LABELS, STATES, type State } from "./status";

export type Counts = Partial<Record<State, number>>;

const among =
  (...states: State[]) =>
  (state: string): boolean =>
    states.includes(state as State);

export const isUnsent = among("unsent", "refused");
export const isFailed = among("error");
/** A rerun takes them in place; a job that is done is added again. */
export const isRerunnable = among("error", "canceled", "refused");
const isSendable = among("unsent", "refused", "error", "canceled");
export const isTerminal = among("success", "error", "canceled");
export const isCancelable = among("waiting", "running", ...FILTERS.other);
/** As `HAS_RESULTS` of `jobgroup.results.collect`: partial results for all but the first. */
export const mayHaveResults = among("success", "error", "canceled", "unknown");
export const isOnCloud = among(...FILTERS.waiting, ...FILTERS.running, ...FILTERS.other);

/** How a state is written for people; `next` is the job's place among those that are sent next. */
export const wordOf = (state: string, next?: number): string =>
  (LABELS[state as State] ?? state.replaceAll("_", " ")) +
  (next && isSendable(state) ? ` · next ${next}` : "");

/** How a filter is written. */
export const labelOf = (filter: Filter): string =>
  filter === "all" || filter === "other" ? filter : LABELS[filter];

/** The state that a word of Python's or a label stands for; undefined if none. */
export function stateOf(word: string): State | undefined {
  const wanted = word.toLowerCase().replace(/[-_]/g, " ");
  return STATES.find((state) => [state.replaceAll("_", " "), LABELS[state]].includes(wanted));
}

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
  const rare: readonly Filter[] = ["canceled", "refused", "unconfirmed", "other"];
  return (Object.keys(FILTERS) as Filter[])
    .map((filter) => ({ filter, count: countOf(counts, FILTERS[filter]) }))
    .filter(({ filter, count }) => count > 0 || !rare.includes(filter));
}

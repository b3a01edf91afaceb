/** The sets of states for chips and counts, and the labels of states. */

import { FILTERS, type Filter, LABELS, STATES, type State } from "./status";

export { BAR_ORDER, FILTERS, type Filter, LABELS, STATES, type State } from "./status";

export type Counts = Partial<Record<State, number>>;

const among =
  (...states: State[]) =>
  (state: string): boolean =>
    states.includes(state as State);

export const isUnsent = among("unsent", "refused");
export const isFailed = among("error");
/** States in which a rerun keeps the entry. A job that is done is added again. */
export const isRerunnable = among("error", "canceled", "refused");
const isSendable = among("unsent", "refused", "error", "canceled");
export const isTerminal = among("success", "error", "canceled");
export const isCancelable = among("waiting", "running", ...FILTERS.other);
/** As `HAS_RESULTS` in `jobgroup.results.collect`. All but the first have partial results. */
export const mayHaveResults = among("success", "error", "canceled", "unknown");
export const isOnCloud = among(...FILTERS.waiting, ...FILTERS.running, ...FILTERS.other);

/** The label of a state; `next` is the job's place among the prioritized jobs. */
export const wordOf = (state: string, next?: number): string =>
  (LABELS[state as State] ?? state.replaceAll("_", " ")) +
  (next && isSendable(state) ? ` · next ${next}` : "");

/** The label of a filter. */
export const labelOf = (filter: Filter): string =>
  filter === "all" || filter === "other" ? filter : LABELS[filter];

/** The state with a name in Python or a label; undefined if there is none. */
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

/** The chips to show: common ones and the chosen one always, rare ones if they contain a job. */
export function chipsOf(counts: Counts, chosen: string): { filter: Filter; count: number }[] {
  const rare: readonly Filter[] = ["canceled", "refused", "unconfirmed", "other"];
  return (Object.keys(FILTERS) as Filter[])
    .map((filter) => ({ filter, count: countOf(counts, FILTERS[filter]) }))
    .filter(({ filter, count }) => count > 0 || filter === chosen || !rare.includes(filter));
}

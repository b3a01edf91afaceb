/** The words for what a job is doing, and the sets that chips and counts are made of. */

export const STATES = [
  "unsent",
  "sending",
  "unconfirmed",
  "waiting",
  "running",
  "cancel_requested",
  "suspended",
  "unknown",
  "success",
  "error",
  "canceled",
] as const;

export type State = (typeof STATES)[number];
export type Counts = Partial<Record<State, number>>;

/** What each chip shows. Every state but `all` is in exactly one, so that the chips add up. */
export const FILTERS = {
  all: STATES,
  unsent: ["unsent"],
  unconfirmed: ["unconfirmed"],
  waiting: ["sending", "waiting"],
  running: ["running", "cancel_requested"],
  success: ["success"],
  failed: ["error", "canceled"],
  other: ["suspended", "unknown"],
} as const satisfies Record<string, readonly State[]>;

export type Filter = keyof typeof FILTERS;

/** The order of the segments of a bar: what is finished first, what is still to do last. */
export const BAR_ORDER: readonly State[] = [...STATES.slice(8), ...STATES.slice(0, 8).reverse()];

const among =
  (...states: State[]) =>
  (state: string): boolean =>
    states.includes(state as State);

export const isUnsent = among("unsent");
export const isFailed = among(...FILTERS.failed);
const isSendable = among("unsent", ...FILTERS.failed);
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

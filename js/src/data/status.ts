/** The words for states. Made of `src/jobgroup/status.py` by `scripts/state_words.py`. */

export const STATES = [
  "unsent",
  "refused",
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

/** What each chip shows. Every state but `all` is in exactly one, so that the chips add up. */
export const FILTERS = {
  all: STATES,
  unsent: ["unsent"],
  waiting: ["sending", "waiting"],
  running: ["running", "cancel_requested"],
  success: ["success"],
  error: ["error"],
  canceled: ["canceled"],
  refused: ["refused"],
  unconfirmed: ["unconfirmed"],
  other: ["suspended", "unknown"],
} as const satisfies Record<string, readonly State[]>;

export type Filter = keyof typeof FILTERS;

/** How each state is written for people. Search and filters accept both. */
export const LABELS: Readonly<Record<State, string>> = {
  unsent: "to send",
  refused: "refused",
  sending: "sending",
  unconfirmed: "unconfirmed",
  waiting: "queued",
  running: "running",
  cancel_requested: "canceling",
  suspended: "suspended",
  unknown: "unknown",
  success: "done",
  error: "failed",
  canceled: "canceled",
};

/** The order of the segments of a bar: what has ended first, what is still to do last. */
export const BAR_ORDER: readonly State[] = [
  "success",
  "error",
  "canceled",
  "unknown",
  "suspended",
  "cancel_requested",
  "running",
  "waiting",
  "unconfirmed",
  "sending",
  "refused",
  "unsent",
];

/** The words for states, generated from `jobgroup.status` by `scripts/shared_constants.py`. */

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

/** The states that each chip shows. Each state is in `all` and in exactly one other. */
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

/** The label of each state. Search and filters accept names and labels. */
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

/** The order of the segments of a bar: ended jobs first, unsent jobs last. */
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

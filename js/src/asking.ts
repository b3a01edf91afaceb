/** What is asked of a person before an action on some jobs: values, a number, or a text. */

export interface Asking {
  what: "rerun" | "repeat" | "note";
  positions: readonly number[];
  /** The part of the page that asks, where the form stands. */
  from: "causes" | "group" | "job" | "selection";
}

/** The input that an action on some jobs needs from the user: values, a number, or a text. */

export interface Asking {
  what: "rerun" | "repeat" | "note";
  positions: readonly number[];
  /** The part of the page that has the form. */
  from: "causes" | "group" | "job" | "selection";
}

import type { Args, Command } from "./kernel/protocol";

/** The input that an action on some jobs needs from the user: values, a number, a text, or consent. */
export interface Asking {
  what: "rerun" | "repeat" | "note" | "consent";
  positions: readonly number[];
  /** The part of the page that has the form. */
  from: "causes" | "group" | "job" | "selection";
  /** The command that needs consent. */
  command?: { name: Command; args: Args };
}

/** A text that is being edited, and the one that it will replace; null if there is none. */
export type Draft = { text: string; before: string; isNew: boolean } | null;

import { type Signal, signal } from "@preact/signals";
import type { GroupSummary } from "../../kernel/answers";

/** Which groups are to go. */
export type DeleteScope = "" | "chosen" | "older" | "all";

/** What a person has chosen here; it is no trait, since it concerns no group. */
export interface GroupsState {
  search: Signal<string>;
  chosen: Signal<ReadonlySet<string>>;
  isTrash: Signal<boolean>;
  /** Which deletion is being asked about. */
  step: Signal<DeleteScope>;
  /** What was deleted last, and can be restored. */
  deleted: Signal<readonly string[]>;
  sort: Signal<string>;
  /** Grows with every change, so that the list is asked for again. */
  changes: Signal<number>;
}

export const newState = (): GroupsState => ({
  search: signal(""),
  chosen: signal<ReadonlySet<string>>(new Set<string>()),
  isTrash: signal(false),
  step: signal<DeleteScope>(""),
  deleted: signal<readonly string[]>([]),
  sort: signal("-Modified"),
  changes: signal(0),
});

export const sizeOf = (groups: readonly GroupSummary[]): number =>
  groups.reduce((sum, { size_bytes }) => sum + size_bytes, 0);

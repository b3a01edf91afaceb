import { type Signal, signal } from "@preact/signals";
import type { GroupFilter } from "../../data/groups";

/** Which groups are to be deleted. */
export type DeleteScope = "" | "selected" | "older" | "exported" | "empty" | "all";

/** What a person has chosen here; it is no trait, since it concerns no group. */
export interface GroupsState {
  search: Signal<string>;
  chosen: Signal<ReadonlySet<string>>;
  filter: Signal<GroupFilter>;
  /** Which deletion is being asked about. */
  step: Signal<DeleteScope>;
  /** Whether the selected groups are compared. */
  isComparing: Signal<boolean>;
  /** What was deleted last, and can be restored. */
  deleted: Signal<readonly string[]>;
  sort: Signal<string>;
  isWhole: Signal<boolean>;
  /** Grows with every change, so that the list is asked for at once. */
  changes: Signal<number>;
}

export const newState = (): GroupsState => ({
  search: signal(""),
  chosen: signal<ReadonlySet<string>>(new Set<string>()),
  filter: signal<GroupFilter>("all"),
  step: signal<DeleteScope>(""),
  isComparing: signal(false),
  deleted: signal<readonly string[]>([]),
  sort: signal("-Changed"),
  isWhole: signal(false),
  changes: signal(0),
});

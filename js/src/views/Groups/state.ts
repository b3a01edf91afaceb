import { type Signal, signal } from "@preact/signals";
import type { GroupFilter } from "../../data/groups";

/** The groups to delete. */
export type DeleteScope = "" | "selected" | "older" | "exported" | "empty" | "all";

/** The user's choices in the list; they are not traits, because they concern no single group. */
export interface GroupsState {
  search: Signal<string>;
  chosen: Signal<ReadonlySet<string>>;
  filter: Signal<GroupFilter>;
  /** The deletion that awaits confirmation. */
  step: Signal<DeleteScope>;
  /** Whether the selected groups are compared. */
  isComparing: Signal<boolean>;
  /** The groups that were deleted last and can be restored. */
  deleted: Signal<readonly string[]>;
  sort: Signal<string>;
  isWhole: Signal<boolean>;
  /** Grows with every change, so that the list is requested at once. */
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

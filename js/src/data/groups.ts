/** Groups in the list: the text of their state, and the filter of each chip. Pure. */

import * as format from "../format";
import type { GroupSummary } from "../kernel/answers";
import { countOf, countWhere, isOnCloud, isTerminal } from "./states";

export const GROUP_FILTERS = ["all", "running", "failed", "unsent", "done", "trash"] as const;
export type GroupFilter = (typeof GROUP_FILTERS)[number];

export const FILTER_TITLES: Readonly<Record<GroupFilter, string>> = {
  all: "All",
  running: "Running",
  failed: "With failures",
  unsent: "To send",
  done: "Done",
  trash: "Trash",
};

export function passes(filter: GroupFilter, { counts, error }: GroupSummary): boolean {
  if (filter === "all" || filter === "trash") return true;
  if (error) return false;
  if (filter === "running") return countWhere(counts, isOnCloud) > 0;
  if (filter === "failed") return (counts.error ?? 0) > 0;
  if (filter === "unsent") return (counts.unsent ?? 0) + (counts.refused ?? 0) > 0;
  return isFinished(counts);
}

export const isFinished = (counts: GroupSummary["counts"]): boolean =>
  countOf(counts) > 0 && countWhere(counts, isTerminal) === countOf(counts);

/** "73/96 done · 5 failed · about 20 s left" */
export function stateText({ counts, error, eta_s }: GroupSummary): string {
  const total = countOf(counts);
  if (error) return error;
  if (total === 0) return "empty";
  const of = (state: keyof typeof counts) => counts[state] ?? 0;
  const done = of("success");
  const parts = [
    done === total ? "done" : `${format.whole(done)}/${format.whole(total)} done`,
    ...[
      [of("error"), "failed"] as const,
      [of("canceled"), "canceled"] as const,
      [of("refused"), "refused"] as const,
      [of("unconfirmed"), "unconfirmed"] as const,
      [countWhere(counts, isOnCloud), "on the cloud"] as const,
      [of("unsent"), "to send"] as const,
    ].flatMap(([n, word]) => (n > 0 ? [`${format.whole(n)} ${word}`] : [])),
    format.timeLeft(eta_s),
  ];
  return parts.filter(Boolean).join(" · ");
}

export const sizeOf = (groups: readonly GroupSummary[]): number =>
  groups.reduce((sum, { size_bytes }) => sum + size_bytes, 0);

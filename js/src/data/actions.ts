/** What can be done to a group now: each action with its count, or the reason why it cannot. Pure. */

import * as format from "../format";
import type { Args, Command } from "../kernel/protocol";
import { type Counts, countOf, countWhere, isCancelable, isFailed, isOnCloud } from "./states";

export interface Action {
  label: string;
  /** The reason why it cannot be done; empty if it can. */
  reason: string;
}

export interface Actions {
  run: Action;
  rerunFailed: Action;
  cancel: Action;
  pause: Action;
}

export function actionsOf(counts: Counts, isPaused: boolean): Actions {
  const total = countOf(counts);
  const unsent = counts.unsent ?? 0;
  const failed = countWhere(counts, isFailed);
  const active = countWhere(counts, isCancelable);
  const nothing = total === 0 ? "The group has no jobs yet" : "";
  return {
    run: {
      label: unsent > 0 ? `Send ${format.whole(unsent)}` : "Send",
      reason: unsent > 0 ? "" : nothing || "Every job was sent already",
    },
    rerunFailed: {
      label: failed > 0 ? `Rerun failed (${format.whole(failed)})` : "Rerun failed",
      reason: failed > 0 ? "" : nothing || "No job has failed",
    },
    cancel: {
      label: active > 0 ? `Cancel (${format.whole(active)})` : "Cancel",
      reason: active > 0 ? "" : nothing || "No job waits or runs on the cloud",
    },
    pause: {
      label: isPaused ? "Resume" : "Pause",
      reason:
        isPaused || unsent + (counts.sending ?? 0) > 0 ? "" : nothing || "Nothing is left to send",
    },
  };
}

/** "Rerun asked for job 3…", said until the answer is here. */
export function askedFor(name: Command, { position, positions }: Args): string {
  const [first = position, ...others] = positions ?? [];
  const jobs = others.length > 0 ? `${format.whole(others.length + 1)} jobs` : `job ${first}`;
  return `${name.charAt(0).toUpperCase()}${name.slice(1)} asked${first === undefined ? "" : ` for ${jobs}`}…`;
}

/** "24 jobs, 1.2 MB" and what of it still runs. */
export function deletionOf(counts: Counts): { jobs: number; onCloud: number } {
  return { jobs: countOf(counts), onCloud: countWhere(counts, isOnCloud) };
}

/** A group's state in a few words, for its heading. */
export function headline(counts: Counts, isPaused: boolean): string {
  const total = countOf(counts);
  const failed = countWhere(counts, isFailed);
  const moving = countWhere(counts, isOnCloud);
  if (total === 0) return "empty";
  if (isPaused) return "paused";
  if (moving > 0) return "";
  if ((counts.unsent ?? 0) === total) return "nothing sent yet";
  if ((counts.success ?? 0) + failed < total) return "";
  return failed === 0 ? "finished" : "finished with failures";
}

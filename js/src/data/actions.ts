/** Texts about actions, and the jobs that a deletion affects. Pure. */

import * as format from "../format";
import type { Args, Command } from "../kernel/protocol";
import { type Counts, countOf, countWhere, isOnCloud } from "./states";

/** "Rerun requested for job 3…", shown until the answer arrives. */
export function askedFor(name: Command, { position, positions }: Args): string {
  const [first = position, ...others] = positions ?? [];
  const jobs = others.length > 0 ? `${format.whole(others.length + 1)} jobs` : `job ${first}`;
  return `${name.charAt(0).toUpperCase()}${name.slice(1)} requested${first === undefined ? "" : ` for ${jobs}`}…`;
}

/** The number of a group's jobs, and of those that are still on the cloud. */
export function deletionOf(counts: Counts): { jobs: number; onCloud: number } {
  return { jobs: countOf(counts), onCloud: countWhere(counts, isOnCloud) };
}

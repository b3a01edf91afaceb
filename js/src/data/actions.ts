/** What is said of an action, and what a deletion leaves. Pure. */

import * as format from "../format";
import type { Args, Command } from "../kernel/protocol";
import { type Counts, countOf, countWhere, isOnCloud } from "./states";

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

/** The timeline of jobs, each in the first free lane, and the number of jobs on the cloud. Pure. */

import { isTerminal } from "./states";
import type { Table } from "./table";

export interface Stay {
  position: number;
  state: string;
  /** Seconds since the epoch; `ran` is null while the job waits, or if its start is unknown. */
  sent: number;
  ran: number | null;
  ended: number;
}

export interface Timeline {
  from: number;
  to: number;
  /** Jobs that ran, in lanes. There are no more lanes than jobs that ran at once. */
  lanes: Stay[][];
  /** Jobs that were on the cloud, but whose run is unknown. */
  waiting: Stay[];
  /** The number of jobs that were on the cloud. If it is above `most`, only the last ones are here. */
  total: number;
}

/**
 * Clouds report times in whole seconds. Two runs that overlap by less may have been sequential, so
 * they share a lane.
 */
const RESOLUTION_S = 1;

/** The last runs of some jobs, at most `most`. */
export function timelineOf(
  table: Table,
  positions: readonly number[],
  now: number,
  most: number,
): Timeline {
  const all = positions
    .filter((position) => table.state(position) !== "unsent")
    .flatMap((position) => stayOf(table, position, now))
    .sort((a, b) => a.sent - b.sent);
  const stays = all.slice(-most);
  const from = stays[0]?.sent ?? now;
  let to = from + 1;
  for (const { ended } of stays) to = Math.max(to, ended);
  const ran = stays.filter((stay) => stay.ran !== null);
  const tolerance = ran.every(({ ran }) => Number.isInteger(ran)) ? RESOLUTION_S : 0;
  const lanes: Stay[][] = [];
  for (const stay of ran.sort((a, b) => (a.ran ?? 0) - (b.ran ?? 0))) {
    const free = lanes.find((lane) => (lane.at(-1)?.ended ?? 0) <= (stay.ran ?? 0) + tolerance);
    if (free) free.push(stay);
    else lanes.push([stay]);
  }
  const waiting = stays.filter((stay) => stay.ran === null);
  return { from, to, lanes, waiting, total: all.length };
}

function stayOf(table: Table, position: number, now: number): Stay[] {
  const number = (name: string) => table.number(position, name);
  const state = table.state(position);
  const sent = number("sent_at");
  if (sent === null) return [];
  const took = number("duration_s");
  const ran = number("started_at");
  const finished = number("finished_at");
  // The end by the cloud's clock. jobgroup may have noticed it much later.
  const known = took !== null && ran !== null ? ran + took : (finished ?? (took && sent + took));
  const ended = Math.max(sent, isTerminal(state) ? (known ?? sent) : now);
  const began = ran ?? (known === null || took === null ? null : known - took);
  return [{ position, state, sent, ran: began && Math.min(Math.max(began, sent), ended), ended }];
}

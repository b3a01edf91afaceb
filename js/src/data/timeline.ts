/** Which job was on the cloud when: each in the first lane that was free. Pure. */

import { isTerminal } from "./states";
import type { Table } from "./table";

export interface Stay {
  position: number;
  state: string;
  /** Seconds since the epoch; `ran` is null while the job waits. */
  sent: number;
  ran: number | null;
  ended: number;
}

export interface Timeline {
  from: number;
  to: number;
  lanes: Stay[][];
}

/** The last stays, `most` at most. */
export function timelineOf(table: Table, now: number, most: number): Timeline {
  const stays = table
    .where((state) => state !== "unsent")
    .flatMap((position) => stayOf(table, position, now))
    .sort((a, b) => a.sent - b.sent)
    .slice(-most);
  const from = stays[0]?.sent ?? now;
  const to = Math.max(from + 1, ...stays.map(({ ended }) => ended));
  const lanes: Stay[][] = [];
  for (const stay of stays) {
    const free = lanes.find((lane) => (lane.at(-1)?.ended ?? 0) <= stay.sent);
    if (free) free.push(stay);
    else lanes.push([stay]);
  }
  return { from, to, lanes };
}

function stayOf(table: Table, position: number, now: number): Stay[] {
  const number = (name: string) => table.number(position, name);
  const state = table.state(position);
  const sent = number("sent_at");
  if (sent === null) return [];
  const took = number("duration_s");
  const ran = number("started_at");
  // The end by the cloud's own clock, if the job took a second or more.
  const known =
    took && ran !== null ? ran + took : (number("finished_at") ?? (took && sent + took));
  const ended = Math.max(sent, isTerminal(state) ? (known ?? sent) : now);
  const began = ran ?? (known === null || took === null ? null : known - took);
  return [{ position, state, sent, ran: began && Math.min(Math.max(began, sent), ended), ended }];
}

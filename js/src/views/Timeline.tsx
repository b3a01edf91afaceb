/** When each job was queued and ran, each in the first lane that is free. */

import { timelineOf } from "../data/timeline";
import * as format from "../format";
import type { Session } from "../session";
import { sets } from "../ui/hooks";

const MOST_JOBS = 500;
const MOST_LANES = 32;

export function Timeline({ session }: { session: Session }) {
  const now = session.now.value;
  const { from, to, lanes } = timelineOf(session.rows.value.table, now, MOST_JOBS);
  const share = (seconds: number) => `${(100 * Math.max(0, seconds)) / (to - from)}%`;
  return (
    <figure class="slots" data-testid="slots">
      {lanes.slice(0, MOST_LANES).map((lane, i) => (
        <svg key={`${i}`} aria-hidden="true">
          {lane.map(({ position, state, sent, ran, ended }) => (
            // biome-ignore lint/a11y/noStaticElementInteractions: the table opens jobs by keyboard
            <g key={position} data-status={state} onClick={sets(session.opened, position)}>
              <rect class="wait" x={share(sent - from)} width={share((ran ?? ended) - sent)} />
              {ran !== null && <rect x={share(ran - from)} width={share(ended - ran)} />}
            </g>
          ))}
        </svg>
      ))}
      <figcaption>
        <i>{format.clock(from, now)}</i>
        <i>
          {lanes.length > MOST_LANES
            ? `and ${lanes.length - MOST_LANES} more lanes`
            : "light: waiting, full: running"}
        </i>
        <i>{format.clock(to, now)}</i>
      </figcaption>
    </figure>
  );
}

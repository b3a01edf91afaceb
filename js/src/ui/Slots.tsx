/** When each job waited and ran, each in the first lane that is free; clear ground is idle. */

import * as format from "../format";
import type { Session } from "../session";
import { slotsOf } from "../slots";
import { sets } from "./hooks";
import { Panel } from "./Panel";

const MOST_JOBS = 500;
const MOST_LANES = 32;

export function Slots({ session }: { session: Session }) {
  session.revision.current;
  const now = session.now.current;
  const { from, to, lanes, atOnce, used } = slotsOf(session.table, now, MOST_JOBS);
  const share = (seconds: number) => `${(100 * Math.max(0, seconds)) / (to - from)}%`;
  return (
    <Panel
      session={session}
      testid="slots"
      title="Slots"
      note={`at most ${format.count(atOnce, "job")} ran at once, ${Math.round(100 * used)} % of that on average`}
    >
      <figure class="slots">
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
    </Panel>
  );
}

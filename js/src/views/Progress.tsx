/** The segmented bar, the number of jobs done, and the remaining time. */

import { BAR_ORDER, type Counts, countOf, STATES, type State, wordOf } from "../data/states";
import * as format from "../format";
import type { Session } from "../session";

export function Progress({ session }: { session: Session }) {
  const { counts, progress } = session.traits;
  const sentence = STATES.filter((state) => counts.value[state])
    .map((state) => countIn(counts.value, state))
    .join(", ");
  return (
    <section class="progress">
      <div
        class="bar"
        data-testid="progress"
        role="progressbar"
        aria-label="Jobs finished"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(progress.value * 100)}
        aria-valuetext={sentence || "no jobs"}
      >
        <Segments counts={counts.value} />
      </div>
      <p class="eta">{summaryOf(session)}</p>
    </section>
  );
}

/** "73 of 96 done · about 20 s left"; without the time if it is unknown. */
function summaryOf({ traits, now }: Session): string {
  const { counts, eta_s, paused, last_error, stalled_since } = traits;
  const total = countOf(counts.value);
  const done = `${format.whole(counts.value.success ?? 0)} of ${format.whole(total)} done`;
  const isKnown = !paused.value && !last_error.value;
  const stalled = stalled_since.value;
  const time = !isKnown
    ? ""
    : stalled === null
      ? format.timeLeft(eta_s.value)
      : `no job has ended since ${format.clock(stalled, now.value)}`;
  return total === 0 ? "" : [done, time].filter(Boolean).join(" · ");
}

/** "73 done" */
const countIn = (counts: Counts, state: State): string =>
  `${format.whole(counts[state] ?? 0)} ${wordOf(state)}`;

export function Segments({ counts }: { counts: Counts }) {
  return (
    <>
      {BAR_ORDER.filter((state) => counts[state]).map((state) => (
        <span
          key={state}
          class="segment"
          data-status={state}
          title={countIn(counts, state)}
          style={{ flexGrow: counts[state] }}
        />
      ))}
    </>
  );
}

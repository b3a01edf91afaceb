/** The segmented bar, its legend, and how long it may still take. */

import { BAR_ORDER, type Counts, countOf, STATES, wordOf } from "../data/states";
import * as format from "../format";
import type { Session } from "../session";
import { Icon } from "../ui/Icon";
import type { IconName } from "../ui/icons";

export function Progress({ session }: { session: Session }) {
  const { counts, progress, eta_s, paused, last_error, stalled_since } = session.traits;
  const isKnown = !paused.value && !last_error.value;
  const total = countOf(counts.value);
  const percent = Math.round(progress.value * 100);
  const sentence = STATES.filter((state) => counts.value[state])
    .map((state) => `${counts.value[state]} ${wordOf(state)}`)
    .join(", ");
  return (
    <section>
      <div
        class="bar"
        data-testid="progress"
        role="progressbar"
        aria-label="Jobs finished"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        aria-valuetext={sentence || "no jobs"}
      >
        <Segments counts={counts.value} />
      </div>
      <div class="legend">
        <ul>
          {BAR_ORDER.map((state) => (
            <li
              key={state}
              data-testid={`counts-${state}`}
              data-status={state}
              hidden={!counts.value[state]}
            >
              <Icon name={state as IconName} />
              <b>{format.whole(counts.value[state] ?? 0)}</b> {wordOf(state)}
            </li>
          ))}
        </ul>
        <span class="eta">
          {(isKnown && stalled_since.value !== null
            ? `no job has ended since ${format.clock(stalled_since.value, session.now.value)}`
            : isKnown && format.timeLeft(eta_s.value)) ||
            (total > 0 ? `${percent} % finished` : "")}
        </span>
      </div>
    </section>
  );
}

export function Segments({ counts }: { counts: Counts }) {
  return (
    <>
      {BAR_ORDER.filter((state) => counts[state]).map((state) => (
        <span
          key={state}
          class="segment"
          data-status={state}
          title={`${counts[state]} ${wordOf(state)}`}
          style={{ flexGrow: counts[state] }}
        />
      ))}
    </>
  );
}

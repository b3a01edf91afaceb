/** The segmented bar, its legend, and how long it may still take. */

import * as format from "../format";
import type { IconName } from "../icons";
import type { Session } from "../session";
import { BAR_ORDER, type Counts, countOf, STATES, wordOf } from "../states";
import { Icon } from "./Icon";

export function Progress({ session }: { session: Session }) {
  const { counts, progress, eta_s, paused } = session.traits;
  const total = countOf(counts.current);
  const percent = Math.round(progress.current * 100);
  const sentence = STATES.filter((state) => counts.current[state])
    .map((state) => `${counts.current[state]} ${wordOf(state)}`)
    .join(", ");
  return (
    <section>
      <div
        class="bar"
        testid="progress"
        role="progressbar"
        aria-label="Jobs finished"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        aria-valuetext={sentence || "no jobs"}
      >
        <Segments counts={counts.current} />
      </div>
      <div class="legend">
        <ul>
          {BAR_ORDER.map((state) => (
            <li
              key={state}
              testid={`counts-${state}`}
              data-status={state}
              hidden={!counts.current[state]}
            >
              <Icon name={state as IconName} />
              <b>{format.whole(counts.current[state] ?? 0)}</b> {wordOf(state)}
            </li>
          ))}
        </ul>
        <span class="eta">
          {(!paused.current && format.timeLeft(eta_s.current)) ||
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

/** The extra step of a run one after the other: how long to wait between jobs. */

import * as format from "../format";
import type { Session } from "../session";
import { countOf, FILTERS } from "../states";
import { sets, ticked, typed, useSignal } from "./hooks";
import { Preview } from "./Preview";
import { Step } from "./Step";

export function InTurn({ session, command }: { session: Session; command: "run" | "rerun" }) {
  const delay = useSignal("0");
  const isKept = useSignal(false);
  const isRerun = command === "rerun";
  const count = countOf(session.traits.counts.current, isRerun ? FILTERS.failed : FILTERS.unsent);
  const seconds = Number(delay.current);
  const start = () => {
    session.panel.current = "";
    const kept = isKept.current ? { replace: false } : {};
    const args = { mode: "sequential", delay: seconds, ...kept } as const;
    session.run(command, args, isRerun ? "Rerun asked…" : "Run asked…");
  };
  return (
    <Step
      label="One after the other"
      isPlain
      go={{
        kind: "primary",
        testid: "in-turn",
        reason: delay.current.trim() !== "" && seconds >= 0 ? "" : "The delay is in seconds",
        onClick: start,
        children: "Start",
      }}
      leave="Leave it"
      close={sets(session.panel, "")}
    >
      <label>
        {isRerun ? "Rerun" : "Send"} {format.count(count, "job")} one after the other, with{" "}
        <input
          class="short"
          inputMode="decimal"
          testid="delay"
          aria-label="Seconds between jobs"
          {...typed(delay)}
        />{" "}
        s between them
      </label>
      <Preview session={session} rerun={isRerun} />
      {isRerun && (
        <label>
          <input {...ticked(isKept)} /> keep the failed jobs in the list too
        </label>
      )}
    </Step>
  );
}

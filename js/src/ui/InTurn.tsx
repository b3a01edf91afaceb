/** The extra step of a run one after the other: how long to wait between jobs. */

import * as format from "../format";
import type { Session } from "../session";
import { countOf, FILTERS } from "../states";
import { sets, typed, useSignal } from "./hooks";
import { Keeping, keeping } from "./Keeping";
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
    session.run(command, { mode: "sequential", delay: seconds, ...keeping(isKept) });
  };
  return (
    <Step
      label="One after the other"
      isPlain
      go={{
        testid: "in-turn",
        reason: delay.current.trim() !== "" && seconds >= 0 ? "" : "The delay is in seconds",
        onClick: start,
        children: "Start",
      }}
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
      {isRerun && <Keeping isOn={isKept} />}
    </Step>
  );
}

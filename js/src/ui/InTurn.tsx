/** The extra step of a run one after the other: how long to wait between jobs. */

import * as format from "../format";
import type { Session } from "../session";
import { countOf, FILTERS } from "../states";
import { Button } from "./Button";
import { useEffect, useRef } from "./dom";
import { useSignal } from "./hooks";

export function InTurn({ session, command }: { session: Session; command: "run" | "rerun" }) {
  const delay = useSignal("0");
  const isKept = useSignal(false);
  const field = useRef<HTMLInputElement>();
  useEffect(() => field.current?.select(), []);
  const isRerun = command === "rerun";
  const count = countOf(session.traits.counts.value, isRerun ? FILTERS.failed : FILTERS.unsent);
  const seconds = Number(delay.value);
  const reason = delay.value.trim() !== "" && seconds >= 0 ? "" : "The delay is in seconds";
  const start = () => {
    if (reason) return;
    session.open("");
    const args = { mode: "sequential", delay: seconds };
    session.run(
      command,
      isKept.value ? { ...args, replace: false } : args,
      isRerun ? "Rerun asked…" : "Run asked…",
    );
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") session.open("");
    else if (event.key === "Enter" && event.target === field.current) start();
  };
  return (
    <section class="step plain" aria-label="One after the other" onKeyDown={onKeyDown}>
      <label>
        {isRerun ? "Rerun" : "Send"} {format.count(count, "job")} one after the other, with{" "}
        <input
          ref={field}
          class="short"
          inputMode="decimal"
          data-testid="delay"
          value={delay.value}
          aria-label="Seconds between jobs"
          onInput={(event) => {
            delay.value = event.currentTarget.value;
          }}
        />{" "}
        s between them
      </label>
      {isRerun && (
        <label>
          <input
            type="checkbox"
            checked={isKept.value}
            onChange={(event) => {
              isKept.value = event.currentTarget.checked;
            }}
          />
          keep the failed jobs in the list too
        </label>
      )}
      <span class="buttons">
        <Button kind="primary" testid="in-turn" reason={reason} onClick={start}>
          Start
        </Button>
        <Button onClick={() => session.open("")}>Leave it</Button>
      </span>
    </section>
  );
}

/** The extra step of a sequential run: the delay between jobs. */

import { useSignal } from "@preact/signals";
import { numberIn } from "../data/fields";
import { countOf } from "../data/states";
import * as format from "../format";
import type { Session } from "../session";
import { sets, typed } from "../ui/hooks";
import { InlineForm } from "../ui/InlineForm";
import { KeepFailed, keepArgs } from "./KeepFailed";
import { Preview } from "./Preview";
import { failed } from "./Primary";

export function SequentialRun({
  session,
  command,
}: {
  session: Session;
  command: "run" | "rerun";
}) {
  const delay = useSignal("0");
  const isKept = useSignal(false);
  const isRerun = command === "rerun";
  const positions = isRerun ? failed(session) : undefined;
  const count = positions?.length ?? countOf(session.traits.counts.value, ["unsent", "refused"]);
  const seconds = numberIn(delay.value) ?? -1;
  const start = () => {
    session.panel.value = "";
    const jobs = isRerun ? { state: "error", ...keepArgs(isKept) } : {};
    session.run(command, { mode: "sequential", delay: seconds, ...jobs });
  };
  return (
    <InlineForm
      label="One after the other"
      isPlain
      go={{
        testid: "in-turn",
        reason: seconds >= 0 ? "" : "Enter a delay of at least 0 s",
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
          data-testid="delay"
          aria-label="Seconds between jobs"
          {...typed(delay)}
        />{" "}
        s between them
      </label>
      <Preview {...{ session, rerun: isRerun, positions }} />
      {isRerun && <KeepFailed isOn={isKept} />}
    </InlineForm>
  );
}

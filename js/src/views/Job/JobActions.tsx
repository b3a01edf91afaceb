/** What can be done to one job. */

import type { Signal } from "@preact/signals";
import { useSignal } from "@preact/signals";
import { isCancelable, isFailed, isUnsent } from "../../data/states";
import type { JobDetail } from "../../kernel/answers";
import type { Session } from "../../session";
import { Button } from "../../ui/Button";
import { sets, typed } from "../../ui/hooks";

interface Props {
  session: Session;
  position: number;
}

interface ActionProps extends Props {
  job: JobDetail | null;
  isRevised: Signal<boolean>;
}

export function JobActions({ session, position, job, isRevised }: ActionProps) {
  if (session.traits.read_only.value) return null;
  const state = session.rows.value.table.state(position);
  const asks = (name: "prioritize" | "cancel" | "resend") => () =>
    session.run(name, { positions: [position] });
  return (
    <>
      {isFailed(state) && (
        <>
          <Button
            icon="rerun"
            onClick={() => session.run("rerun", { positions: [position], mode: "queue" })}
          >
            Rerun
          </Button>
          <Button
            icon="edit"
            testid="revise"
            reason={job?.fixed}
            isOpen={isRevised.value}
            onClick={sets(isRevised, !isRevised.value)}
          >
            Edit and rerun…
          </Button>
        </>
      )}
      {isUnsent(state) && (
        <Button
          icon="sending"
          testid="run-next"
          reason={session.nextUp.value.get(position) === 1 ? "It goes first already" : ""}
          onClick={asks("prioritize")}
        >
          Run next
        </Button>
      )}
      {isCancelable(state) && (
        <Button icon="canceled" onClick={asks("cancel")}>
          Cancel
        </Button>
      )}
    </>
  );
}

/** A job whose request got no answer: only a person can know whether it arrived. */
export function Adopt({ session, position }: Props) {
  const id = useSignal("");
  const remote_id = id.value.trim();
  return (
    <span class="buttons">
      <input placeholder="Id on the cloud" aria-label="The job's id on the cloud" {...typed(id)} />
      <Button
        reason={remote_id ? "" : "Type the id first"}
        onClick={() => session.run("confirm", { position, remote_id })}
      >
        It arrived with this id
      </Button>
      <Button onClick={() => session.run("resend", { positions: [position] })}>
        It did not: send again
      </Button>
    </span>
  );
}

/** What can be done to one job. */

import type { JobDetail } from "../answers";
import type { Session } from "../session";
import type { Signal } from "../signals";
import { isCancelable, isFailed, isUnsent } from "../states";
import { Button } from "./Button";
import { sets, typed, useSignal } from "./hooks";

interface Props {
  session: Session;
  position: number;
}

interface ActionProps extends Props {
  job: JobDetail | null;
  isRevised: Signal<boolean>;
}

export function JobActions({ session, position, job, isRevised }: ActionProps) {
  if (session.traits.read_only.current) return null;
  const state = session.table.state(position);
  const asks = (name: "rerun" | "prioritize" | "cancel" | "resend") => () =>
    session.run(name, { positions: [position] });
  return (
    <>
      {isFailed(state) && (
        <>
          <Button icon="rerun" onClick={asks("rerun")}>
            Rerun
          </Button>
          <Button
            icon="edit"
            testid="revise"
            reason={job?.fixed}
            isOpen={isRevised.current}
            onClick={sets(isRevised, !isRevised.current)}
          >
            Edit and rerun…
          </Button>
        </>
      )}
      {isUnsent(state) && (
        <Button
          icon="sending"
          testid="run-next"
          reason={session.nextUp.current.get(position) === 1 ? "It goes first already" : ""}
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
  const remote_id = id.current.trim();
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

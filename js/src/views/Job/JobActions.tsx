/** The actions on one job. */

import { useSignal } from "@preact/signals";
import type { Asking } from "../../asking";
import { canAct } from "../../canAct";
import { isCancelable, isRerunnable, isTerminal, isUnsent } from "../../data/states";
import type { JobDetail } from "../../kernel/answers";
import type { Session } from "../../session";
import { Button } from "../../ui/Button";
import { Copy } from "../../ui/Copy";
import { typed } from "../../ui/hooks";
import { runOrAsk } from "../Consent";

interface Props {
  session: Session;
  position: number;
}

interface ActionProps extends Props {
  job: JobDetail | null;
}

export function JobActions({ session, position, job }: ActionProps) {
  const state = session.rows.value.table.state(position);
  const isReadOnly = !canAct(session);
  const asked = session.asking.value;
  const isAsked = asked?.from === "job" && asked.positions[0] === position;
  const asks = (name: "prioritize" | "cancel") => () =>
    session.run(name, { positions: [position] });
  return (
    <div class="buttons">
      {!isReadOnly && isRerunnable(state) && (
        <Button
          icon="rerun"
          onClick={() => session.run("rerun", { positions: [position], mode: "queue" })}
        >
          Rerun
        </Button>
      )}
      {!isReadOnly && isTerminal(state) && (
        <Button
          icon="edit"
          testid="revise"
          reason={job?.fixed}
          isOpen={isAsked}
          onClick={() => {
            session.asking.value = isAsked
              ? null
              : { what: "rerun", positions: [position], from: "job" };
          }}
        >
          Rerun with…
        </Button>
      )}
      {!isReadOnly && isUnsent(state) && (
        <Button
          icon="sending"
          testid="run-next"
          reason={session.nextUp.value.get(position) === 1 ? "Already first in the queue" : ""}
          onClick={asks("prioritize")}
        >
          Run next
        </Button>
      )}
      {!isReadOnly && isCancelable(state) && (
        <Button icon="canceled" onClick={asks("cancel")}>
          Cancel job
        </Button>
      )}
      {!isReadOnly && state === "unknown" && job?.is_lost && (
        <Resend session={session} position={position} from="job" />
      )}
      <Copy text={pythonOf(session, position, state)} label="Copy Python that gets this job">
        Copy Python
      </Copy>
    </div>
  );
}

function pythonOf(session: Session, position: number, state: string): string {
  const name = JSON.stringify(session.traits.group.value);
  const lines = ["from jobgroup import JobGroup", "", `job = JobGroup.open(${name})[${position}]`];
  if (state === "success") lines.push("job.get_results()");
  return lines.join("\n");
}

/** A job whose request got no response: only the user can find out whether it arrived. */
export function Confirmation({ session, position, from }: Props & Pick<Asking, "from">) {
  const id = useSignal("");
  const remote_id = id.value.trim();
  const confirm = () => session.run("confirm", { position, remote_id });
  return (
    <span class="buttons">
      <input
        placeholder="Id on the cloud"
        aria-label="The job's id on the cloud"
        onKeyDown={(event) => event.key === "Enter" && remote_id && confirm()}
        {...typed(id)}
      />
      <Button reason={remote_id ? "" : "No id has been entered"} onClick={confirm}>
        Confirm id
      </Button>
      <Resend {...{ session, position, from }} />
    </span>
  );
}

/** Asks first, because the job may be on the cloud. */
function Resend({ session, position, from }: Props & Pick<Asking, "from">) {
  const positions = [position];
  return (
    <Button
      testid="resend"
      onClick={() => runOrAsk(session, from, "resend", positions, { positions })}
    >
      Resend
    </Button>
  );
}

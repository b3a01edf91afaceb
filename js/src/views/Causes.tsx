/** The failed jobs by cause, each cause with its rerun. */

import { useEffect } from "preact/hooks";
import { type Cause, causesOf } from "../data/causes";
import * as format from "../format";
import type { Session } from "../session";
import { Button } from "../ui/Button";
import { Pill } from "../ui/Icon";
import { Panel } from "./Panel";

export function Causes({ session }: { session: Session }) {
  const causes = causesOf(session.rows.value.table);
  const isEmpty = causes.length === 0;
  useEffect(() => {
    if (isEmpty) session.panel.value = "";
  }, [isEmpty]);
  if (isEmpty) return null;
  const jobs = causes.reduce((sum, { positions }) => sum + positions.length, 0);
  return (
    <Panel
      session={session}
      testid="causes"
      title="Failures by cause"
      note={`${format.count(jobs, "job")}, ${format.count(causes.length, "cause")}`}
    >
      <ul class="causes">
        {causes.map((cause) => (
          <Line key={`${cause.state} ${cause.positions[0]}`} session={session} cause={cause} />
        ))}
      </ul>
    </Panel>
  );
}

function Line({ session, cause }: { session: Session; cause: Cause }) {
  const { sentence, isExact, state, positions } = cause;
  const n = positions.length;
  const rerun = (replace: boolean) => () =>
    session.run("rerun", { positions, mode: "queue", ...(replace ? {} : { replace }) });
  const choose = () => {
    session.filter.value = "error";
    session.select(positions);
  };
  return (
    <li data-status={state}>
      <b class="number">{format.whole(n)}</b>
      <span class="cause">
        {sentence || "The cloud gave no reason."}
        {!isExact && <small>and {format.count(n - 1, "more")} like it</small>}
      </span>
      <Pill state={state} />
      <span class="buttons">
        <Button kind="small" onClick={choose}>
          Select
        </Button>
        {!session.traits.read_only.value && (
          <>
            <Button kind="small" testid="rerun-cause" onClick={rerun(true)}>
              Rerun {format.whole(n)}
            </Button>
            <Button
              kind="small"
              label={`Keep failed too: rerun ${n} as new entries`}
              onClick={rerun(false)}
            >
              Keep failed too
            </Button>
          </>
        )}
      </span>
    </li>
  );
}

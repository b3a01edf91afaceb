/** The one action that the group needs now: send, stop, or the next step after its end. */

import { countWhere, isCancelable, type State } from "../data/states";
import * as format from "../format";
import type { Args, Command } from "../kernel/protocol";
import type { Session } from "../session";
import { Button } from "../ui/Button";
import { sets } from "../ui/hooks";
import type { Variant } from "../ui/Menu";
import { SplitButton } from "../ui/SplitButton";
import { runOrAsk } from "./Consent";
import { Preview } from "./Preview";
import { send } from "./SendForm";

export function Primary({ session }: { session: Session }) {
  const { counts, sender } = session.traits;
  if (sender.value) return <Stop session={session} />;
  if (counts.value.unsent) return <Send session={session} unsent={counts.value.unsent} />;
  if (countWhere(counts.value, isCancelable) > 0) return <Cancel session={session} />;
  return <Finished session={session} />;
}

export const does = (session: Session, name: Command, args: Args) => () => {
  session.run(name, args);
};

function Send({ session, unsent }: { session: Session; unsent: number }) {
  return (
    <SplitButton
      testid="primary"
      icon="running"
      kind="primary"
      label={`Send ${format.whole(unsent)}`}
      reason=""
      isPending={session.pending.value.has("run")}
      onClick={() => send(session)}
      variants={[
        {
          label: "One after the other…",
          hint: "each after the previous one has ended",
          onClick: sets(session.panel, "run"),
        },
        {
          label: `Remove the ${format.count(unsent, "unsent job")}`,
          testid: "remove-unsent",
          hint: "jobs that were sent stay",
          onClick: () => {
            const positions = session.rows.peek().table.where((state) => state === "unsent");
            runOrAsk(session, "group", "remove", positions, { state: "unsent" });
          },
        },
      ]}
      note={() => <Preview session={session} rerun={false} />}
    />
  );
}

/** Stops the sending in any process. */
function Stop({ session }: { session: Session }) {
  const { counts } = session.traits;
  const active = countWhere(counts.value, isCancelable);
  return (
    <SplitButton
      testid="stop"
      icon="stop"
      kind="strong"
      label="Stop"
      reason=""
      isPending={session.pending.value.has("stop")}
      onClick={does(session, "stop", {})}
      variants={[
        {
          label: "Stop sending",
          hint: "jobs on the cloud continue; the rest stays unsent",
          onClick: does(session, "stop", {}),
        },
        {
          label: active > 0 ? `Stop and cancel ${format.whole(active)}` : "Stop and cancel",
          testid: "stop-cancel",
          hint: "also cancel the jobs on the cloud",
          onClick: does(session, "stop", { cancel: true }),
        },
        pauseVariant(session),
      ]}
    />
  );
}

export function pauseVariant(session: Session): Variant {
  return session.traits.paused.value
    ? { label: "Resume sending", testid: "resume", onClick: does(session, "resume", {}) }
    : {
        label: "Pause sending",
        testid: "pause",
        hint: "in all processes, until you resume",
        onClick: does(session, "pause", {}),
      };
}

function Cancel({ session }: { session: Session }) {
  const active = countWhere(session.traits.counts.value, isCancelable);
  return (
    <Button
      icon="canceled"
      testid="cancel"
      isPending={session.pending.value.has("cancel")}
      onClick={cancelAll(session)}
    >
      Cancel {format.whole(active)} on the cloud
    </Button>
  );
}

function Finished({ session }: { session: Session }) {
  const { counts } = session.traits;
  const { error = 0, success = 0 } = counts.value;
  const isPlotted = session.view.value === "plot" || session.view.value === "both";
  return (
    <>
      <span class="finished" data-testid="finished">
        {finishedText(session)}
      </span>
      {error > 0 && (
        <SplitButton
          testid="primary"
          icon="rerun"
          kind="primary"
          label={`Rerun ${format.whole(error)}`}
          reason=""
          isPending={session.pending.value.has("rerun")}
          onClick={rerunFailed(session)}
          variants={rerunVariants(session)}
          note={() => <Preview session={session} rerun positions={failed(session)} />}
        />
      )}
      {success > 0 && !isPlotted && (
        <Button
          icon="chart"
          testid={error > 0 ? undefined : "primary"}
          onClick={sets(session.view, "plot")}
        >
          Plot
        </Button>
      )}
    </>
  );
}

/** The jobs that ended in error. In Python, a rerun of all failed jobs includes canceled ones. */
export const failed = (session: Session): number[] =>
  session.rows.value.table.where((state) => state === "error");

export const rerunFailed =
  (session: Session, args: Args = {}) =>
  () =>
    runOrAsk(session, "group", "rerun", failed(session), {
      state: "error",
      mode: "queue",
      ...args,
    });

/** Cancel the jobs on the cloud, or only those in one state. */
export const cancelAll = (session: Session, state?: State) => () => {
  const isMeant = (each: string) => (state ? each === state : isCancelable(each));
  const positions = session.rows.value.table.where(isMeant);
  runOrAsk(session, "group", "cancel", positions, state ? { state } : {});
};

export function rerunVariants(session: Session): Variant[] {
  return [
    {
      label: "Rerun as new jobs",
      hint: "keep the failed jobs in the list",
      onClick: rerunFailed(session, { replace: false }),
    },
    {
      label: "One after the other…",
      hint: "each after the previous one has ended",
      onClick: sets(session.panel, "rerun"),
    },
  ];
}

/** "Done in 41 s", or "Ended in 41 s · 8 failed · 1 canceled" if some jobs did not succeed. */
function finishedText(session: Session): string {
  const { table } = session.rows.value;
  const { error = 0, canceled = 0, refused = 0, unconfirmed = 0 } = session.traits.counts.value;
  let [first, last] = [Number.POSITIVE_INFINITY, 0];
  for (let p = 0; p < table.total; p++) {
    first = Math.min(first, table.number(p, "sent_at") ?? first);
    last = Math.max(last, table.number(p, "finished_at") ?? 0);
  }
  if (table.total === 0) return "";
  const rest = [
    [error, "failed"],
    [canceled, "canceled"],
    [refused, "refused"],
    [unconfirmed, "unconfirmed"],
  ] as const;
  const said = rest.flatMap(([n, word]) => (n > 0 ? [`${format.whole(n)} ${word}`] : []));
  const end = said.length > 0 ? "Ended" : "Done";
  const took = last > first ? `${end} in ${format.duration(last - first)}` : end;
  return [took, ...said].join(" · ");
}

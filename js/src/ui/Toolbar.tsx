/** What can be done to the whole group, or to the chosen jobs. */

import { actionsOf } from "../actions";
import { causesOf } from "../causes";
import * as format from "../format";
import type { Args, Command } from "../protocol";
import type { Session } from "../session";
import { isCancelable, isFailed, isUnsent } from "../states";
import { BellButton } from "./BellButton";
import { Button } from "./Button";
import { Exports } from "./Exports";
import { opens, sets } from "./hooks";
import type { Variant } from "./Menu";
import { Preview } from "./Preview";
import { roving } from "./roving";
import { Split } from "./Split";

export function Toolbar({ session }: { session: Session }) {
  const { counts, paused, read_only } = session.traits;
  const { panel } = session;
  const can = actionsOf(counts.current, paused.current);
  const does = (name: Command, args: Args) => () => session.run(name, args);
  const button = (name: Command, args: Args) => ({
    isPending: session.pending.current.has(name),
    onClick: does(name, args),
  });
  const noResults = counts.current.success ? "" : "No job has succeeded yet";
  return (
    <div class="toolbar" role="toolbar" aria-label="Group" {...roving}>
      {!read_only.current && (
        <>
          <Split
            testid="run"
            icon="running"
            kind="primary"
            {...can.run}
            {...button("run", { mode: "parallel" })}
            variants={runVariants(session, does)}
            note={(positions) => <Preview {...{ session, positions }} rerun={false} />}
          />
          <Split
            testid="rerun-failed"
            icon="rerun"
            {...can.rerunFailed}
            {...button("rerun", { mode: "parallel" })}
            variants={rerunVariants(session, does)}
            note={(positions) => <Preview {...{ session, positions }} rerun />}
          />
          <Split
            testid="cancel"
            icon="canceled"
            {...can.cancel}
            {...button("cancel", {})}
            variants={cancelVariants(session, does)}
          />
          <Split
            testid="pause"
            icon={paused.current ? "running" : "suspended"}
            {...can.pause}
            {...button(paused.current ? "resume" : "pause", {})}
          />
        </>
      )}
      <span class="buttons">
        {/* Once open, what it opened carries the name for tests. */}
        <Button
          icon="chart"
          testid={panel.current === "results" ? undefined : "results"}
          reason={noResults}
          {...opens(panel, "results")}
        >
          Results
        </Button>
        <Exports session={session} />
        <Button
          icon="slots"
          testid="timeline"
          label="When each job waited and ran"
          {...opens(panel, "slots")}
        />
        <BellButton session={session} />
        {!read_only.current && (
          <Button
            icon="trash"
            kind="danger"
            testid="delete"
            label="Delete this group…"
            {...opens(panel, "delete")}
          >
            Delete…
          </Button>
        )}
      </span>
    </div>
  );
}

type Does = (name: Command, args: Args) => () => void;

function runVariants(session: Session, does: Does): Variant[] {
  const unsent = chosen(session, isUnsent);
  return [
    {
      label: "All at once",
      hint: "as many as the plan allows",
      onClick: does("run", { mode: "parallel" }),
    },
    ...slowly(session, "run", does),
    ...these(unsent, "selected", "run", does),
    nextVariant(unsent, does),
  ];
}

function nextVariant(positions: number[], does: Does): Variant {
  return {
    label: `Next: the ${positions.length > 0 ? `${format.whole(positions.length)} ` : ""}selected`,
    hint: "before the others, also in a run that goes on",
    reason: positions.length > 0 ? "" : "No unsent job is selected",
    onClick: does("prioritize", { positions }),
  };
}

function rerunVariants(session: Session, does: Does): Variant[] {
  return [
    ...these(chosen(session, isFailed), "selected", "rerun", does),
    {
      label: "Keep the failed jobs in the list too",
      hint: "the reruns are added at its end",
      onClick: does("rerun", { mode: "parallel", replace: false }),
    },
    ...slowly(session, "rerun", does),
    {
      label: "By cause…",
      hint: format.count(causesOf(session.table).length, "cause"),
      onClick: sets(session.panel, "causes"),
    },
  ];
}

function slowly(session: Session, command: "run" | "rerun", does: Does): Variant[] {
  return [
    {
      label: "As slots come free",
      hint: "keeps the plan's queue full until all are sent",
      onClick: does(command, { mode: "queue" }),
    },
    {
      label: "One after the other…",
      hint: "each when the one before it is complete",
      onClick: sets(session.panel, command),
    },
  ];
}

function cancelVariants(session: Session, does: Does): Variant[] {
  const waiting = session.table.where((state) => state === "waiting");
  return [
    ...these(chosen(session, isCancelable), "selected", "cancel", does),
    ...these(waiting, "waiting", "cancel", does),
  ];
}

function chosen(session: Session, is: (state: string) => boolean): number[] {
  return [...session.selected.current].filter((position) => is(session.table.state(position)));
}

function these(positions: number[], which: string, name: Command, does: Does): Variant[] {
  if (positions.length === 0) return [];
  const label = `Only the ${format.whole(positions.length)} ${which}`;
  return [{ label, positions, onClick: does(name, { positions }) }];
}

/** What can be done to the whole group, or to the chosen jobs. */

import { actionsOf } from "../data/actions";
import { causesOf } from "../data/causes";
import {
  countOf,
  countWhere,
  isCancelable,
  isRerunnable,
  isTerminal,
  isUnsent,
} from "../data/states";
import * as format from "../format";
import type { Args, Command } from "../kernel/protocol";
import type { Session } from "../session";
import { Button } from "../ui/Button";
import { opens, sets } from "../ui/hooks";
import type { Variant } from "../ui/Menu";
import { roving } from "../ui/roving";
import { SplitButton, type Props as SplitProps } from "../ui/SplitButton";
import { Exports } from "./Exports";
import { NotifyButton } from "./NotifyButton";
import { Preview } from "./Preview";
import { send } from "./SendForm";

export function Toolbar({ session }: { session: Session }) {
  const { counts, paused, read_only, sender } = session.traits;
  const { panel } = session;
  const can = actionsOf(counts.value, paused.value);
  const does = (name: Command, args: Args) => () => session.run(name, args);
  const button = (name: Command, args: Args) => ({
    isPending: session.pending.value.has(name),
    onClick: does(name, args),
  });
  const isOver =
    countOf(counts.value) > 0 && countWhere(counts.value, isTerminal) === countOf(counts.value);
  return (
    <div class="toolbar" role="toolbar" aria-label="Group" {...roving}>
      {!read_only.value && (
        <>
          {sender.value ? (
            <SplitButton
              testid="stop"
              icon="stop"
              label="Stop"
              reason=""
              {...button("stop", {})}
              variants={[
                {
                  label: "Stop sending",
                  hint: "unsent jobs stay unsent, jobs on the cloud continue",
                  onClick: does("stop", {}),
                },
                {
                  label: "Stop and cancel",
                  hint: "also cancel what is on the cloud",
                  onClick: does("stop", { cancel: true }),
                },
                nextVariant(chosen(session, isUnsent), does),
              ]}
            />
          ) : (
            <Action
              isOver={isOver}
              testid="run"
              icon="running"
              kind="primary"
              {...can.run}
              isPending={session.pending.value.has("run")}
              onClick={() => send(session)}
              variants={runVariants(session, does)}
              note={(positions) => <Preview {...{ session, positions }} rerun={false} />}
            />
          )}
          <Action
            isOver={isOver}
            testid="rerun-failed"
            icon="rerun"
            {...can.rerunFailed}
            {...button("rerun", { mode: "queue" })}
            variants={rerunVariants(session, does)}
            note={(positions) => <Preview {...{ session, positions }} rerun />}
          />
          <Action
            isOver={isOver}
            testid="cancel"
            icon="canceled"
            {...can.cancel}
            {...button("cancel", {})}
            variants={cancelVariants(session, does)}
          />
          <Action
            isOver={isOver}
            testid="pause"
            icon={paused.value ? "running" : "suspended"}
            {...can.pause}
            {...button(paused.value ? "resume" : "pause", {})}
          />
        </>
      )}
      <span class="buttons">
        <Exports session={session} />
        <NotifyButton session={session} />
        {!read_only.value && (
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

/** Once all has ended, what cannot be done is not there; until then it stays in its place. */
function Action({ isOver, ...button }: SplitProps & { isOver: boolean }) {
  return isOver && button.reason ? null : <SplitButton {...button} />;
}

type Does = (name: Command, args: Args) => () => void;

function runVariants(session: Session, does: Does): Variant[] {
  const unsent = chosen(session, isUnsent);
  return [
    slowly(session, "run"),
    ...these(unsent, "selected", "run", does),
    nextVariant(unsent, does),
  ];
}

function nextVariant(positions: number[], does: Does): Variant {
  return {
    label: `Next: the ${positions.length > 0 ? `${format.whole(positions.length)} ` : ""}selected`,
    hint: "ahead of the other jobs, even during a run",
    reason: positions.length > 0 ? "" : "No unsent job is selected",
    onClick: does("prioritize", { positions }),
  };
}

function rerunVariants(session: Session, does: Does): Variant[] {
  return [
    ...these(chosen(session, isRerunnable), "selected", "rerun", does),
    {
      label: "Keep the failed jobs in the list too",
      hint: "the reruns are added at its end",
      onClick: does("rerun", { mode: "queue", replace: false }),
    },
    slowly(session, "rerun"),
    {
      label: "By cause…",
      hint: format.count(causesOf(session.rows.value.table).length, "cause"),
      onClick: sets(session.panel, "causes"),
    },
  ];
}

function slowly(session: Session, command: "run" | "rerun"): Variant {
  return {
    label: "One after the other…",
    hint: "each when the one before it is complete",
    onClick: sets(session.panel, command),
  };
}

function cancelVariants(session: Session, does: Does): Variant[] {
  const waiting = session.rows.value.table.where((state) => state === "waiting");
  return [
    ...these(chosen(session, isCancelable), "selected", "cancel", does),
    ...these(waiting, "waiting", "cancel", does),
  ];
}

function chosen(session: Session, is: (state: string) => boolean): number[] {
  return [...session.selected.value].filter((position) =>
    is(session.rows.value.table.state(position)),
  );
}

function these(positions: number[], which: string, name: Command, does: Does): Variant[] {
  if (positions.length === 0) return [];
  const label = `Only the ${format.whole(positions.length)} ${which}`;
  return [
    {
      label,
      positions,
      onClick: does(name, { positions, ...(name === "cancel" ? {} : { mode: "queue" }) }),
    },
  ];
}

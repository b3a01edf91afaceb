/** Deleting groups: those chosen, those made before a date, or all; each with its extra step. */

import type { Done, GroupSummary } from "../answers";
import * as format from "../format";
import type { Session } from "../session";
import { type Counts, countOf, countWhere, isOnCloud } from "../states";
import { Button } from "./Button";
import { type GroupsState, sizeOf } from "./Groups";
import { opens, sets, typed, useSignal } from "./hooks";
import { roving } from "./roving";
import { Step } from "./Step";

/** Which groups are to go. */
export type Doomed = "" | "chosen" | "older" | "all";

const WORD = "delete";

interface Props {
  session: Session;
  state: GroupsState;
  groups: GroupSummary[];
}

export function Disposal({ session, state, groups }: Props) {
  const chosen = groups.filter(({ name }) => state.chosen.current.has(name));
  const none = groups.length === 0 ? "There is no group" : "";
  const asks = (step: Doomed, reason: string) => ({
    testid: `delete-${step}`,
    reason,
    ...opens(state.step, step),
  });
  const deleted = state.deleted.current;
  return (
    <>
      <div class="toolbar" role="toolbar" aria-label="Groups" {...roving}>
        <Button
          icon="trash"
          kind="danger"
          {...asks("chosen", chosen.length > 0 ? "" : none || "No group is chosen")}
        >
          {chosen.length > 0 ? `Delete ${chosen.length}…` : "Delete chosen…"}
        </Button>
        <Button {...asks("older", none)}>Delete older than…</Button>
        <Button {...asks("all", none)}>Delete all…</Button>
        {deleted.length > 0 && (
          <Button
            icon="undo"
            testid="undo"
            onClick={async () => {
              state.deleted.current = [];
              await session.run("restore", { names: deleted });
              state.changes.current += 1;
            }}
          >
            Undo
          </Button>
        )}
      </div>
      {state.step.current && (
        <Deletion key={state.step.current} {...{ session, state, groups, chosen }} />
      )}
    </>
  );
}

function Deletion({ session, state, groups, chosen }: Props & { chosen: GroupSummary[] }) {
  const step = state.step.current;
  const date = useSignal(new Date().toLocaleDateString("sv").slice(0, 8).concat("01"));
  const word = useSignal("");
  const before = new Date(`${date.current}T00:00`).getTime() / 1000;
  const older = groups.filter(({ created }) => created !== null && created < before);
  const doomed = step === "chosen" ? chosen : step === "older" ? older : groups;
  const isSure = step !== "all" || word.current.trim().toLowerCase() === WORD;
  const close = sets(state.step, "");
  const remove = async () => {
    const names = doomed.map(({ name }) => name);
    close();
    const value = (await session.run("delete", { names })) as Done;
    state.deleted.current = value?.done ?? [];
    state.chosen.current = new Set(Object.keys(value?.failed ?? {}));
    state.changes.current += 1;
  };
  return (
    <Step
      label="Delete groups?"
      go={{
        testid: "delete-confirm",
        reason: doomed.length === 0 ? "No group is that old" : isSure ? "" : `Type ${WORD} first`,
        onClick: remove,
        children: `Delete ${format.count(doomed.length, "group")}`,
      }}
      close={close}
    >
      {step === "older" && (
        <label>
          Made before{" "}
          <input type="date" testid="before" aria-label="Made before" {...typed(date)} />
        </label>
      )}
      {step === "all" && (
        <label>
          Type <b>{WORD}</b> to delete them all{" "}
          <input testid="word" aria-label={`Type ${WORD}`} {...typed(word)} />
        </label>
      )}
      <p>
        {totalOf(doomed)} leave this list for the trash, from which they can be had back; results on
        the cloud stay.
      </p>
    </Step>
  );
}

/** "3 groups, 40 jobs, 1.2 MB, 2 jobs still on the cloud," */
function totalOf(groups: GroupSummary[]) {
  const sum = (of: (counts: Counts) => number) =>
    groups.reduce((total, { counts }) => total + of(counts), 0);
  const onCloud = sum((counts) => countWhere(counts, isOnCloud));
  return (
    <>
      <b>{format.count(groups.length, "group")}</b>, {format.count(sum(countOf), "job")},{" "}
      {format.bytes(sizeOf(groups))}
      {onCloud > 0 && <b>, {format.count(onCloud, "job")} still on the cloud</b>},
    </>
  );
}

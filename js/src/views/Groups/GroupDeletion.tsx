/** Deleting groups: those chosen, those made before a date, or all; each with its extra step. */

import { useSignal } from "@preact/signals";
import { type Counts, countOf, countWhere, isOnCloud } from "../../data/states";
import * as format from "../../format";
import type { Done, GroupSummary } from "../../kernel/answers";
import type { Session } from "../../session";
import { Button } from "../../ui/Button";
import { opens, sets, typed } from "../../ui/hooks";
import { InlineForm } from "../../ui/InlineForm";
import { roving } from "../../ui/roving";
import { type DeleteScope, type GroupsState, sizeOf } from "./state";

const WORD = "delete";

interface Props {
  session: Session;
  state: GroupsState;
  groups: GroupSummary[];
}

export function GroupToolbar({ session, state, groups }: Props) {
  const chosen = groups.filter(({ name }) => state.chosen.value.has(name));
  const none = groups.length === 0 ? "There is no group" : "";
  const asks = (step: DeleteScope, reason: string) => ({
    testid: `delete-${step}`,
    reason,
    ...opens(state.step, step),
  });
  const deleted = state.deleted.value;
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
              state.deleted.value = [];
              await session.run("restore", { names: deleted });
              state.changes.value += 1;
            }}
          >
            Undo
          </Button>
        )}
      </div>
      {state.step.value && (
        <Deletion key={state.step.value} {...{ session, state, groups, chosen }} />
      )}
    </>
  );
}

function Deletion({ session, state, groups, chosen }: Props & { chosen: GroupSummary[] }) {
  const step = state.step.value;
  const date = useSignal(new Date().toLocaleDateString("sv").slice(0, 8).concat("01"));
  const word = useSignal("");
  const before = new Date(`${date.value}T00:00`).getTime() / 1000;
  const older = groups.filter(({ created }) => created !== null && created < before);
  const doomed = step === "chosen" ? chosen : step === "older" ? older : groups;
  const isSure = step !== "all" || word.value.trim().toLowerCase() === WORD;
  const close = sets(state.step, "");
  const remove = async () => {
    const names = doomed.map(({ name }) => name);
    close();
    const value = (await session.run("delete", { names })) as Done;
    state.deleted.value = value?.done ?? [];
    state.chosen.value = new Set(Object.keys(value?.failed ?? {}));
    state.changes.value += 1;
  };
  return (
    <InlineForm
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
          <input type="date" data-testid="before" aria-label="Made before" {...typed(date)} />
        </label>
      )}
      {step === "all" && (
        <label>
          Type <b>{WORD}</b> to delete them all{" "}
          <input data-testid="word" aria-label={`Type ${WORD}`} {...typed(word)} />
        </label>
      )}
      <p>
        {totalOf(doomed)} move to the trash. You can restore them from there. Results on the cloud
        stay.
      </p>
    </InlineForm>
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

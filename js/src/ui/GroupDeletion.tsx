/** Deleting groups: those chosen, those made before a date, or all; each with its extra step. */

import type { GroupSummary } from "../answers";
import * as format from "../format";
import type { Session } from "../session";
import { type Counts, countOf, countWhere, isOnCloud } from "../states";
import { Button } from "./Button";
import { useEffect, useRef } from "./dom";
import { type GroupsState, sizeOf } from "./Groups";
import { useSignal } from "./hooks";
import { roving } from "./roving";

/** Which groups are to go. */
export type Doomed = "" | "chosen" | "older" | "all";

const WORD = "delete";

interface Props {
  session: Session;
  state: GroupsState;
  groups: GroupSummary[];
}

export function Disposal({ session, state, groups }: Props) {
  const chosen = groups.filter(({ name }) => state.chosen.value.has(name));
  const none = groups.length === 0 ? "There is no group" : "";
  const opens = (step: Doomed, isPossible: boolean, reason: string) => ({
    testid: `delete-${step}`,
    isOpen: state.step.value === step,
    reason: isPossible ? "" : reason,
    onClick: () => {
      state.step.value = state.step.value === step ? "" : step;
    },
  });
  const deleted = state.deleted.value;
  return (
    <>
      <div class="toolbar" role="toolbar" aria-label="Groups" {...roving}>
        <Button
          icon="trash"
          kind="danger"
          {...opens("chosen", chosen.length > 0, none || "No group is chosen")}
        >
          {chosen.length > 0 ? `Delete ${chosen.length}…` : "Delete chosen…"}
        </Button>
        <Button {...opens("older", !none, none)}>Delete older than…</Button>
        <Button {...opens("all", !none, none)}>Delete all…</Button>
        {deleted.length > 0 && (
          <Button
            icon="undo"
            testid="undo"
            onClick={async () => {
              state.deleted.value = [];
              await session.run("restore", { names: deleted }, "Undo asked…");
              state.changes.value += 1;
            }}
          >
            Undo
          </Button>
        )}
      </div>
      {state.step.value && (
        <Step key={state.step.value} {...{ session, state, groups }} chosen={chosen} />
      )}
    </>
  );
}

function Step({ session, state, groups, chosen }: Props & { chosen: GroupSummary[] }) {
  const step = state.step.value;
  const date = useSignal(new Date().toLocaleDateString("sv").slice(0, 8).concat("01"));
  const word = useSignal("");
  const first = useRef<HTMLElement>();
  useEffect(() => first.current?.querySelector<HTMLElement>("input, button")?.focus(), []);
  const before = new Date(`${date.value}T00:00`).getTime() / 1000;
  const older = groups.filter(({ created }) => created !== null && created < before);
  const doomed = step === "chosen" ? chosen : step === "older" ? older : groups;
  const isSure = step !== "all" || word.value.trim().toLowerCase() === WORD;
  const reason = doomed.length === 0 ? "No group is that old" : isSure ? "" : `Type ${WORD} first`;
  const close = () => {
    state.step.value = "";
  };
  const remove = async () => {
    if (reason) return;
    const names = doomed.map(({ name }) => name);
    close();
    const value = await session.run("delete", { names }, "Deletion asked…");
    state.deleted.value = (value as { done?: string[] } | null)?.done ?? [];
    state.chosen.value = new Set(Object.keys((value as Failed)?.failed ?? {}));
    state.changes.value += 1;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") close();
    else if (event.key === "Enter" && event.target instanceof HTMLInputElement) remove();
  };
  return (
    <section ref={first} class="step" aria-label="Delete groups?" onKeyDown={onKeyDown}>
      {step === "older" && (
        <label>
          Made before{" "}
          <input
            type="date"
            data-testid="before"
            aria-label="Made before"
            value={date.value}
            onInput={(event) => {
              date.value = event.currentTarget.value;
            }}
          />
        </label>
      )}
      {step === "all" && (
        <label>
          Type <b>{WORD}</b> to delete them all{" "}
          <input
            data-testid="word"
            aria-label={`Type ${WORD}`}
            value={word.value}
            onInput={(event) => {
              word.value = event.currentTarget.value;
            }}
          />
        </label>
      )}
      <p>
        {totalOf(doomed)} leave this list. They can be had back for 7 days; results on the cloud
        stay.
      </p>
      <span class="buttons">
        <Button kind="filled" testid="delete-confirm" reason={reason} onClick={remove}>
          {`Delete ${format.count(doomed.length, "group")}`}
        </Button>
        <Button onClick={close}>Keep</Button>
      </span>
    </section>
  );
}

type Failed = { failed?: Record<string, string> } | null;

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

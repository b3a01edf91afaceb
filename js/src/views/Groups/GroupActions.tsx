/** Actions on the selected groups, and cleaning up; names are listed before a deletion. */

import { useSignal } from "@preact/signals";
import { isFinished, sizeOf } from "../../data/groups";
import { MAX_COMPARED_GROUPS, TRASH_RETENTION_DAYS } from "../../data/limits";
import { type Counts, countOf, countWhere, isOnCloud } from "../../data/states";
import * as format from "../../format";
import type { Done, GroupSummary } from "../../kernel/answers";
import type { Session } from "../../session";
import { Button } from "../../ui/Button";
import { sets, typed } from "../../ui/hooks";
import { InlineForm } from "../../ui/InlineForm";
import { Menu } from "../../ui/Menu";
import { roving } from "../../ui/roving";
import { GroupComparison } from "./GroupComparison";
import type { DeleteScope, GroupsState } from "./state";

const WORD = "delete";

/** Maximum number of groups that are named before a deletion; the others are counted. */
const MAX_NAMED_GROUPS = 50;

interface Props {
  session: Session;
  state: GroupsState;
  groups: GroupSummary[];
  chosen: GroupSummary[];
}

export function GroupActions(props: Props) {
  const { session, state, groups, chosen } = props;
  const names = chosen.map(({ name }) => name);
  const deleted = state.deleted.value;
  const cleansUp = (label: string, hint: string, scope: DeleteScope) => ({
    label,
    hint,
    onClick: sets(state.step, scope),
  });
  return (
    <>
      <div class="toolbar" role="toolbar" aria-label="Groups" {...roving}>
        {names.length > 0 && (
          <span class="buttons chosen" data-testid="group-selection">
            <b>{format.whole(names.length)} selected</b>
            <Button
              reason={names.length === 1 ? "" : "More than one group is selected"}
              onClick={() => session.run("open", { name: names[0] ?? "" })}
            >
              Open
            </Button>
            <Button
              icon="chart"
              testid="compare-selected"
              isOpen={state.isComparing.value}
              reason={reasonNotToCompare(names.length)}
              onClick={sets(state.isComparing, true)}
            >
              Compare
            </Button>
            <Button icon="export" onClick={() => session.run("export", { names })}>
              Export
            </Button>
            <Button
              icon="trash"
              kind="danger"
              testid="delete-selected"
              isOpen={state.step.value === "selected"}
              onClick={sets(state.step, "selected")}
            >
              Delete…
            </Button>
            <Button onClick={sets(state.chosen, new Set<string>())}>Clear</Button>
          </span>
        )}
        {names.length === 0 && groups.length > 0 && state.filter.value !== "trash" && (
          <span class="quiet">Select groups to compare, export or delete them.</span>
        )}
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
        <span class="buttons">
          <Menu
            label="More: clean up"
            icon="caret"
            testid="more"
            reason={groups.length > 0 ? "" : "There are no groups"}
            variants={[
              cleansUp("Clean up older groups…", "created before a date", "older"),
              cleansUp("Clean up exported groups…", "finished, and exported since", "exported"),
              cleansUp("Clean up empty groups…", "groups without jobs", "empty"),
              cleansUp("Clean up all groups…", "everything in this list", "all"),
            ]}
          >
            More
          </Menu>
        </span>
      </div>
      {state.step.value && <Deletion key={state.step.value} {...props} />}
      {state.isComparing.value && !reasonNotToCompare(names.length) && (
        <GroupComparison
          key={names.join("/")}
          {...{ session, names }}
          close={sets(state.isComparing, false)}
        />
      )}
    </>
  );
}

const reasonNotToCompare = (count: number): string =>
  count >= 2 && count <= MAX_COMPARED_GROUPS
    ? ""
    : `Select 2 to ${MAX_COMPARED_GROUPS} groups to compare`;

function Deletion({ session, state, groups, chosen }: Props) {
  const step = state.step.value;
  const date = useSignal(`${format.dayOf(new Date()).slice(0, 8)}01`);
  const word = useSignal("");
  const before = new Date(`${date.value}T00:00`).getTime() / 1000;
  const doomed = {
    "": [],
    selected: chosen,
    older: groups.filter(({ created }) => created !== null && created < before),
    exported: groups.filter(({ counts, is_exported }) => is_exported && isFinished(counts)),
    empty: groups.filter(({ counts, error }) => !error && countOf(counts) === 0),
    all: groups,
  }[step];
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
        reason: doomed.length === 0 ? "No group matches" : isSure ? "" : `Type ${WORD} first`,
        onClick: remove,
        children: `Delete ${format.count(doomed.length, "group")}`,
      }}
      close={close}
    >
      {step === "older" && (
        <label>
          Created before{" "}
          <input type="date" data-testid="before" aria-label="Created before" {...typed(date)} />
        </label>
      )}
      {step === "all" && (
        <label>
          Type <b>{WORD}</b> to delete all groups{" "}
          <input data-testid="word" aria-label={`Type ${WORD}`} {...typed(word)} />
        </label>
      )}
      <div>
        <ul class="doomed" data-testid="doomed">
          {doomed.slice(0, MAX_NAMED_GROUPS).map(({ name, counts, size_bytes }) => (
            <li key={name}>
              <b>
                <bdi>{name}</bdi>
              </b>{" "}
              {format.count(countOf(counts), "job")}, {format.bytes(size_bytes)}
            </li>
          ))}
          {doomed.length > MAX_NAMED_GROUPS && (
            <li>and {format.count(doomed.length - MAX_NAMED_GROUPS, "more group")}</li>
          )}
        </ul>
        <p>{totalOf(doomed)}</p>
      </div>
    </InlineForm>
  );
}

/** "3 groups (40 jobs, 1.2 MB) will move to the trash. …" */
function totalOf(groups: GroupSummary[]) {
  const sum = (of: (counts: Counts) => number) =>
    groups.reduce((total, { counts }) => total + of(counts), 0);
  const onCloud = sum((counts) => countWhere(counts, isOnCloud));
  return (
    <>
      {format.count(groups.length, "group")} ({format.count(sum(countOf), "job")},{" "}
      {format.bytes(sizeOf(groups))}) will move to the trash. You can restore them for{" "}
      {TRASH_RETENTION_DAYS} days. Results on the cloud are not affected.{" "}
      {onCloud > 0 && <b>{format.count(onCloud, "job")} will continue on the cloud.</b>}
    </>
  );
}

/** Groups, or the trash, as a table to sort, select from and open. */

import { stateText } from "../../data/groups";
import { toggled } from "../../data/immutableSet";
import { countOf } from "../../data/states";
import * as format from "../../format";
import type { GroupSummary } from "../../kernel/answers";
import type { Session } from "../../session";
import { Button } from "../../ui/Button";
import { DataTable, type Row } from "../../ui/DataTable";
import { sets } from "../../ui/hooks";
import { Segments } from "../Progress";
import type { GroupsState } from "./state";

/** Maximum number of rows; laying out more would take the browser seconds. */
const MAX_GROUP_ROWS = 200;

interface Props {
  session: Session;
  state: GroupsState;
  isTrash: boolean;
  groups: GroupSummary[];
}

export function GroupTable({ groups, ...props }: Props) {
  const { session, isTrash, state } = props;
  const first = session.traits.read_only.value || isTrash ? "" : "Selected";
  const most = state.isWhole.value ? groups.length : MAX_GROUP_ROWS;
  return (
    <>
      <DataTable
        head={[
          { title: first },
          { title: "Name" },
          { title: "State" },
          { title: "Swept" },
          { title: "Jobs", isNumber: true },
          { title: "Size", isNumber: true },
          { title: "Changed", isNumber: true },
        ]}
        sort={state.sort}
        rows={groups.map((group) => rowOf(group, props))}
        most={most}
      />
      {groups.length > most && (
        <p class="buttons quiet">
          {format.whole(most)} of {format.whole(groups.length)} groups are shown. Search to find
          others.
          <Button kind="small" onClick={sets(state.isWhole, true)}>
            Show all
          </Button>
        </p>
      )}
    </>
  );
}

function rowOf(group: GroupSummary, props: Omit<Props, "groups">): Row {
  const { session, state, isTrash } = props;
  const { name, counts, modified, size_bytes, swept } = group;
  const isChosen = !isTrash && state.chosen.value.has(name);
  return {
    key: name,
    testid: isTrash ? `trashed-${name}` : `listed-${name}`,
    isChosen,
    values: [
      Number(isChosen),
      name,
      stateText(group),
      swept.join(", "),
      countOf(counts),
      size_bytes,
      modified,
    ],
    cells: () => cellsOf(group, isChosen, session.now.value, props),
  };
}

function cellsOf(
  group: GroupSummary,
  isChosen: boolean,
  now: number,
  { session, state, isTrash }: Omit<Props, "groups">,
) {
  const { name, counts, modified, size_bytes, error, description, swept } = group;
  const isReadOnly = session.traits.read_only.value;
  return [
    isTrash || isReadOnly ? null : (
      <input
        type="checkbox"
        aria-label={`Select ${name}`}
        checked={isChosen}
        onChange={() => {
          state.chosen.value = toggled(state.chosen.value, name);
        }}
      />
    ),
    <span key="name" class="group-name">
      {isTrash ? <b>{name}</b> : <Open session={session} name={name} />}
      {description && <small>{description}</small>}
    </span>,
    <span key="state" class="group-state">
      <span class={error ? "stale" : undefined}>{stateText(group)}</span>
      {!error && countOf(counts) > 0 && (
        <span class="bar thin">
          <Segments counts={counts} />
        </span>
      )}
    </span>,
    <span key="swept" class="group-swept">
      {swept.join(", ")}
    </span>,
    format.whole(countOf(counts)),
    format.bytes(size_bytes),
    <span key="changed">
      {format.clock(modified, now)}
      {isTrash && !isReadOnly && <Restore session={session} state={state} name={name} />}
    </span>,
  ];
}

function Open({ session, name }: { session: Session; name: string }) {
  return (
    <button
      class="link"
      data-testid={`group-${name}`}
      onClick={() => session.run("open", { name })}
    >
      {name}
    </button>
  );
}

interface RestoreProps {
  session: Session;
  state: GroupsState;
  name: string;
}

function Restore({ session, state, name }: RestoreProps) {
  return (
    <Button
      kind="small"
      testid={`restore-${name}`}
      label={`Restore ${name}`}
      onClick={async () => {
        await session.run("restore", { names: [name] });
        state.changes.value += 1;
      }}
    >
      Restore
    </Button>
  );
}

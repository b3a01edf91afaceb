/** Groups, or what the trash has, as a table to sort, choose from and open. */

import { toggled } from "../../data/immutableSet";
import { countOf } from "../../data/states";
import * as format from "../../format";
import type { GroupSummary } from "../../kernel/answers";
import type { Session } from "../../session";
import { Button } from "../../ui/Button";
import { DataTable, type Row } from "../../ui/DataTable";
import { Segments } from "../Progress";
import type { GroupsState } from "./state";

interface Props {
  session: Session;
  state: GroupsState;
  isTrash: boolean;
  groups: GroupSummary[];
}

export function GroupTable({ groups, ...props }: Props) {
  const { session, isTrash, state } = props;
  const first = session.traits.read_only.value || isTrash ? "" : "Chosen";
  return (
    <DataTable
      head={[
        { title: first },
        { title: "Name" },
        { title: "Jobs", isNumber: true },
        { title: "Created", isNumber: true },
        { title: "Modified", isNumber: true },
        { title: "Size", isNumber: true },
      ]}
      sort={state.sort}
      rows={groups.map((group) => rowOf(group, props))}
    />
  );
}

function rowOf(group: GroupSummary, { session, state, isTrash }: Omit<Props, "groups">): Row {
  const { name, counts, created, modified, size_bytes, error, description } = group;
  const now = session.now.value;
  const jobs = countOf(counts);
  const isChosen = state.chosen.value.has(name);
  const isReadOnly = session.traits.read_only.value;
  return {
    key: name,
    testid: isTrash ? `trashed-${name}` : `listed-${name}`,
    isChosen,
    values: [Number(isChosen), name, jobs, created, modified, size_bytes],
    cells: [
      isTrash || isReadOnly ? null : (
        <input
          type="checkbox"
          aria-label={`Choose ${name}`}
          checked={isChosen}
          onChange={() => {
            state.chosen.value = toggled(state.chosen.value, name);
          }}
        />
      ),
      <span key="name" class="group-name">
        {isTrash ? <b>{name}</b> : <Open session={session} name={name} />}
        {(error || description) && <small>{error || description}</small>}
        {!error && (
          <span class="bar thin">
            <Segments counts={counts} />
          </span>
        )}
      </span>,
      format.whole(jobs),
      format.clock(created, now),
      format.clock(modified, now),
      <span key="size">
        {format.bytes(size_bytes)}
        {isTrash && !isReadOnly && <Restore session={session} state={state} name={name} />}
      </span>,
    ],
  };
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

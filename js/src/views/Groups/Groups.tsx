/** All groups of this machine: what they hold, how large they are, and what can be done to them. */

import { useState } from "preact/hooks";
import * as format from "../../format";
import type { GroupsAnswer } from "../../kernel/answers";
import type { Session } from "../../session";
import { Button } from "../../ui/Button";
import { sets } from "../../ui/hooks";
import { Search } from "../Filters";
import { Loaded } from "../Loaded";
import { useAnswer } from "../useAnswer";
import { GroupToolbar } from "./GroupDeletion";
import { GroupTable } from "./GroupTable";
import { type GroupsState, newState, sizeOf } from "./state";

export function Groups({ session }: { session: Session }) {
  const state = useState(newState)[0];
  const answer = useAnswer<GroupsAnswer>(session, "groups", {}, String(state.changes.value));
  return (
    <section class="groups" data-testid="groups" aria-label="All job groups">
      <Loaded answer={answer}>
        {(known) => <Lists session={session} state={state} known={known} />}
      </Loaded>
    </section>
  );
}

interface Props {
  session: Session;
  state: GroupsState;
  known: GroupsAnswer;
}

function Lists({ session, state, known }: Props) {
  const { groups, trash } = known;
  const isTrash = state.isTrash.value && trash.length > 0;
  const words = state.search.value.toLowerCase();
  const shown = (isTrash ? trash : groups).filter(({ name, description }) =>
    `${name}\n${description}`.toLowerCase().includes(words),
  );
  return (
    <>
      <header>
        <h2>Job groups</h2>
        <p class="facts">
          <span>{format.count(groups.length, "group")}</span>
          <span>{format.bytes(sizeOf(groups))} on disk</span>
        </p>
      </header>
      {!session.traits.read_only.value && <GroupToolbar {...{ session, state, groups }} />}
      <div class="filters">
        <fieldset class="chips" aria-label="Show">
          <Chip name="Groups" count={groups.length} isOn={!isTrash} state={state} isTrash={false} />
          {trash.length > 0 && (
            <Chip name="Trash" count={trash.length} isOn={isTrash} state={state} isTrash={true} />
          )}
        </fieldset>
        <Search
          label="Search groups by name or description"
          hint="Name, description"
          words={state.search}
        />
      </div>
      {groups.length + trash.length === 0 && (
        <div class="empty">
          <p>No group yet. Make the first one:</p>
          <pre>{'jg = JobGroup("my first group")'}</pre>
        </div>
      )}
      {shown.length === 0 && words && (
        <div class="empty">
          <p>No name or description has “{state.search.value}” in it.</p>
          <Button onClick={sets(state.search, "")}>Show all</Button>
        </div>
      )}
      {shown.length > 0 && <GroupTable {...{ session, state, isTrash }} groups={shown} />}
    </>
  );
}

interface ChipProps {
  name: string;
  count: number;
  isOn: boolean;
  isTrash: boolean;
  state: GroupsState;
}

function Chip({ name, count, isOn, isTrash, state }: ChipProps) {
  return (
    <button
      class="chip"
      data-testid={`chip-${name.toLowerCase()}`}
      aria-pressed={isOn}
      onClick={sets(state.isTrash, isTrash)}
    >
      {name} <b>{count}</b>
    </button>
  );
}

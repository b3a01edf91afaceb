/** All groups of this machine: what they hold, how large they are, and what can be done to them. */

import type { GroupSummary, GroupsAnswer } from "../answers";
import * as format from "../format";
import type { Session } from "../session";
import { type Signal, signal } from "../signals";
import { Button } from "./Button";
import { Known } from "./Detail";
import { useOnce } from "./dom";
import { Search } from "./Filters";
import { Disposal, type Doomed } from "./GroupDeletion";
import { GroupTable } from "./GroupTable";
import { sets, useAnswer } from "./hooks";

/** What a person has chosen here; it is no trait, since it concerns no group. */
export interface GroupsState {
  search: Signal<string>;
  chosen: Signal<ReadonlySet<string>>;
  isTrash: Signal<boolean>;
  /** Which deletion is being asked about. */
  step: Signal<Doomed>;
  /** What was deleted last, to be had back. */
  deleted: Signal<readonly string[]>;
  sort: Signal<number>;
  /** Grows with every change, so that the list is asked for again. */
  changes: Signal<number>;
}

const newState = (): GroupsState => ({
  search: signal(""),
  chosen: signal<ReadonlySet<string>>(new Set<string>()),
  isTrash: signal(false),
  step: signal<Doomed>(""),
  deleted: signal<readonly string[]>([]),
  sort: signal(-5),
  changes: signal(0),
});

export function Groups({ session }: { session: Session }) {
  const state = useOnce(newState);
  const answer = useAnswer<GroupsAnswer>(session, "groups", {}, String(state.changes.current));
  return (
    <section class="groups" testid="groups" aria-label="All job groups">
      <Known answer={answer}>
        {(known) => <Lists session={session} state={state} known={known} />}
      </Known>
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
  const isTrash = state.isTrash.current && trash.length > 0;
  const words = state.search.current.toLowerCase();
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
      {!session.traits.read_only.current && <Disposal {...{ session, state, groups }} />}
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
          <p>No name or description has “{state.search.current}” in it.</p>
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
      testid={`chip-${name.toLowerCase()}`}
      aria-pressed={isOn}
      onClick={sets(state.isTrash, isTrash)}
    >
      {name} <b>{count}</b>
    </button>
  );
}

export const sizeOf = (groups: readonly GroupSummary[]): number =>
  groups.reduce((sum, { size_bytes }) => sum + size_bytes, 0);

/** A live list of all groups on this machine, with their states, swept values and actions. */

import { useState } from "preact/hooks";
import { FILTER_TITLES, GROUP_FILTERS, type GroupFilter, passes, sizeOf } from "../../data/groups";
import * as format from "../../format";
import type { Session } from "../../session";
import { Button } from "../../ui/Button";
import { sets } from "../../ui/hooks";
import { roving } from "../../ui/roving";
import { Search } from "../Filters";
import { Loaded } from "../Loaded";
import { GroupActions } from "./GroupActions";
import { GroupTable } from "./GroupTable";
import { type GroupsState, newState } from "./state";
import { type GroupList, useGroups } from "./useGroups";

export function Groups({ session }: { session: Session }) {
  const state = useState(newState)[0];
  const answer = useGroups(session, state.changes.value);
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
  known: GroupList;
}

function Lists({ session, state, known }: Props) {
  const { groups, trash } = known;
  const filter = state.filter.value === "trash" && trash.length === 0 ? "all" : state.filter.value;
  const isTrash = filter === "trash";
  const words = state.search.value.trim().toLowerCase();
  const isChosen = (name: string) => !isTrash && state.chosen.value.has(name);
  const shown = (isTrash ? trash : groups).filter(
    (group) =>
      isChosen(group.name) ||
      (passes(filter, group) &&
        [group.name, group.description, ...group.swept].join("\n").toLowerCase().includes(words)),
  );
  const chosen = groups.filter(({ name }) => isChosen(name));
  return (
    <>
      <header>
        <h2>Job groups</h2>
        <p class="facts">
          <span>{format.count(groups.length, "group")}</span>
          <span>{format.bytes(sizeOf(groups))} on disk</span>
        </p>
      </header>
      <div class="filters">
        <fieldset class="chips" aria-label="Show" {...roving}>
          {GROUP_FILTERS.map((each) => (
            <Chip
              key={each}
              name={each}
              count={each === "trash" ? trash.length : countOf(groups, each)}
              isOn={each === filter}
              state={state}
            />
          ))}
        </fieldset>
        <Search
          label="Search groups by name, description or swept value"
          hint="Name, description, swept value"
          words={state.search}
        />
      </div>
      {!session.traits.read_only.value && <GroupActions {...{ session, state, groups, chosen }} />}
      {groups.length + trash.length === 0 && (
        <div class="empty">
          <p>No groups yet. Create the first one:</p>
          <pre>{'jg = JobGroup("my first group")'}</pre>
        </div>
      )}
      {shown.length === 0 && groups.length + trash.length > 0 && (
        <div class="empty">
          <p>
            {words ? `No group matches “${state.search.value}”.` : "No group is in this state."}
          </p>
          <Button
            onClick={() => {
              state.search.value = "";
              state.filter.value = "all";
            }}
          >
            Show all groups
          </Button>
        </div>
      )}
      {shown.length > 0 && <GroupTable {...{ session, state, isTrash }} groups={shown} />}
    </>
  );
}

const countOf = (groups: GroupList["groups"], filter: GroupFilter): number =>
  groups.reduce((count, group) => count + Number(passes(filter, group)), 0);

interface ChipProps {
  name: GroupFilter;
  count: number;
  isOn: boolean;
  state: GroupsState;
}

function Chip({ name, count, isOn, state }: ChipProps) {
  if (count === 0 && name !== "all" && !isOn) return null;
  return (
    <button
      class="chip"
      data-testid={`chip-${name}`}
      aria-pressed={isOn}
      onClick={sets(state.filter, name)}
    >
      {FILTER_TITLES[name]} <b>{format.whole(count)}</b>
    </button>
  );
}

/** All groups of this machine: what they hold, how large they are, and the one to open. */

import type { GroupSummary, GroupsAnswer } from "../answers";
import * as format from "../format";
import type { Session } from "../session";
import { countOf } from "../states";
import { Known } from "./Detail";
import { Search } from "./Filters";
import { useAnswer, useSignal } from "./hooks";
import { Segments } from "./Progress";

const SEARCH_FROM = 6;

export function Groups({ session }: { session: Session }) {
  const answer = useAnswer<GroupsAnswer>(session, "groups", {}, "");
  return (
    <section class="groups" data-testid="groups" aria-label="All job groups">
      <Known answer={answer}>
        {({ groups }) => <GroupList session={session} groups={groups} />}
      </Known>
    </section>
  );
}

function GroupList({ session, groups }: { session: Session; groups: GroupSummary[] }) {
  const search = useSignal("");
  const size = groups.reduce((sum, group) => sum + group.size_bytes, 0);
  const words = search.value.toLowerCase();
  const found = groups.filter(({ name }) => name.toLowerCase().includes(words));
  return (
    <>
      <header>
        <h2>Job groups</h2>
        <p class="facts">
          <span>{format.count(groups.length, "group")}</span>
          <span>{format.bytes(size)} on disk</span>
        </p>
      </header>
      {groups.length === 0 && (
        <div class="empty">
          <p>No group yet. Make the first one:</p>
          <pre>{'jg = JobGroup("my first group")'}</pre>
        </div>
      )}
      {groups.length >= SEARCH_FROM && (
        <Search
          label="Search groups by name"
          hint="Name"
          value={search.value}
          onSearch={(text) => {
            search.value = text;
          }}
        />
      )}
      <ul>
        {found.map((group) => (
          <GroupRow key={group.name} session={session} group={group} />
        ))}
      </ul>
    </>
  );
}

function GroupRow({ session, group }: { session: Session; group: GroupSummary }) {
  const { name, counts, modified, size_bytes, error } = group;
  return (
    <li>
      <button
        type="button"
        data-testid={`group-${name}`}
        onClick={() => session.run("open", { name }, `Opening ${name}…`)}
      >
        <b>{name}</b>
        <span class="bar thin">
          <Segments counts={counts} />
        </span>
        <span>{error || format.count(countOf(counts), "job")}</span>
        <span>{format.clock(modified, session.now.value)}</span>
        <span class="number">{format.bytes(size_bytes)}</span>
      </button>
    </li>
  );
}

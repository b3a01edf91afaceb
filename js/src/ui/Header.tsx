/** The group's name, what is the same in all its jobs, and how fresh all this is. */

import { headline } from "../actions";
import * as format from "../format";
import type { Session } from "../session";
import { countOf } from "../states";
import { Button } from "./Button";
import { useSignal } from "./hooks";
import { EditWords, OwnWords } from "./OwnWords";
import { roving } from "./roving";

/** A watched group is asked about at least this often, so an older answer means trouble. */
const STALE_S = 90;

export function Header({ session }: { session: Session }) {
  const { group, counts, paused } = session.traits;
  const total = countOf(counts.current);
  const state = headline(counts.current, paused.current);
  const { folded } = session.layout.current;
  const isSaved = session.isSaved();
  const words = session.traits.description.current;
  const draft = useSignal<string | null>(null);
  return (
    <header>
      <div class={isSaved ? undefined : "title"} {...roving}>
        {!isSaved && (
          <Button
            icon="back"
            testid="all-groups"
            label="All groups"
            onClick={() => session.run("open", { name: "" })}
          />
        )}
        <h2 title={group.current}>{group.current}</h2>
        <EditWords session={session} what="description" text={words} draft={draft} />
      </div>
      <p class="facts">
        <span>{format.count(total, "job")}</span>
        {state && <span class="headline">{state}</span>}
        {folded.map(({ name, title, value }) => (
          <span key={name} title={`${title || name}: the same in all jobs`}>
            {title && <i>{title}</i>} {value}
          </span>
        ))}
        <Freshness session={session} />
      </p>
      <OwnWords
        what="description"
        text={words}
        draft={draft}
        onKeep={(text) => session.run("describe", { text })}
      />
    </header>
  );
}

function Freshness({ session }: { session: Session }) {
  const { updated_at, last_error } = session.traits;
  const at = updated_at.current;
  if (at === null) return null;
  const isStale = Boolean(last_error.current) || isLate(session, at);
  const text = `updated ${format.ago(at, session.now.current)}`;
  return (
    <span class={isStale ? "fresh stale" : "fresh"} title={last_error.current}>
      {text}
    </span>
  );
}

/** Late only while jobs are out there: what is finished is never asked about again. */
function isLate(session: Session, at: number): boolean {
  return session.hasActive.current && session.now.current - at > STALE_S;
}

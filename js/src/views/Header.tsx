/** The group's name, the values that all its jobs share, and the time of the last update. */

import { useSignal } from "@preact/signals";
import type { Draft } from "../asking";
import * as format from "../format";
import type { Session } from "../session";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { roving } from "../ui/roving";
import { EditableText, EditButton } from "./EditableText";

/** Maximum seconds between two polls of a watched group; an older answer means a problem. */
const STALE_S = 90;

export function Header({ session }: { session: Session }) {
  const { group } = session.traits;
  const { folded } = session.layout.value;
  const isSaved = session.isSaved();
  const words = session.traits.description.value;
  const draft = useSignal<Draft>(null);
  return (
    <header>
      <div class={isSaved ? undefined : "title"} {...roving}>
        <AllGroups session={session} />
        <h2 title={group.value}>{group.value}</h2>
        <EditButton session={session} what="description" text={words} draft={draft} />
        <SenderFact session={session} />
      </div>
      <p class="facts">
        {folded.map(({ name, title, value }) => (
          <span key={name} title={`${title || name}: the same in all jobs`}>
            {title && <i>{title}</i>} {value}
          </span>
        ))}
        <ResultsFact session={session} />
        <Freshness session={session} />
      </p>
      <EditableText
        what="description"
        text={words}
        draft={draft}
        onKeep={(text) => session.run("describe", { text })}
      />
    </header>
  );
}

/** The way to the list of groups, which a saved page does not have. */
export function AllGroups({ session, label }: { session: Session; label?: string }) {
  if (session.isSaved()) return null;
  return (
    <Button
      icon="back"
      testid="all-groups"
      label="All groups"
      onClick={() => session.run("open", { name: "" })}
    >
      {label}
    </Button>
  );
}

/** The process that sends jobs. Another process continues after this notebook is closed. */
function SenderFact({ session }: { session: Session }) {
  const sender = session.traits.sender.value;
  if (!sender) return null;
  const { host, is_this_process } = sender;
  return (
    <span class="sender" data-testid="sender">
      <Icon name="sending" /> Sending from {is_this_process ? "this notebook" : host}
    </span>
  );
}

/** Clouds may delete results, so the page says how many the group's file lacks. */
function ResultsFact({ session }: { session: Session }) {
  const count = session.traits.results_on_cloud_only.value;
  if (count === 0) return null;
  return (
    <span
      data-testid="results-on-cloud"
      title="Clouds may delete results after a while. jg.keep_results() copies them into the group."
    >
      {format.count(count, "result")} on the cloud only
    </span>
  );
}

function Freshness({ session }: { session: Session }) {
  const { updated_at, last_error } = session.traits;
  const at = updated_at.value;
  if (at === null) return null;
  const isStale = Boolean(last_error.value) || isLate(session, at);
  const text = `updated ${format.ago(at, session.now.value)}`;
  return (
    <span class={isStale ? "fresh stale" : "fresh"} title={last_error.value}>
      {text}
    </span>
  );
}

/** Stale only while jobs are on the cloud, because finished jobs are not polled. */
function isLate(session: Session, at: number): boolean {
  return session.hasActive.value && session.now.value - at > STALE_S;
}

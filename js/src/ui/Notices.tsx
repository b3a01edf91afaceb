/** The lines that say what is going on: trouble, a busy kernel, and what came of the last action. */

import * as format from "../format";
import type { Session } from "../session";
import { Button } from "./Button";
import { Copy } from "./Copy";
import { Icon } from "./Icon";

export function Banner({ session }: { session: Session }) {
  const text = session.traits.last_error.current;
  if (!text) return null;
  return (
    <p class="notice" testid="banner" role="alert">
      <Icon name="unconfirmed" />
      <span>{text}</span>
    </p>
  );
}

/** Only a person can know what became of a request without an answer. */
export function Doubt({ session }: { session: Session }) {
  const count = session.traits.counts.current.unconfirmed ?? 0;
  if (count === 0 || session.filter.current === "unconfirmed") return null;
  const look = () => {
    session.filter.current = "unconfirmed";
    session.opened.current = session.table.where((state) => state === "unconfirmed")[0] ?? null;
  };
  return (
    <p class="notice" testid="doubt">
      <Icon name="unconfirmed" />
      <span>
        Of {format.count(count, "job")} it is not known whether {count === 1 ? "it" : "they"}{" "}
        reached the cloud.
      </span>
      <Button kind="small" onClick={look}>
        See what is known
      </Button>
    </p>
  );
}

export function BusyNote({ session }: { session: Session }) {
  const unheard = session.link.unheard.current;
  const isOver = session.link.isOver.current;
  if (unheard.size === 0 && !isOver) return null;
  const what = unheard.has("hello") && unheard.size === 1 ? "the jobs will come" : "this will run";
  return (
    <p class="notice" testid="busy-note" role="status">
      {isOver
        ? "The kernel was restarted. Run this cell again."
        : `The kernel is busy: ${what} after the current cell.`}
    </p>
  );
}

/** The one polite live region. It is always there, since one that appears is not read out. */
export function Live({ session }: { session: Session }) {
  const said = session.said.current;
  return (
    <div class={`live ${said?.tone ?? "none"}`}>
      <span testid="live" role="status" aria-live="polite">
        {said?.text}
      </span>
      {said?.python && (
        <span class="python" title="The same in Python">
          <code>{said.python}</code>
          <Copy text={said.python} label="Copy this line of Python" />
        </span>
      )}
    </div>
  );
}

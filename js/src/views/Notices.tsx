/** The lines for problems, a busy kernel, and the result of the last action. */

import * as format from "../format";
import type { Session } from "../session";
import { Button } from "../ui/Button";
import { Copy } from "../ui/Copy";
import { Icon } from "../ui/Icon";

export function IncidentBanner({ session }: { session: Session }) {
  const text = session.traits.last_error.value;
  if (!text) return null;
  return (
    <p class="notice" data-testid="banner" role="alert">
      <Icon name="unconfirmed" />
      <span>{text}</span>
      {!session.traits.read_only.value && (
        <Button
          kind="small"
          testid="try-now"
          isPending={session.pending.value.has("refresh")}
          onClick={() => session.run("refresh", {})}
        >
          Try now
        </Button>
      )}
    </p>
  );
}

/** A paused group waits for a person, in whichever process sends it. */
export function PausedBanner({ session }: { session: Session }) {
  const { paused, counts, read_only } = session.traits;
  const unsent = counts.value.unsent ?? 0;
  if (!paused.value || unsent === 0) return null;
  return (
    <p class="notice" data-testid="strip-paused">
      <Icon name="suspended" />
      <span>
        Sending is paused: {format.count(unsent, "job")} {unsent === 1 ? "waits" : "wait"}.
      </span>
      {!read_only.value && (
        <Button
          kind="small"
          isPending={session.pending.value.has("resume")}
          onClick={() => session.run("resume", {})}
        >
          Resume
        </Button>
      )}
    </p>
  );
}

/** Only a person can find out what became of a request without an answer. */
export function UnconfirmedBanner({ session }: { session: Session }) {
  const count = session.traits.counts.value.unconfirmed ?? 0;
  if (count === 0 || session.filter.value === "unconfirmed") return null;
  const look = () => {
    session.filter.value = "unconfirmed";
    session.opened.value =
      session.rows.value.table.where((state) => state === "unconfirmed")[0] ?? null;
  };
  return (
    <p class="notice" data-testid="doubt">
      <Icon name="unconfirmed" />
      <span>It is unknown whether {format.count(count, "job")} reached the cloud.</span>
      <Button kind="small" onClick={look}>
        Show
      </Button>
    </p>
  );
}

export function BusyNote({ session }: { session: Session }) {
  const unheard = session.link.unheard.value;
  const isOver = session.link.isOver.value;
  const isOpening = unheard.has("hello") && unheard.size === 1;
  // A deleted group has no jobs that could come.
  if ((unheard.size === 0 || (isOpening && session.traits.deleted.value)) && !isOver) return null;
  const what = isOpening ? "the jobs will come" : "this will run";
  return (
    <p class="notice" data-testid="busy-note" role="status">
      {isOver
        ? "The kernel was restarted. Run the cells above and this one again to continue."
        : `The kernel is busy: ${what} after the current cell.`}
    </p>
  );
}

/** The one polite live region. It is always there, since one that appears is not read out. */
export function StatusLine({ session }: { session: Session }) {
  const said = session.status.value;
  return (
    <div class={`live ${said?.tone ?? "none"}`}>
      <span data-testid="live" role="status" aria-live="polite">
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

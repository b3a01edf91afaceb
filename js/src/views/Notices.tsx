/** The lines for a busy kernel and for the result of the last action. */

import type { Session } from "../session";
import { Copy } from "../ui/Copy";

export function BusyNote({ session }: { session: Session }) {
  const unacknowledged = session.link.unacknowledged.value;
  const isOpening = unacknowledged.has("open") && unacknowledged.size === 1;
  // A deleted group has no jobs to show, and a kernel that is gone is not busy.
  if (unacknowledged.size === 0 || (isOpening && session.traits.deleted.value)) return null;
  if (session.link.isOver.value) return null;
  const what = isOpening ? "the jobs will appear" : "this will run";
  return (
    <p class="notice" data-testid="busy-note" role="status">
      The kernel is busy: {what} after the current cell.
    </p>
  );
}

/** The live region of actions. It is always present, because screen readers do not read one that appears. */
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

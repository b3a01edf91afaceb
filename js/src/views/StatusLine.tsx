/** The line for the result of the last action, and for a kernel that is busy. */

import { useLayoutEffect, useRef } from "preact/hooks";
import type { Session } from "../session";
import { Copy } from "../ui/Copy";

/**
 * The live region of actions. It is always present, because screen readers do not read one that
 * appears. When its text disappears, its room stays until the next action or another group, so that
 * what is below does not move under the pointer.
 */
export function StatusLine({ session }: { session: Session }) {
  const said = session.status.value;
  const busy = busyText(session);
  const line = useRef<HTMLDivElement>(null);
  const height = useRef(0);
  const before = useRef({ group: session.traits.group.value, isAsked: false });
  const now = { group: session.traits.group.value, isAsked: said?.tone === "asked" };
  const isNextAction = now.isAsked && !before.current.isAsked;
  if (isNextAction || now.group !== before.current.group) height.current = 0;
  before.current = now;
  useLayoutEffect(() => {
    if ((said || busy) && line.current)
      height.current = line.current.getBoundingClientRect().height;
  });
  const isCollapsed = !said && !busy && height.current === 0;
  return (
    <div
      class={`live ${said?.tone ?? ""} ${isCollapsed ? "none" : ""}`}
      ref={line}
      style={{ minHeight: `${height.current}px` }}
    >
      <span data-testid="live" role="status" aria-live="polite">
        {said?.text}
      </span>
      {busy && (
        <span class="busy" data-testid="busy-note" role="status">
          {busy}
        </span>
      )}
      {said?.python && (
        <span class="python" title="The same in Python">
          <code>{said.python}</code>
          <Copy text={said.python} label="Copy this line of Python" />
        </span>
      )}
    </div>
  );
}

function busyText(session: Session): string {
  const unacknowledged = session.link.unacknowledged.value;
  const isOpening = unacknowledged.has("open") && unacknowledged.size === 1;
  // A deleted group has no jobs to show, and a kernel that is gone is not busy.
  if (unacknowledged.size === 0 || (isOpening && session.traits.deleted.value)) return "";
  if (session.link.isOver.value) return "";
  const what = isOpening ? "the jobs will appear" : "this will run";
  return `The kernel is busy: ${what} after the current cell.`;
}

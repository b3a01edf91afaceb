/** The question before many jobs are sent: how many, and what they would take. */

import * as format from "../format";
import type { Session } from "../session";
import { sets } from "../ui/hooks";
import { InlineForm } from "../ui/InlineForm";
import { Preview } from "./Preview";

/** More jobs than this are sent only after a question. */
const CONFIRM_ABOVE = 50;

const sendAll = (session: Session) => session.run("run", { mode: "queue" });

/** Send what is unsent; ask first if it is much. */
export function send(session: Session): void {
  const unsent = session.traits.counts.peek().unsent ?? 0;
  if (unsent > CONFIRM_ABOVE) session.panel.value = "send";
  else sendAll(session);
}

export function SendForm({ session }: { session: Session }) {
  const unsent = session.traits.counts.value.unsent ?? 0;
  const close = sets(session.panel, "");
  return (
    <InlineForm
      label="Send all?"
      isPlain
      go={{
        testid: "send-confirm",
        reason: unsent > 0 ? "" : "No job is left to send",
        onClick: () => {
          close();
          sendAll(session);
        },
        children: `Send ${format.whole(unsent)}`,
      }}
      close={close}
    >
      <Preview session={session} rerun={false} />
    </InlineForm>
  );
}

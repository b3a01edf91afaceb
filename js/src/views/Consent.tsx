/** The confirmation before a command affects many jobs. */

import type { Asking } from "../asking";
import * as format from "../format";
import type { Args, Command } from "../kernel/protocol";
import type { Session } from "../session";
import { InlineForm } from "../ui/InlineForm";
import { Preview } from "./Preview";

/** Run a command for these jobs, or ask first if they are many. */
export function runOrAsk(
  session: Session,
  from: Asking["from"],
  name: Command,
  positions: readonly number[],
  args: Args,
): void {
  if (positions.length > session.traits.confirm_above.peek())
    session.asking.value = { what: "consent", positions, from, command: { name, args } };
  else session.run(name, args);
}

const VERBS: Partial<Record<Command, string>> = { cancel: "Cancel", rerun: "Rerun", run: "Send" };

interface Props {
  session: Session;
  positions: readonly number[];
  close: () => void;
}

export function ConsentForm({ session, positions, close }: Props) {
  const { name, args } = session.asking.value?.command ?? { name: "refresh" as const, args: {} };
  const verb = VERBS[name] ?? "";
  return (
    <InlineForm
      label={`${verb} many jobs?`}
      isPlain
      go={{
        testid: "consent",
        onClick: () => {
          close();
          session.run(name, args);
        },
        children: `${verb} ${format.whole(positions.length)}`,
      }}
      close={close}
    >
      <p>
        <b>
          {verb} {format.count(positions.length, "job")}?
        </b>{" "}
        {name === "cancel" && "They stop on the cloud. Rerun them to get their results."}
      </p>
      {name !== "cancel" && (
        <Preview session={session} rerun={name === "rerun"} positions={positions} />
      )}
    </InlineForm>
  );
}

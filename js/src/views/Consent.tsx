/** The confirmation before a command affects many jobs, or may pay for a job twice. */

import type { Asking } from "../asking";
import * as format from "../format";
import type { Args, Command } from "../kernel/protocol";
import type { Session } from "../session";
import { InlineForm } from "../ui/InlineForm";
import { Preview } from "./Preview";

/** Run a command for these jobs; ask first if they are many, and before every resend. */
export function runOrAsk(
  session: Session,
  from: Asking["from"],
  name: Command,
  positions: readonly number[],
  args: Args,
): void {
  const most = name === "resend" ? 0 : session.traits.confirm_above.peek();
  if (positions.length > most) {
    const { state: _, ...others } = args; // other jobs may get into that state
    const command = { name, args: { ...others, positions } };
    session.asking.value = { what: "consent", positions, from, command };
  } else session.run(name, args);
}

const VERBS: Partial<Record<Command, string>> = {
  cancel: "Cancel",
  remove: "Remove",
  rerun: "Rerun",
  resend: "Resend",
  run: "Send",
};

/** The consequences, for commands without an estimate. */
const RISKS: Partial<Record<Command, string>> = {
  cancel: "They stop on the cloud. Rerun them to get their results.",
  remove: "They leave the group for good: you cannot undo this.",
  resend: "If the earlier request reached the cloud, the job runs twice, and you pay for it twice.",
};

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
      label={`${verb} ${format.count(positions.length, "job")}?`}
      isPlain={name !== "remove"}
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
        {RISKS[name]}
      </p>
      {!RISKS[name] && <Preview session={session} rerun={name === "rerun"} positions={positions} />}
    </InlineForm>
  );
}

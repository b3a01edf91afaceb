/** The confirmation before many jobs are sent, with their number and estimate. */

import { useSignal } from "@preact/signals";
import { askedFor } from "../data/actions";
import { countIn, NO_COUNT } from "../data/fields";
import * as format from "../format";
import type { EstimateAnswer } from "../kernel/answers";
import type { Session } from "../session";
import { sets, typed } from "../ui/hooks";
import { InlineForm } from "../ui/InlineForm";
import { Preview } from "./Preview";

/** Send the unsent jobs; ask first if they are many, or more than the plan has free slots. */
export async function send(session: Session): Promise<void> {
  const { counts, confirm_above } = session.traits;
  const unsent = counts.peek().unsent ?? 0;
  session.status.value = { tone: "asked", text: askedFor("run", {}) };
  if (unsent > confirm_above.peek() || (await isOverSlots(session))) {
    session.status.value = null;
    session.panel.value = "send";
  } else session.run("run", { mode: "queue" });
}

async function isOverSlots({ link }: Session): Promise<boolean> {
  const question = link.ask("estimate", { rerun: false });
  const answer = (await question.catch(() => null)) as EstimateAnswer | null;
  return typeof answer?.free_slots === "number" && answer.jobs > answer.free_slots;
}

export function SendForm({ session }: { session: Session }) {
  const unsent = session.traits.counts.value.unsent ?? 0;
  const atOnce = useSignal("");
  const limit = countIn(atOnce.value);
  const isRight = limit !== null || atOnce.value.trim() === "";
  const close = sets(session.panel, "");
  const run = (args: { concurrent_job_count?: number }) => {
    close();
    session.run("run", { mode: "queue", ...args });
  };
  const samples = samplesOf(session);
  return (
    <InlineForm
      label="Send all?"
      isPlain
      go={{
        testid: "send-confirm",
        reason: unsent === 0 ? "No job is left to send" : isRight ? "" : NO_COUNT,
        onClick: () => run(limit === null ? {} : { concurrent_job_count: limit }),
        children: `Send ${format.whole(unsent)}`,
      }}
      close={close}
    >
      <p>
        <b>
          Send {format.count(unsent, "job")}
          {samples > 0 && ` with ${format.whole(samples)} samples in all`}?
        </b>{" "}
        jobgroup keeps the plan's slots full until all are sent.
      </p>
      <Preview session={session} rerun={false} />
      <label>
        At most{" "}
        <input
          class="short"
          inputMode="numeric"
          data-testid="at-most"
          aria-label="Maximum number of jobs at once"
          placeholder="all slots"
          {...typed(atOnce)}
        />{" "}
        at once
      </label>
    </InlineForm>
  );
}

/** The number of samples that the jobs to send request together. */
function samplesOf({ rows }: Session): number {
  const { table } = rows.value;
  const asked = (p: number) => table.number(p, "param.max_samples") ?? 0;
  return table.where((state) => state === "unsent").reduce((sum, p) => sum + asked(p), 0);
}

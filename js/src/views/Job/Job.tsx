/** One job: its result, its request, its history and its actions. */

import type { ComponentChildren } from "preact";
import { canAct } from "../../canAct";
import { isUnsent, mayHaveResults } from "../../data/states";
import type { JobDetail, JobResult } from "../../kernel/answers";
import type { Session } from "../../session";
import { Copy } from "../../ui/Copy";
import { sets } from "../../ui/hooks";
import { Asked } from "../Asked";
import { EditableText, EditButton } from "../EditableText";
import { Loaded } from "../Loaded";
import { useAnswer } from "../useAnswer";
import { DistributionView } from "./Distribution";
import { Attempts, Evidence, Happened } from "./History";
import { Confirmation, JobActions } from "./JobActions";
import { Sent } from "./Sent";

export function Job({ session, position }: { session: Session; position: number }) {
  const { table } = session.rows.value;
  const now = session.now.value;
  const state = table.state(position);
  const message = table.text(position, "message");
  const fresh = `${state}/${table.text(position, "attempts")}/${message}`;
  const job = useAnswer<JobDetail>(session, "job", { position }, fresh);
  const isAsked = session.asking.value?.positions[0] === position;
  const isReadOnly = !canAct(session);
  return (
    <div class="job-body">
      <RemoteId id={table.text(position, "remote_id")} />
      <Origin session={session} from={job.value?.rerun_of ?? null} />
      {message && message !== session.traits.last_error.value && (
        <p class="sentence" data-status={state}>
          <span>{message}</span>
          <Copy text={message} label="Copy the message" />
        </p>
      )}
      <JobActions {...{ session, position }} job={job.value} />
      {isAsked && <Asked session={session} from="job" />}
      {state === "unconfirmed" && job.value && <Evidence job={job.value} now={now} />}
      {state === "unconfirmed" && !isReadOnly && (
        <Confirmation session={session} position={position} from="job" />
      )}
      <Section title="Result">
        <Result key={fresh} {...{ session, position, state }} />
      </Section>
      <Section title={isUnsent(state) ? "What will be sent" : "What was sent"}>
        <Loaded answer={job}>{(value) => <Sent session={session} job={value} />}</Loaded>
      </Section>
      <Section title="What happened">
        <Loaded answer={job}>{(value) => <Happened job={value} now={now} />}</Loaded>
      </Section>
      <Section title="Attempts">
        <Loaded answer={job}>{(value) => <Attempts job={value} now={now} />}</Loaded>
      </Section>
      <Note session={session} position={position} />
    </div>
  );
}

export const Section = ({ title, children }: { title: string; children: ComponentChildren }) => (
  <section class="job-part" aria-label={title}>
    <h4>{title}</h4>
    {children}
  </section>
);

function Note({ session, position }: { session: Session; position: number }) {
  const draft = session.noteOf(position);
  const text = session.rows.value.table.text(position, "note");
  if (!text && !canAct(session)) return null;
  return (
    <section class="job-part" aria-label="Note">
      <h4>
        Note <EditButton session={session} what="note" text={text} draft={draft} />
      </h4>
      <EditableText
        what="note"
        text={text}
        draft={draft}
        onKeep={(text) => session.run("annotate", { position, text })}
      />
    </section>
  );
}

function RemoteId({ id }: { id: string }) {
  if (!id) return null;
  return (
    <p class="job-id">
      <span class="quiet">Id</span> <code>{id}</code>
      <Copy text={id} label="Copy the id" />
    </p>
  );
}

/** The failed job of which this is the rerun. */
function Origin({ session, from }: { session: Session; from: number | null }) {
  if (from === null) return null;
  return (
    <button class="link" data-testid="rerun-of" onClick={sets(session.opened, from)}>
      Rerun of job {from}
    </button>
  );
}

interface ResultProps {
  session: Session;
  position: number;
  state: string;
}

/** How a job ended that did not succeed. The cloud may have partial results of the first two. */
const ENDED: Readonly<Record<string, string>> = {
  error: "failed",
  canceled: "was canceled",
  refused: "was refused",
};

function Result(props: ResultProps) {
  if (mayHaveResults(props.state)) return <FetchedResult {...props} />;
  return (
    <p class="quiet">{withoutResult(props.state) || "The result appears when the job is done."}</p>
  );
}

const withoutResult = (state: string): string =>
  ENDED[state] ? `This job ${ENDED[state]} and has no result.` : "";

function FetchedResult({ session, position, state }: ResultProps) {
  const positions = [position];
  const answer = useAnswer<{ results: JobResult[] }>(session, "results", { positions }, "");
  return (
    <Loaded answer={answer}>
      {({ results }) => {
        const { distributions = [], error = "" } = results[0] ?? {};
        if (error || distributions.length === 0)
          return (
            <p class="quiet" title={error}>
              {withoutResult(state) || error || "This job returned no distribution."}
            </p>
          );
        return (
          <>
            {ENDED[state] && <p class="quiet">This job {ENDED[state]}. Its results are partial.</p>}
            {distributions.map((each) => (
              <DistributionView
                key={each.title}
                distribution={each}
                name={[session.traits.group.value, position, each.title].join(" ")}
              />
            ))}
          </>
        );
      }}
    </Loaded>
  );
}

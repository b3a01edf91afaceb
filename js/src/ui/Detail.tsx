/** One job: its results, parameters, attempts and what happened to it. */

import type { JobDetail, JobResult } from "../answers";
import type { Session } from "../session";
import { isFailed, wordOf } from "../states";
import { Button } from "./Button";
import { Copy } from "./Copy";
import { DistributionView } from "./Distribution";
import type { Children } from "./dom";
import { type Answer, sets, useAnswer, useSignal } from "./hooks";
import { Pill } from "./Icon";
import { Adopt, JobActions } from "./JobActions";
import { Attempts, Evidence, Parameters, Timeline } from "./JobFacts";
import { EditWords, OwnWords } from "./OwnWords";
import { Revision } from "./Revision";
import { Tabs } from "./Tabs";

const TABS = { Results: null, Parameters, Attempts, Timeline };
const NAMES = Object.keys(TABS) as (keyof typeof TABS)[];

export function Detail({ session, position }: { session: Session; position: number }) {
  session.revision.current;
  const { table } = session;
  const now = session.now.current;
  const state = table.state(position);
  const tab = useSignal<keyof typeof TABS>(state === "success" ? "Results" : "Attempts");
  const fresh = `${state}/${table.text(position, "attempts")}/${table.text(position, "message")}`;
  const job = useAnswer<JobDetail>(session, "job", { position }, fresh);
  const message = table.text(position, "message");
  const isRevised = useSignal(false);
  const Facts = TABS[tab.current];
  return (
    <section class="panel" testid="detail" aria-label={`Job ${position}`}>
      <div class="panel-head">
        <h3>
          Job {position} <span>{table.text(position, "name")}</span>
        </h3>
        <Origin session={session} from={job.value?.rerun_of ?? null} />
        <Pill state={state} next={session.nextUp.current.get(position)} />
        <JobActions {...{ session, position, isRevised }} job={job.value} />
        <span class="spacer" />
        <Button icon="error" label="Close the job's detail" onClick={sets(session.opened, null)} />
      </div>
      {message && (
        <p class="sentence" data-status={state}>
          <span>{message}</span>
          <Copy text={message} label="Copy the message" />
        </p>
      )}
      {job.value && isRevised.current && isFailed(state) && (
        <Revision session={session} job={job.value} close={sets(isRevised, false)} />
      )}
      {state === "unconfirmed" && job.value && <Evidence job={job.value} now={now} />}
      {state === "unconfirmed" && !session.traits.read_only.current && (
        <Adopt session={session} position={position} />
      )}
      <Tabs names={NAMES} current={tab} />
      <div role="tabpanel" aria-label={tab.current}>
        {!Facts && <JobResults key={fresh} session={session} position={position} state={state} />}
        {Facts && <Known answer={job}>{(value) => <Facts job={value} now={now} />}</Known>}
      </div>
      <Note session={session} position={position} />
    </section>
  );
}

function Note({ session, position }: { session: Session; position: number }) {
  const draft = useSignal<string | null>(null);
  const text = session.table.text(position, "note");
  if (!text && session.traits.read_only.current) return null;
  return (
    <div class="note">
      <b>Note</b>
      <EditWords session={session} what="note" text={text} draft={draft} />
      <OwnWords
        what="note"
        text={text}
        draft={draft}
        onKeep={(text) => session.run("annotate", { position, text })}
      />
    </div>
  );
}

/** The failed job that this one was added for. */
function Origin({ session, from }: { session: Session; from: number | null }) {
  if (from === null) return null;
  return (
    <button class="link" testid="rerun-of" onClick={sets(session.opened, from)}>
      rerun of job {from}
    </button>
  );
}

interface JobResultsProps {
  session: Session;
  position: number;
  state: string;
}

function JobResults(props: JobResultsProps) {
  if (props.state === "success") return <FetchedResults {...props} />;
  return (
    <p class="quiet">Results come once the job has succeeded. Status: {wordOf(props.state)}.</p>
  );
}

function FetchedResults({ session, position }: JobResultsProps) {
  const positions = [position];
  const answer = useAnswer<{ results: JobResult[] }>(session, "results", { positions }, "");
  return (
    <Known answer={answer}>
      {({ results }) => {
        const { distributions = [], error = "" } = results[0] ?? {};
        if (error || distributions.length === 0)
          return <p class="quiet">{error || "No results."}</p>;
        return distributions.map((each) => (
          <DistributionView
            key={each.title}
            distribution={each}
            name={[session.traits.group.current, position, each.title].join(" ")}
          />
        ));
      }}
    </Known>
  );
}

interface KnownProps<T> {
  answer: Answer<T>;
  children: (value: T) => Children;
}

/** What was asked for, or that it is on its way, or why it is not. */
export function Known<T>({ answer, children }: KnownProps<T>) {
  if (answer.value === null) return <p class="quiet">{answer.error || "Fetching…"}</p>;
  return <>{children(answer.value)}</>;
}

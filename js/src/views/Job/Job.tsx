/** One job: its results, parameters, attempts and what happened to it. */

import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { isFailed, wordOf } from "../../data/states";
import type { JobDetail, JobResult } from "../../kernel/answers";
import type { Session } from "../../session";
import { Button } from "../../ui/Button";
import { Copy } from "../../ui/Copy";
import { sets } from "../../ui/hooks";
import { Pill } from "../../ui/Icon";
import { Tabs } from "../../ui/Tabs";
import { EditableText, EditButton } from "../EditableText";
import { Loaded } from "../Loaded";
import { useAnswer } from "../useAnswer";
import { DistributionView } from "./Distribution";
import { Adopt, JobActions } from "./JobActions";
import { Attempts, Evidence, History, Parameters } from "./JobFacts";
import { Revision } from "./Revision";

const TABS = { Results: null, Parameters, Attempts, History };
const NAMES = Object.keys(TABS) as (keyof typeof TABS)[];

export function Job({ session, position }: { session: Session; position: number }) {
  const { table } = session.rows.value;
  const now = session.now.value;
  const state = table.state(position);
  const tab = useSignal<keyof typeof TABS>(state === "success" ? "Results" : "Attempts");
  const fresh = `${state}/${table.text(position, "attempts")}/${table.text(position, "message")}`;
  const job = useAnswer<JobDetail>(session, "job", { position }, fresh);
  const message = table.text(position, "message");
  const isRevised = useSignal(false);
  const Facts = TABS[tab.value];
  const place = useRef<HTMLElement>(null);
  useLayoutEffect(() => place.current?.scrollIntoView({ block: "nearest" }), []);
  return (
    <section ref={place} class="panel" data-testid="detail" aria-label={`Job ${position}`}>
      <div class="panel-head">
        <h3>
          Job {position} <span>{table.text(position, "name")}</span>
        </h3>
        <Origin session={session} from={job.value?.rerun_of ?? null} />
        <Pill state={state} next={session.nextUp.value.get(position)} />
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
      {job.value && isRevised.value && isFailed(state) && (
        <Revision session={session} job={job.value} close={sets(isRevised, false)} />
      )}
      {state === "unconfirmed" && job.value && <Evidence job={job.value} now={now} />}
      {state === "unconfirmed" && !session.traits.read_only.value && (
        <Adopt session={session} position={position} />
      )}
      <Tabs names={NAMES} current={tab} />
      <div role="tabpanel" aria-label={tab.value}>
        {!Facts && <JobResults key={fresh} session={session} position={position} state={state} />}
        {Facts && <Loaded answer={job}>{(value) => <Facts job={value} now={now} />}</Loaded>}
      </div>
      <Note session={session} position={position} />
    </section>
  );
}

function Note({ session, position }: { session: Session; position: number }) {
  const draft = useSignal<string | null>(null);
  const text = session.rows.value.table.text(position, "note");
  if (!text && session.traits.read_only.value) return null;
  return (
    <div class="note">
      <b>Note</b>
      <EditButton session={session} what="note" text={text} draft={draft} />
      <EditableText
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
    <button class="link" data-testid="rerun-of" onClick={sets(session.opened, from)}>
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
    <Loaded answer={answer}>
      {({ results }) => {
        const { distributions = [], error = "" } = results[0] ?? {};
        if (error || distributions.length === 0)
          return <p class="quiet">{error || "No results."}</p>;
        return distributions.map((each) => (
          <DistributionView
            key={each.title}
            distribution={each}
            name={[session.traits.group.value, position, each.title].join(" ")}
          />
        ));
      }}
    </Loaded>
  );
}

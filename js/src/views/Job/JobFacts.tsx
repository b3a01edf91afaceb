/** What is known of one job: parameters, attempts, and what happened when. */

import { wordOf } from "../../data/states";
import * as format from "../../format";
import type { JobDetail } from "../../kernel/answers";
import { Copy } from "../../ui/Copy";
import { DataTable } from "../../ui/DataTable";
import { Pill } from "../../ui/Icon";

interface Props {
  job: JobDetail;
  now: number;
}

export function Parameters({ job }: Props) {
  const groups = [
    { title: "Labels", values: job.labels },
    { title: "Circuit and input", values: job.metadata },
    { title: "Parameters", values: job.params },
  ].filter(({ values }) => Object.keys(values).length > 0);
  if (groups.length === 0) return <p class="quiet">This job has no parameters.</p>;
  return (
    <div class="facts-of-job">
      {groups.map(({ title, values }) => (
        <DataTable
          key={title}
          head={[{ title }, { title: "" }]}
          rows={Object.entries(values).map(([key, value]) => ({
            key,
            cells: [key, typeof value === "object" ? JSON.stringify(value) : String(value)],
          }))}
        />
      ))}
    </div>
  );
}

export function Attempts({ job: { attempts }, now }: Props) {
  if (attempts.length === 0) return <p class="quiet">This job was not sent yet.</p>;
  return (
    <DataTable
      head={[
        { title: "#", isNumber: true },
        { title: "Status" },
        { title: "Id" },
        { title: "Sent" },
        { title: "Duration", isNumber: true },
        { title: "Message" },
      ]}
      rows={attempts.toReversed().map((attempt) => ({
        key: attempt.number,
        cells: [
          attempt.number,
          <Pill key="state" state={attempt.state} />,
          attempt.remote_id && (
            <span key="id">
              <code>{attempt.remote_id}</code>
              <Copy text={attempt.remote_id} label="Copy the id" />
            </span>
          ),
          format.clock(attempt.sent_at, now),
          format.duration(attempt.duration_s),
          <div key="message" class="said">
            {attempt.message}
            {Object.entries(attempt.overrides).map(([name, [old, now]]) => (
              <small key={name}>
                {name} {String(old)} → {String(now)}
              </small>
            ))}
          </div>,
        ],
      }))}
    />
  );
}

export function History({ job: { events }, now }: Props) {
  if (events.length === 0) return <p class="quiet">Nothing has happened to this job yet.</p>;
  return (
    <ol>
      {events.toReversed().map(({ at, what, text }) => (
        <li key={`${at} ${what} ${text}`}>
          <time>{format.clock(at, now)}</time> <b>{wordOf(what)}</b> {text}
        </li>
      ))}
    </ol>
  );
}

/** What speaks for and against a job's being on the cloud; the sentence above is its reason. */
export function Evidence({ job, now }: Props) {
  const last = job.attempts.at(-1);
  const known = Object.entries({ sent_at: last?.sent_at, ...last?.diagnostics }).filter(
    ([name, value]) => name !== "reason" && value !== null && value !== undefined,
  );
  return (
    <dl class="facts-of-job" data-testid="evidence">
      {known.map(([name, value]) => (
        <div key={name}>
          <dt>{EVIDENCE.get(name) ?? wordOf(name)}</dt>
          <dd>
            {name.endsWith("_at") && typeof value === "number"
              ? format.clock(value, now)
              : String(value)}
          </dd>
        </div>
      ))}
    </dl>
  );
}

const EVIDENCE = new Map([
  ["sent_at", "Request prepared"],
  ["asked_at", "Request left"],
  ["gave_up_at", "Given up"],
  ["status_code", "Answer's code"],
]);

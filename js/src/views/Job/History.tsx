/** The history of one job: its events, its attempts, and the facts about a lost response. */

import { wordOf } from "../../data/states";
import * as format from "../../format";
import type { JobDetail } from "../../kernel/answers";
import { Copy } from "../../ui/Copy";
import { Pill } from "../../ui/Icon";

interface Props {
  job: JobDetail;
  now: number;
}

export function Happened({ job: { events }, now }: Props) {
  return (
    <ol class="events">
      {events.map(({ at, what, text }) => (
        <li key={`${at} ${what} ${text}`}>
          <time title={format.moment(at)}>{format.clock(at, now)}</time> <b>{wordOf(what)}</b>{" "}
          <span>{text}</span>
        </li>
      ))}
    </ol>
  );
}

export function Attempts({ job: { attempts }, now }: Props) {
  if (attempts.length === 0) return <p class="quiet">This job has not been sent.</p>;
  return (
    <ol class="attempts">
      {attempts.toReversed().map((attempt, i) => (
        <li key={attempt.number}>
          <b>{attempt.number}</b> <Pill state={attempt.state} />
          <time title={attempt.sent_at === null ? "" : format.moment(attempt.sent_at)}>
            {format.clock(attempt.sent_at, now)}
          </time>
          <span>{format.duration(attempt.duration_s)}</span>
          {attempt.remote_id && (
            <span class="id">
              <code>{attempt.remote_id}</code>
              {i > 0 && (
                <Copy text={attempt.remote_id} label={`Copy the id of attempt ${attempt.number}`} />
              )}
            </span>
          )}
          {Object.entries(attempt.overrides).map(([name, [old, changed]]) => (
            <small key={name}>
              {name} {String(old)} → {String(changed)}
            </small>
          ))}
          {attempt.message && <span class="said">{attempt.message}</span>}
        </li>
      ))}
    </ol>
  );
}

/** Facts that help decide whether a job is on the cloud. */
export function Evidence({ job, now }: Props) {
  const last = job.attempts.at(-1);
  const known = Object.entries({ sent_at: last?.sent_at, ...last?.diagnostics }).filter(
    ([name, value]) => name !== "reason" && value !== null && value !== undefined,
  );
  return (
    <dl class="values" data-testid="evidence">
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
  ["sent_at", "Intent recorded"],
  ["asked_at", "Request sent"],
  ["gave_up_at", "Stopped waiting"],
  ["status_code", "HTTP status"],
]);

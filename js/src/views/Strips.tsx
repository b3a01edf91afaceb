/** Problems and other conditions of a group, each in one sentence, with the possible actions. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { canAct } from "../canAct";
import { firstSentence, stripOf } from "../data/incidents";
import * as format from "../format";
import type { Session } from "../session";
import { Button } from "../ui/Button";
import { Copy } from "../ui/Copy";
import { sets } from "../ui/hooks";
import { Icon } from "../ui/Icon";
import type { IconName } from "../ui/icons";
import { runOrAsk } from "./Consent";
import { Confirmation } from "./Job/JobActions";
import { does } from "./Primary";
import { send } from "./SendForm";
import { asksForToken, retryFailed, TokenField, useToken } from "./TokenField";

export function Strips({ session }: { session: Session }) {
  useToken(session);
  return (
    <>
      <Restarted session={session} />
      <Incident session={session} />
      <TokenOfResults session={session} />
      <Paused session={session} />
      <Elsewhere session={session} />
      <Interrupted session={session} />
      <Unconfirmed session={session} />
    </>
  );
}

interface StripProps {
  kind: string;
  icon: IconName;
  /** The full text, if the sentence is shortened. */
  details?: string;
  isUrgent?: boolean;
  /** Whether nothing is wrong. */
  isPlain?: boolean;
  children: ComponentChildren;
}

function Strip({ kind, icon, details, isUrgent, isPlain, children }: StripProps) {
  return (
    <div
      class={isPlain ? "notice plain" : "notice"}
      data-testid={`strip-${kind}`}
      role={isUrgent ? "alert" : undefined}
    >
      <Icon name={icon} />
      {children}
      {details && (
        <details>
          <summary>Details</summary>
          {details}
        </details>
      )}
    </div>
  );
}

/** Actions here no longer reach a kernel. */
function Restarted({ session }: { session: Session }) {
  if (!session.link.isOver.value) return null;
  const { group, updated_at } = session.traits;
  const now = Date.now() / 1000;
  const line = `from jobgroup import Dashboard; Dashboard(${JSON.stringify(group.value)})`;
  return (
    <Strip kind="restarted" icon="unconfirmed">
      <span>
        State of {format.clock(updated_at.value ?? session.now.value, now)}: the kernel was
        restarted. Run this in a cell to reconnect: <code>{line}</code>
      </span>
      <Copy text={line} label="Copy the line that reconnects" />
    </Strip>
  );
}

/** A problem with a cloud, a token or the disk. */
function Incident({ session }: { session: Session }) {
  const { last_error, incident: kind, incident_since } = session.traits;
  const text = last_error.value;
  if (!text) return null;
  const since = incident_since.value;
  const isAway = kind.value === "unreachable";
  const sentence =
    isAway && since !== null
      ? `The cloud has been unreachable since ${format.clock(since, session.now.value)}. Jobs keep their last known state.`
      : firstSentence(text);
  return (
    <Strip
      kind={stripOf(kind.value)}
      icon="unconfirmed"
      isUrgent
      {...(sentence === text ? {} : { details: text })}
    >
      <span>{sentence}</span>
      {canAct(session) && (
        <Button
          kind="small"
          testid="try-now"
          isPending={session.pending.value.has("refresh")}
          onClick={does(session, "refresh", {})}
        >
          Try now
        </Button>
      )}
      {kind.value === "token" && <TokenField session={session} />}
    </Strip>
  );
}

/** Results lack a token that the jobs do not need: no incident says so. */
function TokenOfResults({ session }: { session: Session }) {
  const { incident: kind } = session.traits;
  const isTried = useSignal(false);
  if (kind.value === "token" || !asksForToken(session)) return null;
  return (
    <Strip kind="token" icon="unconfirmed">
      <span>
        {isTried.value
          ? "Results still need a token that the cloud accepts."
          : "Results need a token."}
      </span>
      <Button kind="small" testid="try-results" onClick={() => retryFailed(session)}>
        Try again
      </Button>
      <TokenField session={session} onSet={sets(isTried, true)} />
    </Strip>
  );
}

/** A paused group waits for the user, whichever process sends its jobs. */
function Paused({ session }: { session: Session }) {
  const { paused, counts } = session.traits;
  const unsent = counts.value.unsent ?? 0;
  if (!paused.value || unsent === 0) return null;
  return (
    <Strip kind="paused" icon="suspended">
      <span>
        Sending is paused: {format.count(unsent, "job")} {unsent === 1 ? "waits" : "wait"}.
      </span>
      {canAct(session) && (
        <Button
          kind="small"
          testid="resume"
          isPending={session.pending.value.has("resume")}
          onClick={does(session, "resume", {})}
        >
          Resume
        </Button>
      )}
    </Strip>
  );
}

function Elsewhere({ session }: { session: Session }) {
  const sender = session.traits.sender.value;
  if (!sender || sender.is_this_process) return null;
  const since = format.clock(sender.since, session.now.value);
  const place = `${sender.pid} on ${sender.host}`;
  const who = sender.is_from_page
    ? `The run that a page started (process ${place})`
    : `Process ${place}`;
  return (
    <Strip kind="elsewhere" icon="sending" isPlain>
      <span>
        {who} has been sending this group since {since}. It continues when you close this page.
      </span>
    </Strip>
  );
}

/** The process that sent jobs has ended and left some unsent. */
function Interrupted({ session }: { session: Session }) {
  const { interrupted, counts } = session.traits;
  const unsent = counts.value.unsent ?? 0;
  if (!interrupted.value || unsent === 0) return null;
  return (
    <Strip kind="interrupted" icon="stop">
      <span>
        The run ended early: {format.count(unsent, "job")} {unsent === 1 ? "is" : "are"} still to
        send.
      </span>
      {canAct(session) && (
        <Button kind="small" onClick={() => send(session)}>
          Send {format.whole(unsent)}
        </Button>
      )}
    </Strip>
  );
}

/** Only the user can find out what happened to a request without a response. */
function Unconfirmed({ session }: { session: Session }) {
  const positions = session.rows.value.table.where((state) => state === "unconfirmed");
  const [first] = positions;
  if (first === undefined) return null;
  const review = () => {
    session.show("unconfirmed");
    session.opened.value = first;
  };
  const isOne = positions.length === 1;
  return (
    <Strip kind="unconfirmed" icon="unconfirmed">
      <span>
        It is unknown whether {isOne ? `job ${first}` : format.count(positions.length, "job")}{" "}
        reached the cloud.
      </span>
      <Button kind="small" onClick={review}>
        Review
      </Button>
      {canAct(session) && isOne && <Confirmation session={session} position={first} from="group" />}
      {canAct(session) && !isOne && (
        <Button
          kind="small"
          onClick={() => runOrAsk(session, "group", "resend", positions, { positions })}
        >
          Resend {format.whole(positions.length)}
        </Button>
      )}
    </Strip>
  );
}

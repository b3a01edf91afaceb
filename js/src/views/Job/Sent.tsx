/** The request: parameters, noise model, circuit as drawn by Perceval, and payload. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import * as format from "../../format";
import type { DrawingAnswer, JobDetail, PayloadAnswer } from "../../kernel/answers";
import type { Session } from "../../session";
import { Copy } from "../../ui/Copy";
import { Loaded } from "../Loaded";
import { useAnswer } from "../useAnswer";

/** Delay in milliseconds, so that walking through jobs quickly requests no drawing. */
const PAUSE_MS = 250;

interface Props {
  session: Session;
  job: JobDetail;
}

export function Sent({ session, job }: Props) {
  const { noise: _, content: __, ...metadata } = job.metadata;
  return (
    <>
      <Values values={job.labels} />
      <Values values={{ ...metadata, ...job.params }} nameOf={titleOf} />
      <Noise job={job} />
      {"content" in job.metadata && !session.isSaved() && (
        <Delayed>
          <Drawing session={session} position={job.position} />
        </Delayed>
      )}
      {!session.isSaved() && <Payload session={session} position={job.position} />}
    </>
  );
}

interface ValuesProps {
  values: Record<string, unknown>;
  /** How names are shown; names that the user gave are shown as they are. */
  nameOf?: (name: string) => string;
}

function Values({ values, nameOf = (name) => name }: ValuesProps) {
  const entries = Object.entries(values);
  if (entries.length === 0) return null;
  return (
    <dl class="values">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{nameOf(name)}</dt>
          <dd>{textOf(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

function Noise({ job }: { job: JobDetail }) {
  const entries = Object.entries(job.noise);
  if (entries.length === 0) return null;
  const given = String(job.metadata["noise"] ?? "");
  return (
    <table class="noise">
      <caption>Noise</caption>
      <tbody>
        {entries.map(([column, value]) => {
          const name = column.replace(/^noise\./, "");
          const isGiven = given.includes(`"${name}"`);
          return (
            <tr key={column} class={isGiven ? undefined : "default"}>
              <th scope="row">{titleOf(name)}</th>
              <td class="number">{textOf(value)}</td>
              <td>{isGiven ? "" : "default"}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Delayed({ children }: { children: preact.ComponentChildren }) {
  const isDue = useSignal(false);
  useEffect(() => {
    const timer = setTimeout(() => {
      isDue.value = true;
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, []);
  return <>{isDue.value && children}</>;
}

interface QueryProps {
  session: Session;
  position: number;
}

/** As an image: no script in it runs, and nothing is loaded. */
function Drawing({ session, position }: QueryProps) {
  const answer = useAnswer<DrawingAnswer>(session, "drawing", { position }, "");
  return (
    <Loaded answer={answer}>
      {({ svg, reason }) =>
        svg ? (
          <img
            class="circuit"
            data-testid="circuit"
            alt="Circuit"
            src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`}
          />
        ) : (
          <p class="quiet">{reason}</p>
        )
      }
    </Loaded>
  );
}

function Payload({ session, position }: QueryProps) {
  const isOpen = useSignal(false);
  return (
    <details
      onToggle={({ currentTarget }) => {
        isOpen.value = currentTarget.open;
      }}
    >
      <summary data-testid="payload">Payload</summary>
      {isOpen.value && <PayloadText session={session} position={position} />}
    </details>
  );
}

function PayloadText({ session, position }: QueryProps) {
  const answer = useAnswer<PayloadAnswer>(session, "payload", { position }, "");
  return (
    <Loaded answer={answer}>
      {({ text, reason }) =>
        text ? (
          <>
            <Copy text={text} label="Copy the payload">
              Copy
            </Copy>
            <pre>{text}</pre>
          </>
        ) : (
          <p class="quiet">{reason}</p>
        )
      }
    </Loaded>
  );
}

/** The fields of Perceval's payloads that have short names. */
const TITLES = new Map([
  ["m", "modes"],
  ["n", "photons"],
  ["g2", "g2"],
]);

const titleOf = (name: string): string => TITLES.get(name) ?? name.replaceAll("_", " ");

function textOf(value: unknown): string {
  if (typeof value === "number") return format.given(value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

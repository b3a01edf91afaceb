/** A rerun with other values for the job's parameters: a field for each that can be changed. */

import type { JobDetail } from "../answers";
import type { Plain } from "../protocol";
import type { Session } from "../session";
import { type Signal, signal } from "../signals";
import { useOnce } from "./dom";
import { typed, useSignal } from "./hooks";
import { Keeping, keeping } from "./Keeping";
import { Step } from "./Step";

interface Props {
  session: Session;
  job: JobDetail;
  close: () => void;
}

export function Revision({ session, job, close }: Props) {
  const { position, changeable } = job;
  const isKept = useSignal(false);
  const fields = useOnce(() =>
    Object.entries(changeable).map(([name, old]) => ({ name, old, text: signal(written(old)) })),
  );
  const changed = fields.filter(({ old, text }) => text.current.trim() !== written(old));
  const wrong = changed.find(({ old, text }) => read(old, text.current) === null);
  const rerun = async () => {
    const overrides = Object.fromEntries(
      changed.map(({ name, old, text }) => [name, read(old, text.current) as Plain]),
    );
    const args = { positions: [position], overrides, ...keeping(isKept) };
    // What Python refuses is said, and what was typed stays.
    if (await session.run("rerun", args)) close();
  };
  return (
    <Step
      label={`Edit and rerun job ${position}`}
      isPlain
      go={{
        testid: "revision-go",
        isPending: session.pending.current.has("rerun"),
        reason: wrong
          ? `${wrong.name} is ${typeof wrong.old === "boolean" ? "true or false" : "a number"}`
          : changed.length === 0
            ? "Nothing is changed yet"
            : "",
        onClick: rerun,
        children: "Rerun with changes",
      }}
      close={close}
    >
      {fields.map(({ name, text }) => (
        <Field key={name} name={name} text={text} />
      ))}
      <Keeping isOn={isKept} />
    </Step>
  );
}

function Field({ name, text }: { name: string; text: Signal<string> }) {
  return (
    <label>
      {name} <input class="value" testid={`revision-${name}`} {...typed(text)} />
    </label>
  );
}

const written = (value: Plain | null): string => String(value ?? "");

/** A value of the old one's kind; null where the text is none. */
function read(old: Plain | null, text: string): Plain | null {
  const word = text.trim();
  if (typeof old === "string") return word;
  if (typeof old === "boolean") return /^(true|false)$/i.test(word) ? /t/i.test(word) : null;
  return word === "" || Number.isNaN(Number(word)) ? null : Number(word);
}

/** A rerun of some jobs with other values: a field for each parameter that can be changed. */

import { type Signal, signal, useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { numberIn } from "../data/fields";
import type { Cell, Table } from "../data/table";
import * as format from "../format";
import type { JobDetail } from "../kernel/answers";
import type { Plain } from "../kernel/protocol";
import type { Session } from "../session";
import { typed } from "../ui/hooks";
import { InlineForm } from "../ui/InlineForm";
import { KeepFailed, keepArgs } from "./KeepFailed";
import { Loaded } from "./Loaded";
import { useAnswer } from "./useAnswer";

interface Props {
  session: Session;
  positions: readonly number[];
  close: () => void;
}

/**
 * The fields are those of the first job; Python rejects a change that another job does not allow. A
 * field is empty if the jobs' values differ.
 */
export function RerunForm({ session, positions, close }: Props) {
  const job = useAnswer<JobDetail>(session, "job", { position: positions[0] as number }, "");
  return (
    <Loaded answer={job}>
      {({ changeable, fixed }) =>
        fixed ? (
          <p class="quiet">{fixed}</p>
        ) : (
          <Fields {...{ session, positions, changeable, close }} />
        )
      }
    </Loaded>
  );
}

interface FieldsProps extends Props {
  /** The parameters that can be changed, with their current values. */
  changeable: JobDetail["changeable"];
}

function Fields({ session, positions, changeable, close }: FieldsProps) {
  const [first = 0] = positions;
  const count = positions.length > 1 ? ` ${format.whole(positions.length)}` : "";
  const isKept = useSignal(false);
  const { table } = session.rows.value;
  const fields = useMemo(
    () =>
      Object.entries(changeable).map(([name, old]) => {
        const isMixed = new Set(positions.map((p) => paramOf(table, p, name))).size > 1;
        const before = isMixed ? "" : String(old ?? "");
        return { name, old, isMixed, before, text: signal(before) };
      }),
    [changeable],
  );
  const cause = session.asking.value?.from === "causes" ? table.text(first, "message") : "";
  const changed = fields.filter(({ before, text }) => text.value.trim() !== before);
  const wrong = changed.find(({ old, text }) => read(old, text.value) === null);
  const rerun = async () => {
    const overrides = Object.fromEntries(
      changed.map(({ name, old, text }) => [name, read(old, text.value) as Plain]),
    );
    const args = { positions, mode: "queue" as const, overrides, ...keepArgs(isKept) };
    // Python's reason for a rejection is shown, and the typed text stays.
    if (await session.run("rerun", args)) close();
  };
  return (
    <InlineForm
      label={`Rerun ${format.count(positions.length, "job")} with other values`}
      isPlain
      go={{
        testid: "revision-go",
        isPending: session.pending.value.has("rerun"),
        reason: wrong
          ? `${wrong.name} must be ${typeof wrong.old === "boolean" ? "true or false" : "a number"}`
          : changed.length === 0
            ? "Nothing has been changed"
            : "",
        onClick: rerun,
        children: `Rerun${count} with changes`,
      }}
      close={close}
    >
      {cause && (
        <p>
          <b>{format.count(positions.length, "job")} with this cause:</b> {cause}
        </p>
      )}
      <div class="fields">
        {fields.map(({ name, old, isMixed, text }) => (
          <Field key={name} {...{ name, isMixed, text }} isText={typeof old === "string"} />
        ))}
      </div>
      <KeepFailed isOn={isKept} />
    </InlineForm>
  );
}

interface FieldProps {
  name: string;
  isMixed: boolean;
  text: Signal<string>;
  isText: boolean;
}

function Field({ name, isMixed, text, isText }: FieldProps) {
  return (
    <label>
      <span>{name}</span>
      <input
        class={isText ? "" : "value"}
        placeholder={isMixed ? "differs" : ""}
        data-testid={`revision-${name}`}
        {...typed(text)}
      />
    </label>
  );
}

/** A parameter of the request, or of its `parameters`. */
const paramOf = (table: Table, position: number, name: string): Cell =>
  table.cell(position, `param.${name}`) ?? table.cell(position, `param.parameters.${name}`);

/** A value of the old value's type; null if the text is not one. */
function read(old: Plain | null, text: string): Plain | null {
  const word = text.trim();
  if (typeof old === "string") return word;
  if (typeof old === "boolean") return /^(true|false)$/i.test(word) ? /t/i.test(word) : null;
  return numberIn(word);
}

/** The forms of actions on some jobs: a rerun with other values, repeats, a note, consent. */

import { useSignal } from "@preact/signals";
import type { Asking } from "../asking";
import { countIn, NO_COUNT } from "../data/fields";
import * as format from "../format";
import type { Session } from "../session";
import { typed } from "../ui/hooks";
import { InlineForm } from "../ui/InlineForm";
import { ConsentForm } from "./Consent";
import { RerunForm } from "./RerunForm";

/** The form that is open in this part of the page, if any. */
export function Asked({ session, from }: { session: Session; from: Asking["from"] }) {
  const asked = session.asking.value;
  if (asked?.from !== from) return null;
  const forms = { rerun: RerunForm, repeat: RepeatForm, note: NoteForm, consent: ConsentForm };
  const Form = forms[asked.what];
  const close = () => {
    session.asking.value = null;
  };
  const key = `${asked.what} ${asked.command?.name} ${asked.positions.join()}`;
  return <Form key={key} session={session} positions={asked.positions} close={close} />;
}

interface FormProps {
  session: Session;
  positions: readonly number[];
  close: () => void;
}

function RepeatForm({ session, positions, close }: FormProps) {
  const number = useSignal("1");
  const isTotal = useSignal(false);
  const count = countIn(number.value);
  const all = session.rows.value.table.total;
  const jobs =
    positions.length === all ? "all jobs" : `the ${format.count(positions.length, "job")}`;
  const add = async () => {
    if (count === null) return;
    const named = positions.length === all ? {} : { positions };
    const args = isTotal.value ? { ...named, to: count } : { ...named, times: count };
    if (await session.run("repeat", args)) close();
  };
  return (
    <InlineForm
      label="Repeat jobs"
      isPlain
      go={{
        testid: "repeat-go",
        isPending: session.pending.value.has("repeat"),
        reason: count === null ? NO_COUNT : "",
        onClick: add,
        children: "Add repeats",
      }}
      close={close}
    >
      <label>
        Repeat {jobs},{" "}
        <select
          data-testid="repeat-how"
          value={isTotal.value ? "to" : "times"}
          onChange={({ currentTarget }) => {
            isTotal.value = currentTarget.value === "to";
          }}
        >
          <option value="times">adding this many of each:</option>
          <option value="to">up to this many of each:</option>
        </select>
      </label>
      <input
        class="short"
        inputMode="numeric"
        data-testid="repeat-number"
        aria-label="Number of jobs"
        {...typed(number)}
      />
    </InlineForm>
  );
}

function NoteForm({ session, positions, close }: FormProps) {
  const { table } = session.rows.value;
  const notes = new Set(positions.map((position) => table.text(position, "note")));
  const text = useSignal(notes.size === 1 ? ([...notes][0] as string) : "");
  const keep = async () => {
    if (await session.run("annotate", { positions, text: text.value })) close();
  };
  return (
    <InlineForm
      label="Note"
      isPlain
      go={{ testid: "note-go", onClick: keep, children: "Save note" }}
      close={close}
    >
      <label>
        Note of {format.count(positions.length, "job")}{" "}
        <input data-testid="note-text" {...typed(text)} />
      </label>
      {notes.size > 1 && (
        <p class="quiet">It replaces {format.whole(notes.size)} different notes.</p>
      )}
    </InlineForm>
  );
}

/** The actions on the selected jobs, shown while jobs are selected. */

import { useRef } from "preact/hooks";
import type { Asking } from "../asking";
import { canAct } from "../canAct";
import { isCancelable, isRerunnable, isTerminal, isUnsent } from "../data/states";
import * as format from "../format";
import { copySelection } from "../grid/copy";
import type { Args, Command } from "../kernel/protocol";
import type { Session } from "../session";
import { Button } from "../ui/Button";
import { roving } from "../ui/roving";
import { Asked } from "./Asked";
import { runOrAsk } from "./Consent";
import { Exports } from "./Exports";

export function SelectionBar({ session }: { session: Session }) {
  const selected = [...session.selected.value].sort((a, b) => a - b);
  if (selected.length === 0) return null;
  const shown = new Set(session.rows.value.positions);
  const hidden = selected.filter((position) => !shown.has(position)).length;
  return (
    <section class="selection" data-testid="selection" aria-label="Selected jobs">
      <Asked session={session} from="selection" />
      <div class="actions" role="toolbar" aria-label="Selected jobs" {...roving}>
        <b>
          {format.whole(selected.length)} selected
          {hidden > 0 && <span> · {format.whole(hidden)} hidden by the filter</span>}
        </b>
        <Actions session={session} selected={selected} />
        <Copying session={session} selected={selected} />
        <Button kind="small" testid="clear" onClick={() => session.select([])}>
          Clear
        </Button>
      </div>
    </section>
  );
}

interface Props {
  session: Session;
  selected: readonly number[];
}

/** Each action that some selected jobs allow, with their number unless it is all of them. */
function Actions({ session, selected }: Props) {
  const { table } = session.rows.value;
  const among = (is: (state: string) => boolean) => selected.filter((p) => is(table.state(p)));
  const succeeded = among((state) => state === "success");
  const isPlotted = session.view.value !== "table" && session.view.value !== "timeline";
  const unsent = among(isUnsent);
  const act = (label: string, name: Command, positions: readonly number[], args: Args = {}) =>
    positions.length > 0 && (
      <Button
        kind="small"
        testid={`selected-${label.toLowerCase().replace(" ", "-")}`}
        isPending={session.pending.value.has(name)}
        onClick={() => {
          if (name === "prioritize") session.run(name, { positions });
          else runOrAsk(session, "selection", name, positions, { positions, ...args });
        }}
      >
        {label}
        {positions.length < selected.length && ` ${format.whole(positions.length)}`}
      </Button>
    );
  const ask = (label: string, what: Asking["what"], positions: readonly number[]) =>
    positions.length > 0 && (
      <Button
        kind="small"
        testid={`selected-${what === "rerun" ? "rerun-with" : what}`}
        onClick={() => {
          session.asking.value = { what, positions, from: "selection" };
        }}
      >
        {label}
      </Button>
    );
  return (
    <>
      {succeeded.length > 1 && !isPlotted && (
        <Button
          kind="small"
          testid="selected-compare"
          onClick={() => {
            session.isComparing.value = true;
            session.view.value = "plot";
          }}
        >
          Compare
        </Button>
      )}
      {canAct(session) && (
        <>
          {act("Send", "run", unsent, { mode: "queue" })}
          {act("Run next", "prioritize", unsent)}
          {act("Rerun", "rerun", among(isRerunnable), { mode: "queue" })}
          {ask(
            "Rerun with…",
            "rerun",
            among((state) => isTerminal(state) || state === "refused"),
          )}
          {ask("Repeat…", "repeat", selected)}
          {act("Cancel", "cancel", among(isCancelable))}
          {act("Remove", "remove", unsent)}
          {ask("Note…", "note", selected)}
        </>
      )}
    </>
  );
}

function Copying({ session, selected }: Props) {
  const place = useRef<HTMLSpanElement>(null);
  return (
    <span ref={place} class="buttons">
      <Exports session={session} positions={selected} />
      <Button
        kind="small"
        testid="selected-copy"
        onClick={() => copySelection(session, place.current)}
      >
        Copy
      </Button>
    </span>
  );
}

import { canAct } from "../canAct";
import { type Column, FIXED } from "../data/columns";
import { iterationOf, positionOf } from "../data/lines";
import { isRerunnable } from "../data/states";
import type { Session } from "../session";
import { Icon } from "../ui/Icon";
import type { IconName } from "../ui/icons";
import { cellText, titleText } from "./cells";
import { Box } from "./Header";

interface Props {
  session: Session;
  /** The job, or one of its iterations: see `data/lines.ts`. */
  line: number;
  /** The row's index among those that are shown. */
  index: number;
  top: number;
  columns: readonly Column[];
  isNarrow: boolean;
  /** The cell that Tab reaches; -1 if it is in another row. */
  reached: number;
  press(event: MouseEvent, line: number, column: number): void;
  onFocus(column: number): void;
}

export function Row(props: Props) {
  const { session, line, index, top, columns, isNarrow, reached, press, onFocus } = props;
  const { table } = session.rows.value;
  const position = positionOf(line);
  const iteration = iterationOf(line);
  const testid = iteration > 0 ? `${position}.${iteration}` : String(position);
  const state = table.state(position);
  const context = {
    table,
    summarized: session.layout.value.shown,
    now: session.now.value,
    isNarrow,
    nextUp: session.nextUp.value,
    problem: session.traits.last_error.value,
  };
  const isMeasuredLine = isNarrow && !table.text(line, "message");
  const isSelected = session.selected.value.has(position);
  const canRerun = canAct(session) && isRerunnable(state);
  const cellProps = (at: number) => ({
    role: "gridcell" as const,
    tabIndex: reached === at ? 0 : -1,
    onFocus: () => onFocus(at),
    onClick: (event: MouseEvent) => press(event, line, at),
  });
  const selectProps = {
    ...cellProps(0),
    "aria-label": `Select job ${table.nameOf(line)}`,
    "aria-selected": isSelected,
  };
  return (
    <div
      class={session.opened.value === position ? "row open" : "row"}
      role="row"
      data-testid={`row-${testid}`}
      data-status={state}
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      style={{ top: `${top}px` }}
    >
      <div class="cell select" {...selectProps}>
        <Box isChecked={isSelected} />
      </div>
      {columns.map((column, i) => {
        const text = cellText(line, column, context);
        return (
          <div
            key={column.name}
            class="cell"
            data-testid={`cell-${testid}-${keyOf(column)}`}
            data-column={column.name}
            data-kind={column.kind}
            title={titleText(line, column, text, table)}
            {...cellProps(i + 1)}
          >
            <CellContent kind={column.kind} {...{ state, text, canRerun, isMeasuredLine }} />
          </div>
        );
      })}
    </div>
  );
}

const isFixed = new Set(FIXED.map(({ name }) => name));

/** The name of a column in tests. */
const keyOf = ({ name, title }: Column): string => (isFixed.has(name) ? name : title);

interface ContentProps {
  kind: Column["kind"];
  state: string;
  text: string;
  canRerun: boolean;
  /** Whether measured values are in the message's place. */
  isMeasuredLine: boolean;
}

function CellContent({ kind, state, text, canRerun, isMeasuredLine }: ContentProps) {
  if (kind === "state")
    return (
      <span class="pill" data-status={state}>
        <Icon name={state as IconName} />
        {text}
      </span>
    );
  if (kind === "measured") {
    const [value, error] = text.split(" ± ");
    return (
      <>
        {value}
        {error && <i> ± {error}</i>}
      </>
    );
  }
  if (kind !== "message") return <>{text}</>;
  const look = isMeasuredLine ? "measured-line" : state === "error" ? "clip failed" : "clip";
  return (
    <>
      <span class={look}>{text}</span>
      {canRerun && (
        <button class="button small" tabIndex={-1}>
          Rerun
        </button>
      )}
    </>
  );
}

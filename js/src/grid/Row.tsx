import type { Column } from "../data/columns";
import { isRerunnable } from "../data/states";
import type { Session } from "../session";
import { Icon } from "../ui/Icon";
import type { IconName } from "../ui/icons";
import { cellText, titleText } from "./cells";
import { Box } from "./Header";

interface Props {
  session: Session;
  position: number;
  /** The row's place among those that are shown. */
  index: number;
  top: number;
  columns: readonly Column[];
  isNarrow: boolean;
  /** The cell that Tab reaches; -1 if it is in another row. */
  reached: number;
  press(event: MouseEvent, position: number, column: number): void;
  onFocus(column: number): void;
}

export function Row(props: Props) {
  const { session, position, index, top, columns, isNarrow, reached, press, onFocus } = props;
  const { table } = session.rows.value;
  const state = table.state(position);
  const context = {
    table,
    summarized: session.layout.value.shown,
    now: session.now.value,
    isNarrow,
    nextUp: session.nextUp.value,
  };
  const canRerun = !session.traits.read_only.value && isRerunnable(state);
  const cellProps = (at: number) => ({
    role: "gridcell" as const,
    tabIndex: reached === at ? 0 : -1,
    onFocus: () => onFocus(at),
    onClick: (event: MouseEvent) => press(event, position, at),
  });
  return (
    <div
      class={session.opened.value === position ? "row open" : "row"}
      role="row"
      data-testid={`row-${position}`}
      data-status={state}
      aria-rowindex={index + 2}
      aria-selected={session.selected.value.has(position)}
      style={{ top: `${top}px` }}
    >
      <div class="cell select" {...cellProps(0)}>
        <Box />
      </div>
      {columns.map((column, i) => {
        const text = cellText(position, column, context);
        return (
          <div
            key={column.name}
            class="cell"
            data-column={column.name}
            data-kind={column.kind}
            title={titleText(position, column, text, table)}
            {...cellProps(i + 1)}
          >
            <CellContent kind={column.kind} state={state} text={text} canRerun={canRerun} />
          </div>
        );
      })}
    </div>
  );
}

interface ContentProps {
  kind: Column["kind"];
  state: string;
  text: string;
  canRerun: boolean;
}

function CellContent({ kind, state, text, canRerun }: ContentProps) {
  if (kind === "state")
    return (
      <span class="pill">
        <Icon name={state as IconName} />
        {text}
      </span>
    );
  if (kind !== "message") return <>{text}</>;
  return (
    <>
      <span class="clip">{text}</span>
      {canRerun && (
        <button class="button small" tabIndex={-1}>
          Rerun
        </button>
      )}
    </>
  );
}

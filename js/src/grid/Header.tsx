import type { Column } from "../data/columns";
import { Icon } from "../ui/Icon";

interface Props {
  columns: readonly Column[];
  /** A column's name, "-" before it for descending. */
  sort: string;
  /** Whether every job that is shown is selected. */
  isAll: boolean;
  /** The cell that Tab reaches; -1 if it is in a row. */
  reached: number;
  press(column: number): void;
  onFocus(column: number): void;
}

export function Header({ columns, sort, isAll, reached, press, onFocus }: Props) {
  const cellProps = (at: number) => ({
    tabIndex: reached === at ? 0 : -1,
    onFocus: () => onFocus(at),
    onClick: () => press(at),
  });
  return (
    <div class="row header" role="row" aria-rowindex={1} aria-selected={isAll}>
      <div class="cell select" role="columnheader" {...cellProps(0)}>
        <Box />
        <span class="unseen">Select</span>
      </div>
      {columns.map(({ name, title, kind }, i) => (
        <div
          key={name}
          class="cell"
          role="columnheader"
          data-column={name}
          data-kind={kind}
          title={`Sort by ${title}`}
          aria-sort={sort === name ? "ascending" : sort === `-${name}` ? "descending" : undefined}
          {...cellProps(i + 1)}
        >
          <span class="clip">{title}</span>
          {sort === name && <Icon name="up" />}
          {sort === `-${name}` && <Icon name="caret" />}
        </div>
      ))}
    </div>
  );
}

/** The box of a row; the row's `aria-selected` ticks it. */
export const Box = () => (
  <span class="box">
    <Icon name="success" />
  </span>
);

/** The grid's header: groups of columns, their names, and histograms of their numbers. */

import type { Column, Group } from "../data/columns";
import type { Histogram } from "../data/histogram";
import { type Sorting, sorting } from "../data/order";
import { Icon } from "../ui/Icon";
import { Bars } from "./Bars";
import { Resizer } from "./Resizer";

interface Props {
  columns: readonly Column[];
  sort: string;
  /** Whether all shown jobs are selected. */
  isAll: boolean;
  /** The cell that Tab reaches; -1 if it is in a row. */
  reached: number;
  histograms: ReadonlyMap<string, Histogram>;
  press(column: number, adds: boolean): void;
  onFocus(column: number): void;
  resize(column: Column, width: number | null): void;
  filter(column: Column, low: number, high: number): void;
}

export function Header(props: Props) {
  const { columns, sort, isAll, reached, histograms, press, onFocus, resize, filter } = props;
  const by = sorting(sort);
  const cellProps = (at: number) => ({
    tabIndex: reached === at ? 0 : -1,
    onFocus: () => onFocus(at),
    onClick: (event: MouseEvent) => press(at, event.shiftKey),
  });
  return (
    <div class="head" role="rowgroup">
      <div class="row subjects" aria-hidden="true">
        {spans(columns).map(({ group, from, to }) => (
          <span
            key={from}
            data-group={group}
            class={from <= 2 ? "sticky" : undefined}
            style={{ gridColumn: `${from} / ${to}` }}
          >
            {group}
          </span>
        ))}
      </div>
      <div class="row header" role="row" aria-rowindex={1} aria-selected={isAll}>
        <div class="cell select" role="columnheader" {...cellProps(0)}>
          <Box isChecked={isAll} />
          <span class="unseen">Select</span>
        </div>
        {columns.map((column, i) => {
          const { name, title, kind } = column;
          const rank = rankOf(by, column);
          const sorted = by[rank];
          const histogram = histograms.get(name);
          return (
            <div
              key={name}
              class="cell"
              role="columnheader"
              data-column={name}
              data-kind={kind}
              title={`Sort by ${title}; hold Shift to sort by several columns`}
              aria-sort={sorted && (sorted.isDescending ? "descending" : "ascending")}
              {...cellProps(i + 1)}
            >
              <span class="name">
                <span class="clip">{title}</span>
                {sorted && <Icon name={sorted.isDescending ? "caret" : "up"} />}
                {sorted && by.length > 1 && <small>{rank + 1}</small>}
              </span>
              {histogram && (
                <Bars
                  histogram={histogram}
                  title={title}
                  choose={(low, high) => filter(column, low, high)}
                />
              )}
              <Resizer column={column} resize={(width) => resize(column, width)} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** The index of a column among the sort columns; -1 if rows are not sorted by it. */
const rankOf = (by: readonly Sorting[], { name, title }: Column): number =>
  by.findIndex(({ column }) => column === name || column === title);

/** Adjacent columns of one group, by grid lines; the checkbox is column 1. */
function spans(columns: readonly Column[]): { group: Group; from: number; to: number }[] {
  const found: { group: Group; from: number; to: number }[] = [];
  columns.forEach(({ group }, i) => {
    const last = found.at(-1);
    if (last?.group === group) last.to = i + 3;
    else found.push({ group, from: i === 0 ? 1 : i + 2, to: i + 3 });
  });
  return found;
}

/** The checkbox of a row. */
export const Box = ({ isChecked }: { isChecked: boolean }) => (
  <span class={isChecked ? "box checked" : "box"}>{isChecked && <Icon name="success" />}</span>
);

import { inOrder } from "../order";
import type { Signal } from "../signals";
import type { Cell } from "../table";
import type { Children } from "./dom";
import { Icon } from "./Icon";
import { roving } from "./roving";

export interface Head {
  title: string;
  isNumber?: boolean;
}

export interface Row {
  key: string | number;
  cells: Children[];
  /** What the cells are sorted by; where a table can be sorted. */
  values?: readonly Cell[];
  isChosen?: boolean;
  testid?: string;
}

/** A column, counted from 1; negative for descending, 0 for the order as given. */
export type Sort = Signal<number>;

/** A small table in full. The jobs' own is the grid. */
export function DataTable({ head, rows, sort }: { head: Head[]; rows: Row[]; sort?: Sort }) {
  const kind = (i: number) => (head[i]?.isNumber ? "number" : undefined);
  const by = sort?.current ?? 0;
  return (
    <div class="table-frame">
      <table>
        <thead>
          <tr {...(sort && roving)}>
            {head.map(({ title }, i) => (
              <th
                key={i}
                class={kind(i)}
                role={title ? undefined : "presentation"}
                aria-sort={sortedBy(by, i)}
              >
                {sort && title ? (
                  <button
                    onClick={() => {
                      sort.current = by === i + 1 ? -by : i + 1;
                    }}
                  >
                    {title}
                    {Math.abs(by) === i + 1 && <Icon name={by > 0 ? "up" : "caret"} />}
                  </button>
                ) : (
                  title
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted(rows, by).map(({ key, cells, isChosen, testid }) => (
            <tr key={key} aria-selected={isChosen} testid={testid}>
              {cells.map((cell, i) => (
                <td key={i} class={kind(i)}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function sortedBy(by: number, column: number): string | undefined {
  if (Math.abs(by) !== column + 1) return undefined;
  return by > 0 ? "ascending" : "descending";
}

function sorted(rows: Row[], by: number): Row[] {
  if (by === 0) return rows;
  const compare = inOrder(by < 0);
  const cellOf = ({ values }: Row) => values?.[Math.abs(by) - 1] ?? null;
  return rows.toSorted((a, b) => compare(cellOf(a), cellOf(b)));
}

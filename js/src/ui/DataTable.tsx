import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { inOrder } from "../data/order";
import type { Cell } from "../data/table";
import { Icon } from "./Icon";
import { roving } from "./roving";

export interface Head {
  /** The id for sorting, which stays the same if columns change; by default, the title. */
  id?: string;
  title: string;
  isNumber?: boolean;
}

export interface Row {
  key: string | number;
  /** A function if the table has many rows but shows few. */
  cells: ComponentChildren[] | (() => ComponentChildren[]);
  /** The keys for sorting the cells, if the table can be sorted. */
  values?: readonly Cell[];
  isChosen?: boolean;
  testid?: string;
}

/** A column's id, with a leading "-" for descending; "" for the given order. */
export type Sort = Signal<string>;

interface Props {
  head: Head[];
  rows: Row[];
  sort?: Sort;
  /** The number of rows to show. */
  most?: number;
}

/** A small table, in full. Jobs are in the grid. */
export function DataTable({ head, rows, sort, most = rows.length }: Props) {
  const kind = (i: number) => (head[i]?.isNumber ? "number" : undefined);
  const by = sort?.value ?? "";
  const idOf = ({ id, title }: Head) => id ?? title;
  return (
    <div class="table-frame">
      <table>
        <thead>
          <tr {...(sort && roving)}>
            {head.map((each, i) => (
              <th
                key={i}
                class={kind(i)}
                role={each.title ? undefined : "presentation"}
                aria-sort={sortedBy(by, idOf(each))}
              >
                {sort && each.title ? (
                  <button
                    onClick={() => {
                      sort.value = by === idOf(each) ? `-${idOf(each)}` : idOf(each);
                    }}
                  >
                    {each.title}
                    {by === idOf(each) && <Icon name="up" />}
                    {by === `-${idOf(each)}` && <Icon name="caret" />}
                  </button>
                ) : (
                  each.title
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted(rows, by, head.map(idOf))
            .slice(0, most)
            .map(({ key, cells, isChosen, testid }) => (
              <tr key={key} aria-selected={isChosen} data-testid={testid}>
                {(typeof cells === "function" ? cells() : cells).map((cell, i) => (
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

function sortedBy(by: string, id: string): "ascending" | "descending" | undefined {
  if (by === "") return undefined;
  if (by === id) return "ascending";
  return by === `-${id}` ? "descending" : undefined;
}

/** The rows in the given order if the column no longer exists. */
function sorted(rows: Row[], by: string, ids: string[]): Row[] {
  const isDescending = by.startsWith("-");
  const column = ids.indexOf(isDescending ? by.slice(1) : by);
  if (by === "" || column < 0) return rows;
  const compare = inOrder(isDescending);
  const cellOf = ({ values }: Row) => values?.[column] ?? null;
  return rows.toSorted((a, b) => compare(cellOf(a), cellOf(b)));
}

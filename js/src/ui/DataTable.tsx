import type { Children } from "./dom";

export interface Head {
  title: string;
  isNumber?: boolean;
}

export interface Row {
  key: string | number;
  cells: Children[];
}

/** A small table in full. The jobs' own is the grid. */
export function DataTable({ head, rows }: { head: Head[]; rows: Row[] }) {
  const kind = (i: number) => (head[i]?.isNumber ? "number" : undefined);
  return (
    <div class="table-frame">
      <table>
        <thead>
          <tr>
            {head.map(({ title }, i) => (
              <th key={title} class={kind(i)}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, cells }) => (
            <tr key={key}>
              {cells.map((cell, i) => (
                <td key={head[i]?.title} class={kind(i)}>
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

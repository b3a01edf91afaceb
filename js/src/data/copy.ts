/** Rows as tab-separated text for spreadsheets; measured values have their errors. Pure. */

import type { Column } from "./columns";
import { plainText } from "./csv";
import { iterationOf } from "./lines";
import type { Cell, Table } from "./table";

export function tsvOf(table: Table, columns: readonly Column[], lines: readonly number[]): string {
  const parts = columns.flatMap(({ name, title, kind }) => {
    const of = (line: number): Cell => table.cell(line, name);
    const error = (line: number) => table.error(line, name);
    const hasError = kind === "measured" && lines.some((line) => error(line) !== null);
    const hasIteration = name === "position" && table.isIterated;
    return [
      { title, of },
      ...(hasIteration ? [{ title: "iteration", of: iterationOf }] : []),
      ...(hasError ? [{ title: `${title} error`, of: error }] : []),
    ];
  });
  const rows = lines.map((line) => parts.map(({ of }) => of(line)));
  return [parts.map(({ title }) => title), ...rows]
    .map((row) => row.map(field).join("\t"))
    .join("\n");
}

const field = (value: Cell): string => plainText(value).replace(/[\t\r\n]+/g, " ");

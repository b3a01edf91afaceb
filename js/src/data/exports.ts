/** The shown jobs as a file: CSV for spreadsheets, JSON for programs. Pure except for `save`. */

import { saveBlob } from "../host/download";
import { FIXED } from "./columns";
import { csvOf } from "./csv";
import { iterationOf } from "./lines";
import type { Cell, Table } from "./table";

export interface Sheet {
  header: string[];
  rows: Cell[][];
}

/**
 * Jobs or iterations with all their values in the table, and the errors of measured values; times
 * are ISO 8601 in UTC.
 */
export function sheetOf(table: Table, lines: readonly number[]): Sheet {
  const columns = FIXED.map(({ name, kind }): [string, (line: number) => Cell] => [
    name,
    kind === "time" ? (line) => isoOf(table.number(line, name)) : table.reader(name),
  ]);
  if (table.isIterated) columns.splice(1, 0, ["iteration", iterationOf]);
  for (const name of table.dynamicNames()) columns.push([name, table.reader(name)]);
  for (const name of table.measuredNames()) {
    columns.push([name, table.reader(name)]);
    if (lines.some((line) => table.error(line, name) !== null))
      columns.push([`${name} error`, (line) => table.error(line, name)]);
  }
  return {
    header: columns.map(([name]) => name),
    rows: lines.map((line) => columns.map(([, of]) => of(line))),
  };
}

export const asCsv = ({ header, rows }: Sheet): string => csvOf(header, rows);

export function asJson({ header, rows }: Sheet): string {
  const jobs = rows.map((row) => Object.fromEntries(header.map((name, i) => [name, row[i]])));
  return inAscii(JSON.stringify(jobs, null, 1));
}

/** JSON in ASCII, which no encoding can damage. */
const inAscii = (json: string): string =>
  json.replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** A file's content. CSV begins with a byte order mark, so that spreadsheets recognize UTF-8. */
export const contentOf = (text: string, type: string): string =>
  type === "text/csv" ? `\ufeff${text}` : text;

const isoOf = (epochS: number | null): string | null =>
  epochS === null ? null : new Date(epochS * 1000).toISOString();

/** Let the browser save a text as a file. */
export function save(text: string, name: string, type: string): void {
  saveBlob(new Blob([contentOf(text, type)], { type: `${type};charset=utf-8` }), name);
}

/** "jobs of my group.csv", without characters that file systems reject. */
export const fileName = (group: string, ending: string): string =>
  `${group.replace(/[\\/:*?"<>|\s\p{Cc}]+/gu, " ").trim() || "jobs"}.${ending}`;

/** The table of results: a row for each job, or for each of its iterations. Pure. */

import type { MeasuredRow } from "../kernel/answers";
import type { Column } from "./columns";
import type { Cell, Table } from "./table";

/** What a column tells: about the job, what was varied, a single measured number, a state's share. */
export type Role = "job" | "swept" | "scalar" | "share";

export interface ResultColumn {
  /** Unique, and the same when other columns come and go: choices are kept by it. */
  id: string;
  title: string;
  role: Role;
  isNumber: boolean;
}

export interface ResultRow {
  key: string;
  position: number;
  /** "3", or "3 · 4/12" for the fourth of twelve iterations. */
  name: string;
  cells: Record<string, Cell>;
  /** Standard errors of measured values. */
  errors: Record<string, number | null>;
}

export interface Sheet {
  columns: ResultColumn[];
  rows: ResultRow[];
}

export interface Sources {
  table: Table;
  /** Columns of the table that tell these jobs apart. */
  differing: readonly Column[];
  rows: ReadonlyMap<number, readonly MeasuredRow[]>;
  scalars: readonly string[];
  states: readonly string[];
}

export function sheetOf({ table, differing, rows, scalars, states }: Sources): Sheet {
  const all = [...rows.values()].flat().sort((a, b) => a.position - b.position);
  const iterated = [...new Set(all.flatMap(({ params }) => Object.keys(params)))];
  const column = (id: string, title: string, role: Role, of: (row: MeasuredRow) => Cell) => ({
    column: {
      id,
      title,
      role,
      isNumber: all.map(of).every((value) => value === null || typeof value === "number"),
    },
    of,
  });
  const columns = [
    column("position", "#", "job", ({ position }) => position),
    ...differing.map(({ name, title }) =>
      column(name, title, "swept", ({ position }) => table.cell(position, name)),
    ),
    ...iterated.map((name) =>
      column(`iteration.${name}`, name, "swept", ({ params }) => params[name] ?? null),
    ),
    column("samples", "samples", "job", ({ samples }) => samples),
    ...scalars.map((name) =>
      column(name, name.replaceAll("_", " "), "scalar", (row) => row.values[name]?.[0] ?? null),
    ),
    ...states.map((name) => column(name, name, "share", (row) => row.values[name]?.[0] ?? null)),
  ];
  return {
    columns: columns.map(({ column }) => column),
    rows: all.map((row) => ({
      key: `${row.position}.${row.iteration ?? ""}`,
      position: row.position,
      name:
        row.iteration === null
          ? String(row.position)
          : `${row.position} · ${row.iteration + 1}/${row.of}`,
      cells: Object.fromEntries(columns.map(({ column: { id }, of }) => [id, of(row)])),
      errors: Object.fromEntries(
        Object.entries(row.values).map(([name, [, error]]) => [name, error]),
      ),
    })),
  };
}

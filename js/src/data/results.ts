/** What was measured, as rows and columns for a plot: a row for each job or iteration. Pure. */

import type { Column, MeasuredNames } from "./columns";
import { iterationOf, positionOf } from "./lines";
import { type Cell, measuredName, type Table } from "./table";

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

/** The measured jobs of a table; `differing` are its columns that tell jobs apart. */
export function sheetOf(
  table: Table,
  differing: readonly Column[],
  { scalars, defined, states }: MeasuredNames,
): Sheet {
  const lines = [...table.measuredPositions].sort((a, b) => a - b).flatMap((p) => table.linesOf(p));
  const column = (id: string, title: string, role: Role, name: string) => ({
    id,
    title,
    role,
    name,
    isNumber: lines.every((line) => {
      const value = table.cell(line, name);
      return value === null || typeof value === "number";
    }),
  });
  const columns = [
    column("position", "#", "job", "position"),
    ...differing.map(({ name, title }) => column(name, title, "swept", name)),
    column("samples", "samples", "job", measuredName("samples")),
    ...[...scalars, ...defined].map((name) =>
      column(name, name.replaceAll("_", " "), "scalar", measuredName(name)),
    ),
    ...states.map((name) => column(name, name, "share", measuredName(name))),
  ];
  return {
    columns: columns.map(({ name: _, ...rest }) => rest),
    rows: lines.map((line) => ({
      key: `${positionOf(line)}.${iterationOf(line)}`,
      position: positionOf(line),
      name: table.nameOf(line),
      cells: Object.fromEntries(columns.map(({ id, name }) => [id, table.cell(line, name)])),
      errors: Object.fromEntries(columns.map(({ id, name }) => [id, table.error(line, name)])),
    })),
  };
}

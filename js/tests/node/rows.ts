/** Rows for tests: a table of jobs, each given by its differences from an unsent job. */

import { type Cell, Table } from "../../src/data/table";
import type { Block } from "../../src/kernel/protocol";

type Row = Record<string, Cell | undefined>;

export function blockOf(rows: Row[], first = 0): Block {
  const whole = rows.map((row, i) => ({
    position: first + i,
    state: "unsent",
    name: "job",
    message: null,
    ...row,
  }));
  const names = [...new Set(whole.flatMap((row) => Object.keys(row)))];
  const cell = (row: Row, name: string): Cell => row[name] ?? null;
  const columns = names.map((name) => [name, whole.map((row) => cell(row, name))] as const);
  return { n: rows.length, columns: Object.fromEntries(columns) };
}

export function tableOf(rows: Row[]): Table {
  const table = new Table();
  table.apply(blockOf(rows), []);
  table.total = rows.length;
  return table;
}

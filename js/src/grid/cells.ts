/** The texts of the grid's cells. Pure. */

import type { Column } from "../data/columns";
import { wordOf } from "../data/states";
import { isDynamic, type Table } from "../data/table";
import * as format from "../format";

export interface RowContext {
  table: Table;
  /** The columns that a narrow row's summary is made of. */
  summarized: readonly Column[];
  now: number;
  isNarrow: boolean;
  nextUp: ReadonlyMap<number, number>;
}

/** What a cell tells when pointed at: all of a text that is cut, and times with their date. */
export function titleText(
  position: number,
  { name, kind }: Column,
  text: string,
  table: Table,
): string {
  if (kind === "state") return "";
  const value = kind === "time" ? table.number(position, name) : null;
  return value === null ? text : new Date(value * 1000).toLocaleString();
}

export function cellText(position: number, column: Column, context: RowContext): string {
  const { table, now } = context;
  switch (column.kind) {
    case "state":
      return wordOf(table.state(position), context.nextUp.get(position));
    case "time":
      return format.clock(table.number(position, column.name), now);
    case "duration":
      return format.duration(durationOf(table, position, now));
    case "summary":
      return summaryOf(position, context);
    case "message":
      return messageOf(position, context);
    default:
      return format.cell(table.cell(position, column.name));
  }
}

/** "#7 · phi 0.4 · Knill CNOT" */
function summaryOf(position: number, { table, summarized }: RowContext): string {
  const parts = summarized
    .filter(({ name }) => name === "name" || isDynamic(name))
    .map(({ name, kind, title }) => {
      const value = format.cell(table.cell(position, name));
      return kind === "number" && value ? `${title} ${value}` : value;
    });
  return [`#${position}`, ...parts.filter(Boolean)].join(" · ");
}

/** A running job's time so far, where the cloud said when it began. */
function durationOf(table: Table, position: number, now: number): number | null {
  const started = table.number(position, "started_at");
  if (table.state(position) === "running" && started !== null) return now - started;
  return table.number(position, "duration_s");
}

function messageOf(position: number, { table, now, isNarrow }: RowContext): string {
  const sent = table.number(position, "sent_at");
  const fallback = isNarrow && sent !== null ? `sent ${format.clock(sent, now)}` : "";
  const message = table.text(position, "message") || fallback;
  const progress = table.number(position, "progress");
  if (table.state(position) !== "running" || !progress) return message;
  const percent = `${Math.round(progress * 100)} %`;
  return message ? `${percent} · ${message}` : percent;
}

/** The texts of the grid's cells. Pure. */

import { type Column, widthOf } from "../data/columns";
import { positionOf } from "../data/lines";
import { wordOf } from "../data/states";
import { isDynamic, isMeasured, type Table, textOf } from "../data/table";
import * as format from "../format";

const NO_BREAK = "\u00a0";
/** Their columns are as wide as their longest value, unless the user changed the width. */
const NUMBERS: ReadonlySet<string> = new Set(["number", "measured", "duration"]);

export interface RowContext {
  table: Table;
  /** The columns in the summary of a narrow row. */
  summarized: readonly Column[];
  now: number;
  isNarrow: boolean;
  nextUp: ReadonlyMap<number, number>;
  /** The problem that is shown above the table. */
  problem: string;
}

/** The tooltip of a cell: the full text if it may be shortened, and times with their date. */
export function titleText(
  line: number,
  { name, kind, width }: Column,
  text: string,
  table: Table,
): string | undefined {
  const value = kind === "time" ? table.number(line, name) : null;
  if (value !== null) return format.moment(value);
  const isWhole = NUMBERS.has(kind) && widthOf(text) <= width;
  return kind === "state" || isWhole ? undefined : text || undefined;
}

export function cellText(line: number, column: Column, context: RowContext): string {
  const { table, now } = context;
  switch (column.kind) {
    case "state":
      return wordOf(table.state(line), context.nextUp.get(positionOf(line)));
    case "time":
      return format.clock(table.number(line, column.name), now);
    case "duration":
      return [format.duration(durationOf(table, line, now)), progressOf(table, line)]
        .filter(Boolean)
        .join(" · ");
    case "measured":
      return textOf(table.cell(line, column.name), table.error(line, column.name));
    case "summary":
      return summaryOf(line, context);
    case "message":
      return messageOf(line, context);
    default:
      return column.name === "position"
        ? table.nameOf(line)
        : format.cell(table.cell(line, column.name));
  }
}

/** "#7 · phi 0.4 · Knill CNOT" */
function summaryOf(line: number, { table, summarized }: RowContext): string {
  const parts = summarized
    .filter(({ name }) => name === "name" || isDynamic(name))
    .map(({ name, kind, title }) => {
      const value = format.cell(table.cell(line, name));
      return kind === "number" && value ? `${title} ${value}` : value;
    });
  return [`#${table.nameOf(line)}`, ...parts.filter(Boolean)].join(" · ");
}

/** "|1,1> 0.196 ± 0.018 · |2,0> 0.422 ± 0.022", where a line breaks between values only. */
function measuredOf(line: number, { table, summarized }: RowContext): string {
  return summarized
    .filter(({ name }) => isMeasured(name) && table.cell(line, name) !== null)
    .map(({ name, title }) => `${title} ${textOf(table.cell(line, name), table.error(line, name))}`)
    .map((value) => value.replaceAll(" ", NO_BREAK))
    .join(` ·${NO_BREAK}`);
}

/** A running job's time so far, if the cloud reported its start. */
function durationOf(table: Table, line: number, now: number): number | null {
  const started = table.number(line, "started_at");
  if (table.state(line) === "running" && started !== null) return now - started;
  return table.number(line, "duration_s");
}

function messageOf(line: number, context: RowContext): string {
  const { table, now, isNarrow, problem } = context;
  const own = table.text(line, "message");
  const message = own === problem ? "" : own;
  if (message || !isNarrow) return message;
  const sent = table.number(line, "sent_at");
  return measuredOf(line, context) || (sent === null ? "" : `sent ${format.clock(sent, now)}`);
}

function progressOf(table: Table, line: number): string {
  const progress = table.number(line, "progress");
  return table.state(line) === "running" && progress ? `${Math.round(progress * 100)} %` : "";
}

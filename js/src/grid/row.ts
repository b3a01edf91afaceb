/** One row of the grid: made once, filled again and again as the window moves. */

import type { Column } from "../columns";
import * as format from "../format";
import { iconElement } from "../icons";
import { isFailed, wordOf } from "../states";
import { isDynamic, type Table } from "../table";
import { element } from "./element";

export interface RowContext {
  table: Table;
  columns: readonly Column[];
  /** The columns of the wide table: what a summary is made of. */
  telling: readonly Column[];
  now: number;
  canRerun: boolean;
  isNarrow: boolean;
}

export function makeRow(): HTMLElement {
  const row = element("div", "row");
  row.role = "row";
  return row;
}

export function fillRow(row: HTMLElement, position: number, context: RowContext): void {
  const { table, columns } = context;
  const state = table.state(position);
  row.setAttribute("data-testid", `row-${position}`);
  row.dataset.position = String(position);
  row.dataset.status = state;
  while (row.childElementCount > columns.length + 1) row.lastElementChild?.remove();
  while (row.childElementCount < columns.length + 1) row.append(makeCell());
  columns.forEach((column, i) => {
    const cell = row.children[i + 1] as HTMLElement;
    // The key says what stands in the cell: a cell whose words have not changed is left alone.
    const text = cellText(position, column, context);
    const key = `${column.name}\n${column.kind === "state" ? state : ""}\n${text}\n${
      column.kind === "message" ? `${isFailed(state) && context.canRerun}` : ""
    }`;
    if (cell.dataset.key === key) return;
    cell.dataset.key = key;
    cell.dataset.column = column.name;
    cell.setAttribute("data-kind", column.kind);
    cell.title = column.kind === "state" ? "" : titleOf(position, column, text, table);
    cell.replaceChildren(...contents(column, state, text, context));
  });
}

function makeCell(): HTMLElement {
  const cell = element("div", "cell");
  cell.role = "gridcell";
  return cell;
}

function cellText(position: number, column: Column, context: RowContext): string {
  const { table, now } = context;
  switch (column.kind) {
    case "state":
      return wordOf(table.state(position));
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
function summaryOf(position: number, { table, telling }: RowContext): string {
  const parts = telling
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

function titleOf(position: number, column: Column, text: string, table: Table): string {
  const value = table.number(position, column.name);
  return column.kind === "time" && value !== null ? new Date(value * 1000).toLocaleString() : text;
}

function contents(
  column: Column,
  state: string,
  text: string,
  { canRerun }: RowContext,
): (Node | string)[] {
  if (column.kind === "state") {
    return [element("span", "pill", iconElement(state), text)];
  }
  if (column.kind !== "message") return [text];
  const words = element("span", "clip", text);
  if (!isFailed(state) || !canRerun) return [words];
  const button = element("button", "button small", "Rerun");
  button.dataset.action = "rerun";
  button.tabIndex = -1;
  return [words, button];
}

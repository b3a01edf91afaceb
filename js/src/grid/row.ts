/** One row of the grid: made once for its columns, filled again and again as the window moves. */

import type { Column } from "../columns";
import * as format from "../format";
import { drawIcon, iconElement } from "../icons";
import { isFailed, wordOf } from "../states";
import { isDynamic, type Table } from "../table";
import { element } from "./element";
import { selectCell } from "./header";

export interface RowContext {
  table: Table;
  /** The columns of the wide table: what a summary is made of. */
  telling: readonly Column[];
  now: number;
  isNarrow: boolean;
  selected: ReadonlySet<number>;
  opened: number | null;
  nextUp: ReadonlyMap<number, number>;
}

/** What was written into it is remembered, since a page is slow to read from and to write to. */
export interface Row {
  readonly element: HTMLElement;
  readonly cells: readonly Cell[];
  readonly written: Record<string, string>;
  position: number;
}

interface Cell {
  readonly column: Column;
  readonly words: Text;
  readonly icon: SVGElement | null;
  readonly button: HTMLElement | null;
  text: string;
}

export function rowElement(): HTMLElement {
  const row = element("div", "row");
  row.role = "row";
  return row;
}

export function makeRow(columns: readonly Column[], canRerun: boolean): Row {
  const row = rowElement();
  row.append(selectCell("gridcell", ""));
  const cells = columns.map((column) => {
    const [made, cell] = makeCell(column, canRerun);
    row.append(made);
    return cell;
  });
  return { element: row, cells, written: {}, position: -1 };
}

function makeCell(column: Column, canRerun: boolean): [HTMLElement, Cell] {
  const { kind } = column;
  const words = document.createTextNode("");
  const icon = kind === "state" ? iconElement("") : null;
  const isMessage = kind === "message";
  const button = isMessage && canRerun ? element("button", "button small", "Rerun") : null;
  const made = element("div", "cell");
  if (icon) made.append(element("span", "pill", icon, words));
  else made.append(isMessage ? element("span", "clip", words) : words);
  if (button) {
    button.tabIndex = -1;
    made.append(button);
  }
  made.role = "gridcell";
  made.setAttribute("data-column", column.name);
  made.setAttribute("data-kind", kind);
  return [made, { column, words, icon, button, text: "" }];
}

export function fillRow(row: Row, position: number, context: RowContext): void {
  const { table, selected, opened } = context;
  const state = table.state(position);
  row.position = position;
  write(row, "data-testid", `row-${position}`);
  write(row, "aria-selected", String(selected.has(position)));
  write(row, "class", opened === position ? "row open" : "row");
  const isOther = write(row, "data-status", state);
  for (const cell of row.cells) {
    const text = cellText(position, cell.column, context);
    if (text !== cell.text) {
      cell.words.data = text;
      cell.text = text;
    }
    if (isOther && cell.icon) drawIcon(cell.icon, state);
    if (isOther && cell.button) cell.button.hidden = !isFailed(state);
  }
}

/** Set an attribute; false where it was so already. */
export function write({ element, written }: Row, name: string, value: string): boolean {
  if (written[name] === value) return false;
  written[name] = value;
  element.setAttribute(name, value);
  return true;
}

/** What a cell says to who points at it: all of a text that is cut, and times with their date. */
export function titleOf({ position, cells }: Row, i: number, table: Table): string {
  const cell = cells[i];
  if (!cell || cell.icon) return "";
  const { name, kind } = cell.column;
  const value = table.number(position, name);
  return kind === "time" && value !== null ? new Date(value * 1000).toLocaleString() : cell.text;
}

function cellText(position: number, column: Column, context: RowContext): string {
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

/** Comma-separated values. Formulas of spreadsheets become plain text. */

import type { Cell } from "./table";

/**
 * Positions at which a spreadsheet may read a formula, including full-width characters. In many
 * languages, a spreadsheet also begins a cell after a semicolon, where quotes do not protect it and
 * disappear if the cell begins with them.
 */
const FORMULA =
  /^(?=[\t\r\n=+\-@\uff1d\uff0b\uff0d\uff20])|(?<=[;\t\r\n])(?="*[=+\-@\uff1d\uff0b\uff0d\uff20])/g;

export function csvOf(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [header, ...rows].map((row) => row.map(field).join(",")).join("\r\n");
}

/** A value as text that no spreadsheet runs as a formula. */
export function plainText(value: Cell): string {
  if (value === null) return "";
  return typeof value === "string" ? value.replace(FORMULA, "'") : String(value);
}

function field(value: Cell): string {
  const text = plainText(value);
  if (typeof value !== "string") return text;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Comma-separated values. Formulas of spreadsheets become plain text. */

import type { Cell } from "./table";

/** Also full-width characters, which spreadsheets of some languages run. */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

export function csvOf(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [header, ...rows].map((row) => row.map(field).join(",")).join("\r\n");
}

/** A value as text that no spreadsheet runs as a formula. */
export function plainText(value: Cell): string {
  if (value === null) return "";
  if (typeof value !== "string") return String(value);
  return FORMULA.test(value) ? `'${value}` : value;
}

function field(value: Cell): string {
  const text = plainText(value);
  if (typeof value !== "string") return text;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

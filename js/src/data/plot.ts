/** What a plot of results shows: a measured value over a swept one, as points, curves or a map. Pure. */

import type { ResultColumn, ResultRow, Sheet } from "./results";
import type { Cell } from "./table";

/** What a person chose, by the names of columns; what is not chosen is the plot's to choose. */
export interface Choices {
  y?: string;
  x?: string;
  curves?: string;
  /** The value at which another swept column is held. */
  at: Readonly<Record<string, Cell>>;
}

export const NO_CURVES = "";
/** More numbers than this are a second axis, and the plot a map. */
const MOST_CURVES = 8;

export interface Plot {
  y: ResultColumn;
  x: ResultColumn;
  curves: ResultColumn | null;
  isMap: boolean;
  /** What can be chosen in their places. */
  choices: { y: ResultColumn[]; x: ResultColumn[] };
  /** The other swept columns, each with its values and the one at which it is held. */
  held: { column: ResultColumn; values: Cell[]; value: Cell }[];
  points: Point[];
  /** Whether nothing else varies along a curve, so that a line may join its points. */
  isJoined: boolean;
  /** The values of `curves` in order, where each is a curve. */
  names: Cell[];
  /** Rows that are not drawn because they have no value. */
  gaps: number;
  /** Chosen columns that are no longer there. */
  gone: string[];
}

export interface Point {
  row: ResultRow;
  x: number | string;
  /** What is drawn upwards: the value, or the second swept value of a map. */
  y: number | string;
  value: number;
  error: number | null;
  /** Which of `names`. */
  curve: number;
}

/** Null if it was not measured. */
export function plotOf(sheet: Sheet, chosen: Choices): Plot | null {
  const values = valuesOf(sheet);
  const measured = sheet.columns.filter(
    ({ role, isNumber }) => (role === "scalar" || role === "share") && isNumber,
  );
  const swept = sheet.columns.filter(
    ({ id, role }) => role === "swept" && (values.get(id)?.length ?? 0) > 1,
  );
  const position = sheet.columns.filter(({ id }) => id === "position");
  const across = [...swept, ...position];
  const find = (columns: ResultColumn[], id: string | undefined) =>
    columns.find((column) => column.id === id);
  const y =
    find(measured, chosen.y) ?? measured.find(({ role }) => role === "share") ?? measured[0];
  const x =
    find(across, chosen.x) ??
    longest(
      swept.filter(({ isNumber }) => isNumber),
      values,
    ) ??
    across[0];
  if (!y || !x) return null;
  const others = swept.filter((column) => column !== x);
  const varies = (column: ResultColumn, ...by: ResultColumn[]) => !isSetBy(sheet.rows, by, column);
  const curves =
    chosen.curves === NO_CURVES
      ? null
      : (find(others, chosen.curves) ?? others.find((column) => varies(column, x)) ?? null);
  const isMap = curves?.isNumber === true && (values.get(curves.id)?.length ?? 0) > MOST_CURVES;
  const held = others
    .filter((column) => column !== curves && varies(column, x, ...(curves ? [curves] : [])))
    .map((column) => {
      const all = values.get(column.id) ?? [];
      const wanted = chosen.at[column.id];
      const value = wanted !== undefined && all.includes(wanted) ? wanted : (all[0] ?? null);
      return { column, values: all, value };
    });
  const names = curves && !isMap ? (values.get(curves.id) ?? []) : [];
  const rows = sheet.rows.filter(({ cells }) =>
    held.every(({ column, value }) => [value, null].includes(cells[column.id] ?? null)),
  );
  const points = rows
    .filter(({ cells }) => held.every(({ column }) => (cells[column.id] ?? null) !== null))
    .flatMap((row) => pointOf(row, { x, y, curves, isMap, names }));
  const told = [x, curves, ...held.map(({ column }) => column)];
  const ids = new Set(sheet.columns.map(({ id }) => id));
  return {
    ...{ y, x, curves, isMap, held, points, names },
    choices: { y: measured, x: across },
    isJoined: !isMap && swept.every((column) => told.includes(column)),
    gaps: rows.length - points.length,
    gone: [chosen.y, chosen.x, chosen.curves].filter(
      (id): id is string => Boolean(id) && !ids.has(id as string),
    ),
  };
}

function pointOf(
  row: ResultRow,
  { x, y, curves, isMap, names }: Pick<Plot, "x" | "y" | "curves" | "isMap" | "names">,
): Point[] {
  const [across, value] = [row.cells[x.id] ?? null, row.cells[y.id] ?? null];
  const third = curves && (row.cells[curves.id] ?? null);
  if (across === null || typeof value !== "number" || (curves && third === null)) return [];
  return [
    {
      row,
      x: typeof across === "number" ? across : String(across),
      y: isMap ? Number(third) : value,
      value,
      error: row.errors[y.id] ?? null,
      curve: Math.max(0, names.indexOf(third)),
    },
  ];
}

/** Whether rows that agree in some columns agree in another one as well: it needs no choice then. */
function isSetBy(rows: readonly ResultRow[], by: ResultColumn[], column: ResultColumn): boolean {
  const known = new Map<string, Cell>();
  return rows.every(({ cells }) => {
    const key = JSON.stringify(by.map(({ id }) => cells[id] ?? null));
    const value = cells[column.id] ?? null;
    if (!known.has(key)) known.set(key, value);
    return known.get(key) === value;
  });
}

/** The values of each column: numbers in order, texts as they first come. */
function valuesOf({ columns, rows }: Sheet): Map<string, Cell[]> {
  return new Map(
    columns.map(({ id, isNumber }) => {
      const found = new Set(rows.map(({ cells }) => cells[id] ?? null));
      found.delete(null);
      const values = [...found];
      return [id, isNumber ? values.sort((a, b) => Number(a) - Number(b)) : values];
    }),
  );
}

function longest(columns: ResultColumn[], values: Map<string, Cell[]>): ResultColumn | undefined {
  const count = ({ id }: ResultColumn) => values.get(id)?.length ?? 0;
  return columns.toSorted((a, b) => count(b) - count(a))[0];
}

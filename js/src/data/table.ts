/**
 * The jobs as columns of values. A job's position is its row and never changes. Measured values may
 * have several lines for a job, one for each iteration (`lines.ts`).
 */

import * as format from "../format";
import type { MeasuredRow } from "../kernel/answers";
import { type Block, decodeColumn } from "../kernel/protocol";
import { iterationOf, lineOf, positionOf } from "./lines";
import { flattened } from "./nested";
import { isSameValue } from "./rounding";
import type { State } from "./states";

export type Cell = format.Value;

/** The values that distinguish jobs: users' labels, parameters of the call, metadata of the circuit. */
const DYNAMIC = ["label.", "param.", "metadata."];

/** Values of results. */
const MEASURED = "measured.";

export const isDynamic = (column: string): boolean => DYNAMIC.some((p) => column.startsWith(p));

export const isMeasured = (column: string): boolean => column.startsWith(MEASURED);

export const measuredName = (key: string): string => MEASURED + key;

/** "max_samples" of "param.max_samples". */
export const keyOf = (column: string): string => column.slice(column.indexOf(".") + 1);

/** Texts of JSON objects as one column for each key; many rows share the same text. */
function keyed(prefix: string, texts: readonly string[]): [string, Cell[]][] {
  const known = new Map<string, [string, Cell][]>();
  const columns: Record<string, Cell[]> = {};
  texts.forEach((text, i) => {
    let cells = known.get(text);
    if (!cells) {
      cells = flattened(objectOf(text)).map(([key, value]) => [prefix + key, value]);
      known.set(text, cells);
    }
    for (const [name, cell] of cells) {
      columns[name] ??= [];
      columns[name][i] = cell;
    }
  });
  return Object.entries(columns);
}

function objectOf(text: string): object {
  try {
    return Object(JSON.parse(text || "{}"));
  } catch {
    return {};
  }
}

/** Values by iteration, then by position. */
type Lines = Cell[][];

export class Table {
  total = 0;
  /** The first job that is shown: 0, or later in a group of very many jobs. */
  first = 0;
  readonly #columns = new Map<string, Cell[]>();
  readonly #longest = new Map<string, number>();
  /**
   * Measured values, and values that iterations vary. The latter take precedence over a job's
   * parameter.
   */
  readonly #lines = new Map<string, Lines>();
  readonly #errors = new Map<string, Lines>();
  /** The number of lines of a job, if it is not 1. */
  readonly #iterations = new Map<number, number>();
  #mostIterations = 0;
  readonly #measured = new Set<number>();

  /** The columns that distinguish jobs: labels first, then parameters, then metadata. */
  dynamicNames(): string[] {
    const names = new Set([...this.#columns.keys(), ...this.#lines.keys()]);
    return DYNAMIC.flatMap((prefix) => [...names].filter((name) => name.startsWith(prefix)));
  }

  /** The column with a name, as in the table or as users write it ("phi", "|1,1>"). */
  find(name: string): string | undefined {
    const has = (each: string) => this.#columns.has(each) || this.#lines.has(each);
    return [name, ...[...DYNAMIC, MEASURED].map((prefix) => prefix + name)].find(has);
  }

  measuredNames(): string[] {
    return [...this.#lines.keys()].filter(isMeasured);
  }

  /** The values of jobs, without those of iterations. */
  column(name: string): readonly Cell[] {
    return this.#columns.get(name) ?? this.#lines.get(name)?.[0] ?? [];
  }

  cell(line: number, column: string): Cell {
    const position = positionOf(line);
    if (column === "position") return position;
    const value = this.#lines.get(column)?.[iterationOf(line)]?.[position];
    return value ?? this.#columns.get(column)?.[position] ?? null;
  }

  /** Like `cell` of one column, for many rows at once; valid until the table changes. */
  reader(column: string): (line: number) => Cell {
    if (column === "position") return positionOf;
    const own = this.#columns.get(column) ?? [];
    const lines = this.#lines.get(column);
    if (!lines) return (line) => own[positionOf(line)] ?? null;
    const [first = []] = lines;
    return (line) => {
      const position = positionOf(line);
      const values = line === position ? first : lines[iterationOf(line)];
      return values?.[position] ?? own[position] ?? null;
    };
  }

  /** The standard error of a measured value. */
  error(line: number, column: string): number | null {
    const value = this.#errors.get(column)?.[iterationOf(line)]?.[positionOf(line)];
    return typeof value === "number" ? value : null;
  }

  text(line: number, column: string): string {
    const value = this.cell(line, column);
    return value === null ? "" : String(value);
  }

  number(line: number, column: string): number | null {
    const value = this.cell(line, column);
    return typeof value === "number" ? value : null;
  }

  state(line: number): State {
    return (this.#columns.get("state")?.[positionOf(line)] ?? "unsent") as State;
  }

  /** The number of lines of a job. */
  iterations(position: number): number {
    return this.#iterations.get(position) ?? 1;
  }

  /** Whether any job has several lines. */
  get isIterated(): boolean {
    return this.#iterations.size > 0;
  }

  linesOf(position: number): number[] {
    return Array.from({ length: this.iterations(position) }, (_, i) => lineOf(position, i));
  }

  /** The maximum over all jobs so far. */
  get mostIterations(): number {
    return this.#mostIterations;
  }

  /** "3", or "3 · 4/12" for the fourth of twelve iterations. */
  nameOf(line: number): string {
    const position = positionOf(line);
    const of = this.#iterations.get(position);
    return of === undefined ? String(position) : `${position} · ${iterationOf(line) + 1}/${of}`;
  }

  /** The positions of the jobs whose state passes. */
  where(passes: (state: State) => boolean): number[] {
    const positions: number[] = [];
    for (let p = this.first; p < this.total; p++) if (passes(this.state(p))) positions.push(p);
    return positions;
  }

  clear(): void {
    this.total = 0;
    this.first = 0;
    this.#columns.clear();
    this.#longest.clear();
    this.#lines.clear();
    this.#errors.clear();
    this.#iterations.clear();
    this.#mostIterations = 0;
    this.#measured.clear();
  }

  /** Insert rows and return their positions. A row is complete: values that it does not name are null. */
  apply(block: Block, buffers: readonly DataView[]): number[] {
    const columns = Object.entries(block.columns).flatMap(([name, encoded]): [string, Cell[]][] => {
      const values = decodeColumn(encoded, buffers) as Cell[];
      return name.endsWith(".") ? keyed(name, values as string[]) : [[name, values]];
    });
    const positions = (columns.find(([name]) => name === "position")?.[1] ?? []) as number[];
    for (const [name, values] of columns) {
      if (name === "position") continue;
      const target = this.#columns.get(name) ?? this.#add(name);
      for (let i = 0; i < positions.length; i++) {
        target[positions[i] as number] = values[i] ?? null;
      }
      if (isDynamic(name))
        for (const value of values) this.#measure(name, format.cell(value ?? null));
    }
    const brought = new Set(columns.map(([name]) => name));
    for (const [name, target] of this.#columns) {
      if (brought.has(name)) continue;
      for (const position of positions) target[position] = null;
    }
    return positions;
  }

  /** Insert measured values, which replace those of these jobs; returns the jobs that have changed. */
  take(positions: readonly number[], rows: readonly MeasuredRow[]): number[] {
    const changed = new Set(positions.filter((position) => this.forget(position)));
    for (const { position, iteration, of, params, samples, values } of rows) {
      const at = iteration ?? 0;
      this.#measured.add(position);
      if (iteration !== null) {
        this.#iterations.set(position, of);
        this.#mostIterations = Math.max(this.#mostIterations, of);
      }
      for (const [key, value] of Object.entries(params)) {
        this.#put(this.#lines, `param.${key}`, at, position, value);
        this.#measure(`param.${key}`, format.cell(value));
      }
      this.#measure(measuredName("samples"), textOf(samples, null));
      if (samples !== null) this.#put(this.#lines, measuredName("samples"), at, position, samples);
      for (const [key, [value, error]] of Object.entries(values)) {
        const name = measuredName(key);
        if (value !== null) this.#put(this.#lines, name, at, position, value);
        if (error !== null) this.#put(this.#errors, name, at, position, error);
        this.#measure(name, textOf(value, error));
      }
      changed.add(position);
    }
    return [...changed];
  }

  /** Remove a job's measured values, for example because it was rerun; returns whether it had any. */
  forget(position: number): boolean {
    if (!this.#measured.delete(position)) return false;
    for (const columns of [this.#lines, this.#errors])
      for (const lines of columns.values())
        for (const values of lines) if (values && position in values) values[position] = null;
    this.#iterations.delete(position);
    return true;
  }

  /** The length of the longest value that a column of labels, metadata or parameters ever had. */
  longest(name: string): number {
    return this.#longest.get(name) ?? 0;
  }

  /** The value that a column has in all rows; undefined if it has several. */
  constant(name: string): Cell | undefined {
    const values = this.#columns.get(name) ?? [];
    const isVaried = this.#lines.has(name);
    const first = this.cell(this.first, name);
    for (let p = this.first + 1; p < this.total; p++) {
      const value = isVaried ? this.cell(p, name) : (values[p] ?? null);
      if (value !== first) return undefined;
    }
    for (const position of isVaried ? this.#iterations.keys() : [])
      if (this.linesOf(position).some((line) => this.cell(line, name) !== first)) return undefined;
    return first;
  }

  /** Whether two columns have the same value in each row. */
  isSame(one: string, other: string): boolean {
    const [a, b] = [this.reader(one), this.reader(other)];
    for (let p = this.first; p < this.total; p++) if (a(p) !== b(p)) return false;
    return [...this.#iterations.keys()].every((position) =>
      this.linesOf(position).every((line) => a(line) === b(line)),
    );
  }

  /** The value of all results, if there are several with one value; otherwise undefined. */
  measuredConstant(name: string): Cell | undefined {
    let found: Cell | undefined;
    let count = 0;
    for (const position of this.#measured)
      for (const line of this.linesOf(position)) {
        const value = this.cell(line, name);
        if (count > 0 && !isSameValue(value, found)) return undefined;
        found = value;
        count += 1;
      }
    return count > 1 ? found : undefined;
  }

  #put(columns: Map<string, Lines>, name: string, iteration: number, at: number, value: Cell) {
    let lines = columns.get(name);
    if (!lines) {
      lines = [];
      columns.set(name, lines);
    }
    lines[iteration] ??= [];
    (lines[iteration] as Cell[])[at] = value;
  }

  /** `text` is a value as the table shows it. */
  #measure(name: string, text: string): void {
    if (text.length > this.longest(name)) this.#longest.set(name, text.length);
  }

  #add(name: string): Cell[] {
    const values: Cell[] = [];
    this.#columns.set(name, values);
    return values;
  }
}

/** A value with its error, as text. */
export function textOf(value: Cell, error: number | null): string {
  return typeof value === "number" ? format.measured(value, error) : format.cell(value);
}

/** The rows, as columns of values. A job's position is its row, and never changes. */

import * as format from "../format";
import { type Block, decodeColumn } from "../kernel/protocol";
import type { State } from "./states";

export type Cell = format.Value;

/** What tells jobs apart: labels that people gave, facts of the circuit, parameters of the call. */
const DYNAMIC = ["label.", "fact.", "param."];

export const isDynamic = (column: string): boolean => DYNAMIC.some((p) => column.startsWith(p));

/** "max_samples" of "param.max_samples". */
export const keyOf = (column: string): string => column.slice(column.indexOf(".") + 1);

/** What a cell holds of a longer text; the job's detail has it whole. */
const LONGEST = 200;

/** Texts of JSON objects as one column for each key; many rows have the same one. */
function keyed(prefix: string, texts: readonly string[]): [string, Cell[]][] {
  const known = new Map<string, [string, Cell][]>();
  const columns: Record<string, Cell[]> = {};
  texts.forEach((text, i) => {
    let cells = known.get(text);
    if (!cells) {
      cells = Object.entries(objectOf(text)).map(([key, value]) => [prefix + key, cellOf(value)]);
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

function cellOf(value: unknown): Cell {
  if (value === null || typeof value === "number" || typeof value === "boolean") return value;
  return (typeof value === "string" ? value : JSON.stringify(value)).slice(0, LONGEST);
}

export class Table {
  total = 0;
  readonly #columns = new Map<string, Cell[]>();
  readonly #longest = new Map<string, number>();

  /** The columns that tell jobs apart: labels first, then facts, then parameters. */
  dynamicNames(): string[] {
    const names = [...this.#columns.keys()];
    return DYNAMIC.flatMap((prefix) => names.filter((name) => name.startsWith(prefix)));
  }

  column(name: string): readonly Cell[] {
    return this.#columns.get(name) ?? [];
  }

  cell(position: number, column: string): Cell {
    if (column === "position") return position;
    return this.#columns.get(column)?.[position] ?? null;
  }

  text(position: number, column: string): string {
    const value = this.cell(position, column);
    return value === null ? "" : String(value);
  }

  number(position: number, column: string): number | null {
    const value = this.cell(position, column);
    return typeof value === "number" ? value : null;
  }

  state(position: number): State {
    return (this.#columns.get("state")?.[position] ?? "unsent") as State;
  }

  /** The positions of the jobs whose state passes. */
  where(passes: (state: State) => boolean): number[] {
    const positions: number[] = [];
    for (let p = 0; p < this.total; p++) if (passes(this.state(p))) positions.push(p);
    return positions;
  }

  clear(): void {
    this.total = 0;
    this.#columns.clear();
    this.#longest.clear();
  }

  /** Put rows in and return their positions. A row comes whole: what it does not name is null. */
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
      if (isDynamic(name)) this.#measure(name, values);
    }
    const brought = new Set(columns.map(([name]) => name));
    for (const [name, target] of this.#columns) {
      if (brought.has(name)) continue;
      for (const position of positions) target[position] = null;
    }
    return positions;
  }

  /** How many characters the longest value has that a label, fact or parameter ever had. */
  longest(name: string): number {
    return this.#longest.get(name) ?? 0;
  }

  /** The one value that a column has in all rows; undefined if it has several. */
  constant(name: string): Cell | undefined {
    const values = this.column(name);
    const first = values[0] ?? null;
    for (let i = 1; i < this.total; i++) {
      if ((values[i] ?? null) !== first) return undefined;
    }
    return first;
  }

  #measure(name: string, values: readonly Cell[]): void {
    let longest = this.longest(name);
    for (const value of values) {
      if (value !== undefined) longest = Math.max(longest, format.cell(value).length);
    }
    this.#longest.set(name, longest);
  }

  #add(name: string): Cell[] {
    const values: Cell[] = [];
    this.#columns.set(name, values);
    return values;
  }
}

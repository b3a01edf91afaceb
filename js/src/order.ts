/** Which rows are shown and in which order: filter, search and sort, kept up to date row by row. */

import { FIXED } from "./columns";
import { FILTERS, type Filter, isFailed } from "./states";
import type { Cell, Table } from "./table";

export interface Query {
  filter: Filter;
  search: string;
  /** A column's name, "-" before it for descending; "" for failed first, then by position. */
  sort: string;
}

type Compare = (a: number, b: number) => number;

const SEARCHED = FIXED.flatMap(({ name, kind }) =>
  ["state", "text", "message"].includes(kind) ? [name] : [],
);

export class Order {
  /** Positions, in the order in which they are shown. */
  positions: number[] = [];
  #query: Query = { filter: "all", search: "", sort: "" };
  readonly #table: Table;
  #texts: (string | undefined)[] = [];

  constructor(table: Table) {
    this.#table = table;
  }

  /** Order all rows anew. */
  reset(query: Query): void {
    this.#query = query;
    this.#texts = [];
    this.requery(query);
  }

  /** Order all rows by another query; the rows themselves have not changed. */
  requery(query: Query): void {
    this.#query = query;
    const matches = this.#matcher();
    const positions: number[] = [];
    for (let p = 0; p < this.#table.total; p++) if (matches(p)) positions.push(p);
    this.positions = positions.sort(this.#compare());
  }

  /** Take out the changed rows and merge them in again: linear, where sorting anew would not be. */
  update(changed: readonly number[]): void {
    for (const p of changed) this.#texts[p] = undefined;
    const moved = new Set(changed);
    const matches = this.#matcher();
    const compare = this.#compare();
    const kept = this.positions.filter((p) => !moved.has(p));
    const added = changed.filter(matches).sort(compare);
    this.positions = merge(kept, added, compare);
  }

  #matcher(): (position: number) => boolean {
    const states = new Set<string>(FILTERS[this.#query.filter]);
    const words = this.#query.search.toLowerCase().split(/\s+/).filter(Boolean);
    return (p) =>
      states.has(this.#table.state(p)) &&
      words.every((word) => word === `#${p}` || this.#textOf(p).includes(word));
  }

  #textOf(position: number): string {
    this.#texts[position] ??= [...SEARCHED, ...this.#table.dynamicNames()]
      .map((column) => this.#table.text(position, column))
      .join("\n")
      .toLowerCase();
    return this.#texts[position];
  }

  #compare(): Compare {
    const { sort } = this.#query;
    if (sort === "") {
      return (a, b) => urgency(this.#table.state(a)) - urgency(this.#table.state(b)) || a - b;
    }
    const descending = sort.startsWith("-");
    const column = descending ? sort.slice(1) : sort;
    return byColumn(this.#table, column, descending);
  }
}

/** Failed first, then what waits for a person, then all else. */
function urgency(state: string): number {
  if (isFailed(state)) return 0;
  return state === "unconfirmed" ? 1 : 2;
}

function byColumn(table: Table, column: string, descending: boolean): Compare {
  const compare = inOrder(descending);
  return (a, b) => compare(table.cell(a, column), table.cell(b, column)) || a - b;
}

/** Numbers by value, texts as people order them ("run 2" before "run 10"), nothing last. */
export function inOrder(descending: boolean): (x: Cell, y: Cell) => number {
  const sign = descending ? -1 : 1;
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  return (x, y) => {
    if (x === y) return 0;
    if (x === null) return 1;
    if (y === null) return -1;
    const areNumbers = typeof x === "number" && typeof y === "number";
    return sign * (areNumbers ? x - y : collator.compare(String(x), String(y)));
  };
}

function merge(left: number[], right: number[], compare: Compare): number[] {
  if (right.length === 0) return left;
  const merged: number[] = [];
  let i = 0;
  for (const p of right) {
    while (i < left.length && compare(left[i] as number, p) < 0) merged.push(left[i++] as number);
    merged.push(p);
  }
  for (; i < left.length; i++) merged.push(left[i] as number);
  return merged;
}

/** The shown rows and their order: filter, search and sort, updated row by row. */

import { byPosition, positionOf } from "./lines";
import { searchFor, sourceOf } from "./search";
import { FILTERS, type Filter, isFailed } from "./states";
import type { Cell, Table } from "./table";

export interface Query {
  filter: Filter;
  search: string;
  /** See `sorting`. */
  sort: string;
}

type Compare = (a: number, b: number) => number;

/** One column by which rows are sorted. */
export interface Sorting {
  column: string;
  isDescending: boolean;
}

/**
 * Names of columns in order, with "-" before descending ones, such as "-duration_s; name". A
 * semicolon in a name is written "\;", and a backslash "\\". With "", failed jobs come first; otherwise, the order is by
 * position.
 */
export const sorting = (sort: string): Sorting[] =>
  sort
    .match(/(?:\\[\\;]|[^;])+/g)
    ?.map((text) => text.trimStart())
    .map((name) => ({
      column: name.replace(/^-/, "").replace(/\\([\\;])/g, "$1"),
      isDescending: name.startsWith("-"),
    })) ?? [];

export const sortText = (by: readonly Sorting[]): string =>
  by
    .map(({ column, isDescending }) => (isDescending ? "-" : "") + column.replace(/[\\;]/g, "\\$&"))
    .join("; ");

export interface Order {
  /** Lines (`lines.ts`), in the order in which they are shown. */
  readonly lines: readonly number[];
  /** The error in the search; empty if there is none. */
  readonly problem: string;
  /** Order all rows again. */
  reset(query: Query): void;
  /** Order unchanged rows by another query. */
  requery(query: Query): void;
  /**
   * Remove the changed rows and merge them again. This takes linear time, unlike sorting all rows.
   */
  update(changed: readonly number[]): void;
}

export function orderOf(table: Table): Order {
  let lines: number[] = [];
  let query: Query = { filter: "all", search: "", sort: "" };
  const texts = new Map<number, string>();
  let problem = "";

  function requery(wanted: Query): void {
    query = wanted;
    const matches = matcher();
    lines = [];
    for (let p = table.first; p < table.total; p++) {
      if (table.iterations(p) === 1) {
        if (matches(p)) lines.push(p);
      } else lines.push(...table.linesOf(p).filter(matches));
    }
    lines = sorted(lines);
  }

  /** Lines in the group's order, sorted as requested. */
  function sorted(found: readonly number[]): number[] {
    const by = sorting(query.sort);
    if (by.length === 0) {
      const rank = (line: number) => urgency(table.state(line));
      return [0, 1, 2].flatMap((each) => found.filter((line) => rank(line) === each));
    }
    // each cell is read once, because sorting needs each many times
    const keys = by.map(({ column, isDescending }) => {
      const cells = found.map(table.reader(table.find(column) ?? column));
      return { cells, compare: inOrder(isDescending) };
    });
    const indices = found.map((_, i) => i);
    indices.sort((i, j) => {
      for (const { cells, compare } of keys) {
        const order = compare(cells[i] as Cell, cells[j] as Cell);
        if (order) return order;
      }
      return i - j;
    });
    return indices.map((i) => found[i] as number);
  }

  function matcher(): (line: number) => boolean {
    const states = new Set<string>(FILTERS[query.filter]);
    const { matches, problem: found } = searchFor(query.search, sourceOf(table, texts));
    problem = found;
    return (p) => states.has(table.state(p)) && matches(p);
  }

  function comparison(): Compare {
    const by = sorting(query.sort);
    if (by.length === 0) {
      return (a, b) => urgency(table.state(a)) - urgency(table.state(b)) || byPosition(a, b);
    }
    const each = by.map(({ column, isDescending }): Compare => {
      const cellOf = table.reader(table.find(column) ?? column);
      const compareCells = inOrder(isDescending);
      return (a, b) => compareCells(cellOf(a), cellOf(b));
    });
    return (a, b) => {
      for (const compare of each) {
        const found = compare(a, b);
        if (found) return found;
      }
      return byPosition(a, b);
    };
  }

  return {
    get lines() {
      return lines;
    },
    get problem() {
      return problem;
    },
    reset(wanted) {
      texts.clear();
      requery(wanted);
    },
    requery,
    update(changed) {
      const moved = new Set(changed);
      for (const line of texts.keys()) if (moved.has(positionOf(line))) texts.delete(line);
      const before = problem;
      const matches = matcher();
      // a column that appears or disappears changes the meaning of a search
      if (problem !== before) return requery(query);
      const compare = comparison();
      const kept = lines.filter((line) => !moved.has(positionOf(line)));
      const fresh = changed
        .filter((position) => position >= table.first)
        .flatMap((position) => table.linesOf(position))
        .filter(matches);
      lines = merged(kept, fresh.sort(compare), compare);
    },
  };
}

/**
 * Two sorted lists as one. The second is short, so the position of each of its lines is looked up.
 */
function merged(long: readonly number[], short: readonly number[], compare: Compare): number[] {
  const all: number[] = [];
  let from = 0;
  for (const line of short) {
    let [low, high] = [from, long.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compare(long[middle] as number, line) <= 0) low = middle + 1;
      else high = middle;
    }
    for (; from < low; from++) all.push(long[from] as number);
    all.push(line);
  }
  for (; from < long.length; from++) all.push(long[from] as number);
  return all;
}

/** Failed jobs first, then jobs that wait for the user, then all others. */
function urgency(state: string): number {
  if (isFailed(state)) return 0;
  return state === "unconfirmed" ? 1 : 2;
}

/** Numbers by value, texts in natural order ("run 2" before "run 10"), missing values last. */
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

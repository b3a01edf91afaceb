/** Which rows are shown and in which order: filter, search and sort, kept up to date row by row. */

import { searchFor, sourceOf } from "./search";
import { FILTERS, type Filter, isFailed } from "./states";
import type { Cell, Table } from "./table";

export interface Query {
  filter: Filter;
  search: string;
  /** A column's name, "-" before it for descending; "" for failed first, then by position. */
  sort: string;
}

type Compare = (a: number, b: number) => number;

export interface Order {
  /** Positions, in the order in which they are shown. */
  readonly positions: readonly number[];
  /** What is wrong with the search; empty if nothing is. */
  readonly problem: string;
  /** Order all rows again. */
  reset(query: Query): void;
  /** Order all rows by another query; the rows themselves have not changed. */
  requery(query: Query): void;
  /** Take out the changed rows and merge them in again: linear, unlike sorting all rows. */
  update(changed: readonly number[]): void;
}

export function orderOf(table: Table): Order {
  let positions: number[] = [];
  let query: Query = { filter: "all", search: "", sort: "" };
  let texts: string[] = [];
  let problem = "";

  function requery(wanted: Query): void {
    query = wanted;
    const matches = matcher();
    positions = [];
    for (let p = 0; p < table.total; p++) if (matches(p)) positions.push(p);
    positions.sort(compare());
  }

  function matcher(): (position: number) => boolean {
    const states = new Set<string>(FILTERS[query.filter]);
    const { matches, problem: found } = searchFor(query.search, sourceOf(table, texts));
    problem = found;
    return (p) => states.has(table.state(p)) && matches(p);
  }

  function compare(): Compare {
    const { sort } = query;
    if (sort === "") {
      return (a, b) => urgency(table.state(a)) - urgency(table.state(b)) || a - b;
    }
    const isDescending = sort.startsWith("-");
    const column = isDescending ? sort.slice(1) : sort;
    const inTurn = inOrder(isDescending);
    return (a, b) => inTurn(table.cell(a, column), table.cell(b, column)) || a - b;
  }

  return {
    get positions() {
      return positions;
    },
    get problem() {
      return problem;
    },
    reset(wanted) {
      texts = [];
      requery(wanted);
    },
    requery,
    update(changed) {
      for (const p of changed) texts[p] = "";
      const moved = new Set(changed);
      const inTurn = compare();
      const kept = positions.filter((p) => !moved.has(p));
      // two runs that are in order, or nearly: the engine's sort merges those
      positions = [...kept, ...changed.filter(matcher()).sort(inTurn)].sort(inTurn);
    },
  };
}

/** Failed first, then what waits for a person, then all else. */
function urgency(state: string): number {
  if (isFailed(state)) return 0;
  return state === "unconfirmed" ? 1 : 2;
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

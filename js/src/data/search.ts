/**
 * The grammar of job queries, the same as in `JobGroup.find` (`src/jobgroup/search.py`); tests run
 * both on `tests/search_examples.json`. Pure.
 */

import { FIXED } from "./columns";
import { positionOf } from "./lines";
import { LABELS, stateOf } from "./states";
import { type Cell, keyOf, type Table } from "./table";

export type Test = (position: number) => boolean;

export interface Search {
  /** Whether a job matches all valid terms. */
  matches: Test;
  /** The errors in invalid terms; empty if there is none. */
  problem: string;
}

/** The data of a table that a search reads, by names that users type. */
export interface Source {
  first: number;
  total: number;
  state(position: number): string;
  /** The columns with a name in lower case, which labels, metadata and parameters may share. */
  columns(name: string): readonly ((position: number) => Cell)[];
  names: readonly string[];
  /** The texts of a job, in original case. */
  texts(position: number): readonly string[];
  /** The same, with name=value of each label, metadata value and parameter, in lower case. */
  everything(position: number): string;
}

const TERM =
  /\s*(?:is:(?<state>"[^"]*"?|\S*)|#(?<range>\S*)|(?<name>"[^"]*"|\|[^>\s]*>|[^\s"=<>!|#][^\s"=<>!]*)?\s*(?<relation>>=|<=|!=|=|<|>)(?:(?<empty>\s*$)|\s*(?<value>"[^"]*"?|\S+))|(?<phrase>"[^"]*"?)|(?<word>\S+))/giy;
const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
const ORDERS: Record<string, (a: number, b: number) => boolean> = {
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
};

type Groups = Record<string, string | undefined>;

export function searchFor(query: string, source: Source): Search {
  const tests: Test[] = [];
  const problems = new Set<string>();
  for (const { groups } of query.trim().matchAll(TERM)) {
    const found = testOf(groups as Groups, source);
    if (typeof found === "string") problems.add(found);
    else tests.push(found);
  }
  const problem = [...problems].join(" ");
  return { matches: (position) => tests.every((test) => test(position)), problem };
}

function testOf(term: Groups, source: Source): Test | string {
  if (term["state"] !== undefined) return inState(unquoted(term["state"]), source);
  if (term["range"] !== undefined) return inRange(term["range"]);
  if (term["relation"] !== undefined) return comparing(term, term["relation"], source);
  const { phrase, word = phrase } = term;
  return withPart(unquoted(word ?? "").toLowerCase(), phrase !== undefined, source);
}

function inState(word: string, { state }: Source): Test | string {
  const wanted = stateOf(word);
  if (wanted) return (p) => state(p) === wanted;
  const known = Object.values(LABELS).join(", ");
  return `No state is called "${word}". The states are ${known}. Write - for a space.`;
}

function inRange(text: string): Test | string {
  const [, first, last = first] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(text) ?? [];
  if (first === undefined)
    return `A position must be like #3 and a range like #120-140, got #${text}.`;
  return (line) => {
    const position = positionOf(line);
    return Number(first) <= position && position <= Number(last);
  };
}

function comparing(term: Groups, relation: string, source: Source): Test | string {
  const { name: typed, value: given = "" } = term;
  if (typed === undefined) return `A column name is missing before ${relation}.`;
  const [name, value] = [unquoted(typed).toLowerCase(), unquoted(given).toLowerCase()];
  if (!given && relation !== "=") return `A value is missing after ${name}${relation}.`;
  const columns = source.columns(name);
  const cells = (p: number) => columns.map((cell) => cell(p)).filter((cell) => cell !== null);
  const some = (is: (cell: Cell) => boolean) => any(source, (p) => cells(p).some(is));
  const hasWord = withWord(`${name}=${value}`, source);
  if (!some(() => true)) {
    if (source.total === 0) return () => false;
    if (relation === "=" && any(source, hasWord)) return hasWord;
    return `No column is called "${unquoted(typed)}". The columns are ${source.names.join(", ")}.`;
  }
  const number = NUMBER.test(value) ? Number(value) : null;
  const holds = ORDERS[relation];
  if (holds) {
    if (number === null) return `${relation} compares numbers, and "${value}" is not a number.`;
    if (!some((cell) => typeof cell === "number")) return `${name} has no numbers to compare.`;
    return (p) => cells(p).some((cell) => typeof cell === "number" && holds(cell, number));
  }
  const equals = (cell: Cell) =>
    typeof cell === "number" ? cell === number : String(cell).toLowerCase() === value;
  if (relation === "=") return (p) => cells(p).some(equals) || hasWord(p);
  return (p) => cells(p).length > 0 && !cells(p).some(equals);
}

const any = ({ first, total }: Source, is: Test): boolean => {
  for (let p = first; p < total; p++) if (is(p)) return true;
  return false;
};

const withWord =
  (word: string, { texts }: Source): Test =>
  (p) =>
    texts(p).some((text) =>
      text
        .toLowerCase()
        .split(/[,;]?\s+/)
        .includes(word),
    );

function withPart(word: string, isPhrase: boolean, source: Source): Test {
  const begins = (state: string) =>
    state.startsWith(word) || LABELS[state as keyof typeof LABELS].startsWith(word);
  return (p) => (!isPhrase && begins(source.state(p))) || source.everything(p).includes(word);
}

const unquoted = (text: string): string =>
  text.startsWith('"') ? text.slice(1).replace(/"$/, "") : text;

/** The columns of a table that can be searched by name, besides labels, metadata and parameters. */
const NAMED: Record<string, string> = {
  name: "name",
  platform: "platform",
  account: "account",
  id: "remote_id",
  note: "note",
  message: "message",
  attempts: "attempts",
  duration: "duration_s",
};
const TEXTS = FIXED.flatMap(({ name, kind }) => (["text", "message"].includes(kind) ? [name] : []));

/** The source of a table for a search, by lines (`lines.ts`); `kept` caches the texts of rows until they change. */
export function sourceOf(table: Table, kept = new Map<number, string>()): Source {
  const described = table.dynamicNames();
  const dynamic = [...described, ...table.measuredNames()];
  const texts = (p: number) => TEXTS.map((name) => table.text(p, name)).filter(Boolean);
  return {
    first: table.first,
    total: table.total,
    state: (p) => table.state(p),
    columns(name) {
      const found = dynamic.filter((each) => keyOf(each).toLowerCase() === name);
      const fixed = Object.hasOwn(NAMED, name) ? [NAMED[name] as string] : [];
      return [...found, ...fixed].map((column) => {
        const cellOf = table.reader(column);
        if (!fixed.includes(column)) return cellOf;
        return (p) => (cellOf(p) === "" ? null : cellOf(p));
      });
    },
    names: [...new Set([...dynamic.map(keyOf), ...Object.keys(NAMED)])],
    texts,
    everything(p) {
      const known = kept.get(p);
      if (known !== undefined) return known;
      const text = [
        ...texts(p),
        ...described.flatMap((name) => {
          const cell = table.cell(p, name);
          return cell === null ? [] : [`${keyOf(name)}=${cell}`];
        }),
      ]
        .join("\n")
        .toLowerCase();
      kept.set(p, text);
      return text;
    },
  };
}

/** Completions of the last word of a query: names of columns, and states after "is:". */
export function completionsOf(query: string, names: readonly string[]): string[] {
  const [, before = "", last = ""] = /^(.*?\s)?(\S*)$/.exec(query) ?? [];
  const words = /^is:/i.test(last)
    ? Object.values(LABELS).map((label) => `is:${label.replaceAll(" ", "-")}`)
    : names.map((name) => (/[\s"=<>!]/.test(name) && !name.startsWith("|") ? `"${name}"` : name));
  const typed = last.toLowerCase();
  const fits = words.filter((word) => word !== typed && word.toLowerCase().startsWith(typed));
  return typed ? fits.map((word) => before + word) : [];
}

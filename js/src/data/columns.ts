/** Which columns a table has, how wide they are, and which of them say something. */

import { isDynamic, keyOf, type Table } from "./table";

export type Kind = "state" | "text" | "number" | "time" | "duration" | "summary" | "message";

export interface Column {
  name: string;
  title: string;
  kind: Kind;
  /** Pixels; the message takes what is left over, and at least this. */
  width: number;
}

const column = (name: string, title: string, kind: Kind, width: number): Column => ({
  name,
  title,
  kind,
  width,
});

export const FIXED: readonly Column[] = [
  column("position", "#", "number", 44),
  column("state", "Status", "state", 148),
  column("name", "Name", "text", 128),
  column("platform", "Platform", "text", 104),
  column("account", "Account", "text", 96),
  column("sent_at", "Sent", "time", 78),
  column("started_at", "Started", "time", 78),
  column("finished_at", "Finished", "time", 78),
  column("duration_s", "Duration", "duration", 80),
  column("attempts", "Attempts", "number", 74),
  column("remote_id", "Id", "text", 136),
  column("note", "Note", "text", 120),
  column("message", "Message", "message", 200),
];

const CHARACTER_PX = 7.5;

const SUMMARY = column("summary", "Job", "summary", 0);
const [DURATION, MESSAGE] = ["duration_s", "message"].map((wanted) =>
  FIXED.find(({ name }) => name === wanted),
) as [Column, Column];

/** Shown unless the user chooses columns: they answer the first questions. */
const ALWAYS = ["position", "state", "message"];
/** Shown unless the user chooses columns, once they hold a value. */
const ONCE_KNOWN = ["sent_at", "duration_s"];
/** Shown unless the user chooses columns, if rows differ in them. */
const WHERE_DIFFERENT = ["name", "platform", "account", "note"];
const MOST_DYNAMIC = 6;
/** What a header need not say of a group that is the same in all its rows. */
const FOLDED = ["platform", "account", "name"];

/** A code that tells experiments apart: nothing to read. */
const HASH = "fact.content";

export interface Layout {
  shown: Column[];
  /** Every column there is, for a menu to choose from. */
  all: Column[];
  /** What is shown if there is room for two short lines a row. */
  narrow: Column[];
  /** What tells jobs apart: labels, facts and parameters that are not the same in all. */
  differing: Column[];
  /** What is the same in all rows: title and value. */
  folded: { name: string; title: string; value: string }[];
}

export function layOut(table: Table, chosen: readonly string[]): Layout {
  const dynamic = table.dynamicNames().filter((name) => name !== HASH);
  const differing = new Set<string>();
  const folded: Layout["folded"] = [];
  for (const name of [...FOLDED, "note", ...dynamic]) {
    const value = table.constant(name);
    if (value === undefined) differing.add(name);
    else if (value !== null && name !== "note" && value !== "") {
      folded.push({ name, title: isDynamic(name) ? keyOf(name) : "", value: String(value) });
    }
  }
  const all = withDynamic(table, dynamic).map((each) =>
    each.name === "position" ? { ...each, width: placeWidth(table.total) } : each,
  );
  const automatic = new Set([
    ...ALWAYS,
    ...ONCE_KNOWN.filter((name) => table.constant(name) !== null),
    ...WHERE_DIFFERENT.filter((name) => differing.has(name)),
    ...dynamic.filter((name) => differing.has(name)).slice(0, MOST_DYNAMIC),
    ...(table.column("attempts").some((n) => Number(n) > 1) ? ["attempts"] : []),
  ]);
  const wanted = chosen.length > 0 ? new Set(["position", "state", ...chosen]) : automatic;
  if (chosen.length === 0 && ![...differing].some((name) => name === "name" || isDynamic(name)))
    wanted.add("name");
  const shown = all.filter(({ name }) => wanted.has(name));
  const narrow = [...shown.filter(({ name }) => name === "state"), SUMMARY, DURATION, MESSAGE];
  const dynamicColumns = all.filter(({ name }) => isDynamic(name) && differing.has(name));
  return { shown, all, narrow, folded, differing: dynamicColumns };
}

/** The columns in order, what tells jobs apart standing right after the name. */
function withDynamic(table: Table, dynamic: string[]): Column[] {
  const after = FIXED.findIndex(({ name }) => name === "account") + 1;
  const described = dynamic.map((name) => describe(table, name));
  return [...FIXED.slice(0, after), ...described, ...FIXED.slice(after)];
}

/** The columns that a narrow table leaves out first. */
const SPARED = ["attempts", "finished_at", "started_at", "sent_at", "account", "platform"];

/** The columns that fit into a width, as many as can be, the message always among them. */
export function fitting(columns: readonly Column[], width: number): Column[] {
  const spared = [
    ...SPARED,
    ...columns
      .flatMap(({ name }) => (isDynamic(name) ? [name] : []))
      .slice(1)
      .reverse(),
  ];
  let kept = [...columns];
  for (const name of spared) {
    if (kept.reduce((sum, column) => sum + column.width, 0) <= width) break;
    kept = kept.filter((column) => column.name !== name);
  }
  return kept;
}

/** For the greatest number of a job. */
const placeWidth = (total: number): number =>
  Math.max(44, String(Math.max(0, total - 1)).length * CHARACTER_PX + 20);

function describe(table: Table, name: string): Column {
  const sample = table.column(name).slice(0, 200);
  const title = keyOf(name);
  const numeric = sample.every((value) => value === null || typeof value === "number");
  const longest = Math.max(title.length + 2, table.longest(name));
  const width = Math.max(56, longest * CHARACTER_PX + 20);
  // A text can be read in the job's detail; a number that is cut is another number.
  return column(name, title, numeric ? "number" : "text", numeric ? width : Math.min(220, width));
}

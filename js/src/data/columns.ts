/** The table's columns, their widths, and the choice of the informative ones. Pure. */

import * as format from "../format";
import { isDefaultNoise } from "./nested";
import { type Cell, isDynamic, isMeasured, keyOf, measuredName, type Table } from "./table";

export type Kind =
  | "state"
  | "text"
  | "number"
  | "time"
  | "duration"
  | "summary"
  | "message"
  | "measured";

/** The subject of a column, which the table's first header row names. */
export type Group = "" | "swept" | "measured" | "job";

export interface Column {
  /** The name in the table, which is unique. */
  name: string;
  /** The title, which is unique among the columns of values, as in `jg.results_table()`. */
  title: string;
  kind: Kind;
  group: Group;
  /** Width in pixels. The message gets the remaining width, and at least this width. */
  width: number;
}

const column = (
  name: string,
  title: string,
  kind: Kind,
  width: number,
  group: Group = "job",
): Column => ({ name, title, kind, width, group });

export const FIXED: readonly Column[] = [
  column("position", "#", "number", 44, ""),
  column("state", "Status", "state", 132, ""),
  column("name", "Name", "text", 128),
  column("platform", "Platform", "text", 104),
  column("account", "Account", "text", 96),
  column("attempts", "Attempts", "number", 74),
  column("sent_at", "Sent", "time", 84),
  column("started_at", "Started", "time", 84),
  column("finished_at", "Finished", "time", 84),
  column("duration_s", "Time", "duration", 140),
  column("remote_id", "Id", "text", 136),
  column("note", "Note", "text", 120),
  column("message", "Message", "message", 200),
];

/** The columns that stay visible when the table scrolls sideways. */
export const STICKY: readonly string[] = ["position", "state"];

const CHARACTER_PX = 7.5;
const PADDING_PX = 20;
const MIN_COLUMN_PX = 56;
/**
 * Numbers get their full width. A shortened text can be read in the job's detail, but a shortened
 * number would be wrong.
 */
const MAX_TEXT_PX = 220;

/** A width that a text needs, at least. */
export const widthOf = (text: string): number => text.length * CHARACTER_PX + PADDING_PX;

const SUMMARY = column("summary", "Job", "summary", 0);
const [DURATION, MESSAGE] = ["duration_s", "message"].map((wanted) =>
  FIXED.find(({ name }) => name === wanted),
) as [Column, Column];

/** Shown by default, because they answer the first questions. */
const ALWAYS = ["position", "state", "message"];
/** Shown by default if rows differ in them. */
const WHERE_DIFFERENT = ["name", "platform", "account", "note"];
/** Parameters and metadata that are shown by default, as all labels are. */
const MAX_PARAMETERS = 24;
/** Columns that the header omits, although they have the same value in all rows. */
const FOLDED = ["platform", "account", "name"];

/** The columns of results, as the kernel reports them. */
export interface MeasuredNames {
  scalars: readonly string[];
  /** The scalars that no result reported. */
  derived: readonly string[];
  defined: readonly string[];
  /** The most frequent states, in descending order. */
  states: readonly string[];
  /** The states that the table shows. */
  shown: readonly string[];
}

export const NOTHING_MEASURED: MeasuredNames = {
  scalars: [],
  derived: [],
  defined: [],
  states: [],
  shown: [],
};

export interface Layout {
  shown: Column[];
  /** All available columns, for the menu. */
  all: Column[];
  /** The columns that are shown if a row has space for two short lines. */
  narrow: Column[];
  /** The columns that distinguish jobs: labels, parameters and metadata that differ. */
  differing: Column[];
  /** The values that all rows share: title and value, or only a phrase if that is clearer. */
  folded: { name: string; title: string; value: string }[];
}

export function layOut(
  table: Table,
  chosen: readonly string[],
  measured: MeasuredNames = NOTHING_MEASURED,
  hasAllResults = true,
): Layout {
  const dynamic = table.dynamicNames();
  const differing = new Set<string>();
  const constants = new Map<string, Cell>();
  for (const name of [...FOLDED, "note", ...dynamic]) {
    const value = table.constant(name);
    if (value === undefined) differing.add(name);
    else if (value !== null && name !== "note" && value !== "") constants.set(name, value);
  }
  const all = allColumns(table, dynamic, measured);
  const automatic = automaticNames(table, dynamic, differing, measured);
  // If a number is the same in all results, the heading shows it, as it shows parameters.
  const scalars = hasAllResults ? [...measured.scalars, "samples"] : [];
  for (const name of scalars.map(measuredName)) {
    const value = automatic.has(name) ? table.measuredConstant(name) : undefined;
    if (value == null) continue;
    automatic.delete(name);
    const isSaid = keyOf(name) === "samples" && value === constants.get("param.max_samples");
    if (!isSaid) constants.set(name, value);
  }
  const wanted =
    chosen.length > 0
      ? new Set([...STICKY, ...chosen.map((name) => table.find(name) ?? name)])
      : automatic;
  const shown = all.filter(({ name }) => wanted.has(name));
  const narrow = [...shown.filter(({ name }) => name === "state"), SUMMARY, DURATION, MESSAGE];
  const dynamicColumns = all.filter(({ name }) => isDynamic(name) && differing.has(name));
  return { shown, all, narrow, folded: inWords(constants), differing: dynamicColumns };
}

function automaticNames(
  table: Table,
  dynamic: readonly string[],
  differing: ReadonlySet<string>,
  { shown, scalars, derived, defined }: MeasuredNames,
): Set<string> {
  const isLabel = (name: string) => name.startsWith("label.");
  const labels = dynamic.filter((name) => isLabel(name) && differing.has(name));
  // A parameter that was swept is often a label too; the user's own word for it is enough.
  const isRepeated = (name: string) =>
    !isLabel(name) && labels.some((label) => table.isSame(label, name));
  const told = dynamic.filter((name) => differing.has(name) && !isRepeated(name));
  const results = [...shown, ...scalars.filter((each) => !derived.includes(each)), ...defined];
  const wanted = [
    ...ALWAYS,
    ...labels,
    ...told.filter((name) => !isLabel(name)).slice(0, MAX_PARAMETERS),
    ...[...results, "samples"].map(measuredName),
    ...WHERE_DIFFERENT.filter((name) => differing.has(name)),
    ...(results.length === 0 && table.constant("sent_at") !== null ? ["sent_at"] : []),
    ...(table.constant("duration_s") !== null ? ["duration_s"] : []),
    ...(table.column("attempts").some((n) => Number(n) > 1) ? ["attempts"] : []),
    ...(told.length === 0 ? ["name"] : []),
  ];
  return new Set(wanted);
}

/** All columns in order: swept values, measured values, and the job's outcome. */
function allColumns(table: Table, dynamic: readonly string[], measured: MeasuredNames): Column[] {
  const taken = new Set<string>();
  const titleOf = (name: string): string => {
    const title = taken.has(keyOf(name)) ? name : keyOf(name);
    taken.add(title);
    return title;
  };
  const rarer = measured.states.filter((state) => !measured.shown.includes(state));
  const known = new Set(table.measuredNames());
  const results = [
    ...measured.shown,
    ...measured.scalars,
    ...measured.defined,
    "samples",
    ...rarer,
  ].map(measuredName);
  const job = FIXED.filter(({ name }) => !STICKY.includes(name));
  return [
    ...FIXED.filter(({ name }) => STICKY.includes(name)).map((each) =>
      each.name === "position" ? { ...each, width: placeWidth(table) } : each,
    ),
    ...dynamic.map((name) => describe(table, name, titleOf(name), "swept")),
    ...[...new Set(results)]
      .filter((name) => known.has(name))
      .map((name) => describe(table, name, titleOf(name), "measured")),
    ...job,
  ];
}

/** The width for the largest number of a job, and of an iteration next to it. */
function placeWidth(table: Table): number {
  const digits = String(Math.max(0, table.total - 1)).length;
  const most = String(table.mostIterations).length;
  const iteration = table.isIterated ? " · /".length + 2 * most : 0;
  return Math.max(44, (digits + iteration) * CHARACTER_PX + PADDING_PX);
}

function describe(table: Table, name: string, title: string, group: Group): Column {
  const sample = table.column(name).slice(0, 200);
  const isNumber =
    isMeasured(name) || sample.every((each) => each == null || typeof each === "number");
  const longest = Math.max(title.length + 2, table.longest(name));
  const width = Math.max(MIN_COLUMN_PX, Math.ceil(longest * CHARACTER_PX + PADDING_PX));
  if (isMeasured(name)) return column(name, title, "measured", width, group);
  if (isNumber) return column(name, title, "number", width, group);
  return column(name, title, "text", Math.min(MAX_TEXT_PX, width), group);
}

/** The values that all jobs share, as phrases if possible. */
function inWords(constants: ReadonlyMap<string, Cell>): Layout["folded"] {
  const left = new Map(constants);
  const folded: Layout["folded"] = [];
  const say = (name: string, value: string, title = "") => {
    folded.push({ name, title, value });
    left.delete(name);
  };
  for (const name of FOLDED) if (left.has(name)) say(name, String(left.get(name)));
  const [photons, modes] = [left.get("metadata.n"), left.get("metadata.m")];
  if (typeof photons === "number" && typeof modes === "number") {
    say("metadata.n", `${format.count(photons, "photon")} in ${format.count(modes, "mode")}`);
    left.delete("metadata.m");
  }
  const input = left.get("metadata.input_state");
  if (input !== undefined) say("metadata.input_state", `input ${input}`);
  const samples = left.get("param.max_samples");
  if (typeof samples === "number") say("param.max_samples", format.count(samples, "sample"));
  const shots = left.get("param.max_shots");
  if (typeof shots === "number") say("param.max_shots", `at most ${format.count(shots, "shot")}`);
  const iterations = left.get("param.iterations");
  if (typeof iterations === "number")
    say("param.iterations", format.count(iterations, "iteration"));
  // usually, the command of a call is also its name
  if (left.get("param.command") === constants.get("name")) left.delete("param.command");
  for (const [name, value] of left)
    if (!isDefaultNoise(keyOf(name), value))
      folded.push({ name, title: keyOf(name), value: format.cell(value) });
  return folded;
}

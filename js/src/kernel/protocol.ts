/**
 * The messages between the kernel and the browser, as types, and the decoder of rows. Python's side
 * is `src/jobgroup/dashboard/protocol.py`; tests run both on the messages recorded in
 * `tests/dashboard/protocol.json`.
 */

import type { State } from "../data/status";

/** The rows that the browser has, by epoch and version. */
export interface ClientState {
  epoch: string;
  version: number;
}

export type Command =
  | "run"
  | "rerun"
  | "repeat"
  | "remove"
  | "prioritize"
  | "cancel"
  | "stop"
  | "pause"
  | "resume"
  | "resend"
  | "confirm"
  | "refresh"
  | "delete"
  | "restore"
  | "export"
  | "open"
  | "describe"
  | "annotate"
  | "define"
  | "keep";
export type Question =
  | "job"
  | "payload"
  | "drawing"
  | "results"
  | "measured"
  | "figure"
  | "compare"
  | "compare_groups"
  | "groups"
  | "size"
  | "saved"
  | "estimate"
  | "slots";
export type Setting = "filter" | "sort" | "search" | "selected" | "columns" | "plot" | "table";
export type Plain = string | number | boolean;
export interface Args {
  position?: number;
  positions?: readonly number[];
  /** All jobs that are in this state in the kernel. */
  state?: State;
  mode?: "parallel" | "sequential" | "queue";
  /** Seconds between jobs. */
  delay?: number;
  concurrent_job_count?: number;
  /** The number of equal jobs to reach, or of jobs to add for each job. */
  to?: number;
  times?: number;
  replace?: boolean;
  remote_id?: string;
  /** New values for parameters. */
  overrides?: Record<string, Plain>;
  text?: string;
  /** Whether the command concerns the failed jobs. */
  rerun?: boolean;
  /** Names of groups. */
  name?: string;
  names?: readonly string[];
  cancel?: boolean;
  /** Whether results are kept in the group's file. */
  keep?: boolean;
  /** The stamp of the list of groups that the page has. */
  stamp?: string;
  ideal?: boolean;
  /** States whose shares are requested; none for the most frequent ones. */
  columns?: readonly string[];
  /** Arguments of a figure; see `figures.py`. */
  y?: string;
  x?: string;
  curves?: string;
  at?: Readonly<Record<string, Plain | null>>;
  kind?: string;
  errors?: Plain;
  sweep?: string;
  load?: boolean;
  retry?: boolean;
  only_load?: boolean;
  have?: string;
}

export type ToPython =
  | { t: "open"; client: ClientState | null }
  /**
   * `ack` is the last push that arrived, `pending` has the requests without an answer, and `reply`
   * requests a push.
   */
  | { t: "sync"; client: ClientState | null; ack: number; pending: string[]; reply: boolean }
  | { t: "command"; id: string; name: Command; args: Args }
  | { t: "query"; id: string; name: Question; args: Args }
  | { t: "set_trait"; id: string; name: Setting; value: unknown }
  /** The token is not stored here. No answer, log or file of Python contains it. */
  | { t: "token"; id: string; url: string; account: string; token: string }
  /** No view is visible. `has_views` says whether hidden views exist. */
  | { t: "close"; has_views: boolean };

/** `n` numbers the pushes. `now` is the kernel's time, in seconds since the epoch. */
interface Push {
  epoch: string;
  n: number;
  now: number;
  total: number;
  rows: Block;
}

export type FromPython =
  | ({ t: "snapshot"; version: number; part: number; parts: number } & Push)
  | ({ t: "patch"; from: number; to: number } & Push)
  | { t: "result"; id: string; value: unknown }
  | { t: "error"; id: string; code: string; message: string }
  /** The kernel has acknowledged request `id`. `python` is the equivalent line. */
  | { t: "ack"; id: string; python: string };

/** Rows as columns; `position` is always among them. */
export interface Block {
  n: number;
  columns: Record<string, Encoded>;
}

/**
 * A column. Buffer `at` has the JSON of an array, in which 0 stands for `zero`, or values are times
 * in whole milliseconds after `since`. In a saved page, a column has plain values. If its name ends
 * with a dot ("label."), each text is a JSON object or empty.
 */
export type Encoded = unknown[] | { at: number; zero: unknown } | { at: number; since: number };

export function decodeColumn(column: Encoded, buffers: readonly DataView[]): unknown[] {
  if (Array.isArray(column)) return column;
  const view = buffers[column.at];
  if (!view) throw new Error(`the message lacks its buffer ${column.at}`);
  const values = JSON.parse(new TextDecoder().decode(view)) as unknown[];
  return "zero" in column
    ? values.map((value) => (value === 0 ? column.zero : value))
    : values.map((ms) => (ms === null ? null : column.since + Number(ms) / 1000));
}

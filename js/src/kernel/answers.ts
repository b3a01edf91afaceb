/**
 * The types of the kernel's answers to queries, which `src/jobgroup/dashboard/queries.py` creates.
 */

import type { Counts, State } from "../data/states";
import type { Value } from "../format";
import type { Plain } from "./protocol";

export interface Attempt {
  number: number;
  remote_id: string | null;
  state: State;
  provider_status: string | null;
  message: string | null;
  sent_at: number | null;
  started_at: number | null;
  duration_s: number | null;
  finished_at: number | null;
  /** Facts about a request without a response, including `asked_at` and `status_code`. */
  diagnostics: Record<string, unknown>;
  /** The changes of a rerun: the old and the new value, by parameter. */
  overrides: Record<string, [old: unknown, now: unknown]>;
}

export interface JobEvent {
  at: number;
  what: string;
  text: string;
}

export interface JobDetail {
  position: number;
  attempts: Attempt[];
  events: JobEvent[];
  params: Record<string, unknown>;
  labels: Record<string, unknown>;
  metadata: Record<string, unknown>;
  /** By column, such as "noise.g2", with Perceval's defaults; empty if there is no noise model. */
  noise: Record<string, Plain>;
  note: string;
  /** The failed job that this job reruns. */
  rerun_of: number | null;
  /** Whether its cloud no longer has the job. */
  is_lost: boolean;
  /** The parameters that a rerun can change, or the reason why there are none. */
  changeable: Record<string, Plain | null>;
  fixed: string;
}

/** The request that was or will be sent, as JSON, or the reason why it is unknown. */
export interface PayloadAnswer {
  text: string;
  reason: string;
}

/** Perceval's drawing of the circuit, or the reason why there is none. */
export interface DrawingAnswer {
  svg: string;
  reason: string;
}

/**
 * One distribution, with at most a thousand entries, largest first. `rest` is the sum of the
 * others.
 */
export interface Distribution {
  title: string;
  unit: "counts" | "probability";
  /** `share` and its standard error are null if there were no samples; probabilities have no error. */
  entries: [label: string, value: number, share: number | null, error: number | null][];
  rest: { n: number; value: number };
  scalars: Record<string, number>;
}

export interface JobResult {
  position: number;
  distributions: Distribution[];
  /** The reason why there are none; empty if there are some. */
  error: string;
}

/** The result of a job, or of one of its iterations, reduced as everywhere in jobgroup. */
export interface MeasuredRow {
  position: number;
  /** Counted from 0; null for a job without iterations. */
  iteration: number | null;
  /** The number of iterations of the job; 1 without iterations. */
  of: number;
  /** The values that the iteration varied. */
  params: Record<string, Value>;
  /** The sum of all counts; null for probabilities. */
  samples: number | null;
  /** For each column: the value and its standard error, null if there is none. */
  values: Record<string, [value: Value, error: number | null]>;
}

export interface MeasuredAnswer {
  rows: MeasuredRow[];
  /** Scalars that these jobs reported, such as "physical_perf". */
  scalars: string[];
  /** The names in `scalars` that are computed from other scalars. */
  derived: string[];
  /** The derived quantities of the group. */
  defined: string[];
  /** The most frequent states of all results so far, in descending order. */
  states: string[];
  /** The states that a table shows, in the order of states. */
  shown: string[];
  /** The states for which the rows have values. */
  columns: string[];
  /** The reason why a job has no row, by its position. */
  failed: Record<number, string>;
}

export interface GroupSummary {
  name: string;
  counts: Counts;
  created: number | null;
  modified: number | null;
  size_bytes: number;
  /** Set if the file could not be read. */
  error: string;
  description: string;
  /** Names of the swept values. */
  swept: string[];
  /** Whether the group was exported since its last change. */
  is_exported: boolean;
  eta_s: [low: number, high: number] | null;
}

/** Only the stamp, if the list has not changed since the answer with this stamp. */
export interface GroupsAnswer {
  stamp: string;
  groups?: GroupSummary[];
  trash?: GroupSummary[];
}

/** The outcome of a command in one line and, for a command on several groups, the outcome for each. */
export type Done = {
  text?: string;
  done?: readonly string[];
  failed?: Record<string, string>;
} | null;

/** The estimate of a run, in a line from Python. */
export interface EstimateAnswer {
  jobs: number;
  free_slots: number | null;
  text: string;
}

export const NO_MEASURED: MeasuredAnswer = {
  rows: [],
  scalars: [],
  derived: [],
  defined: [],
  states: [],
  shown: [],
  columns: [],
  failed: {},
};

/** Slots in the plans of the group's unfinished jobs; null if they are unknown. */
export interface SlotsAnswer {
  used: number | null;
  total: number | null;
}

export interface SizeAnswer {
  size_bytes: number;
  /** Whether results are kept in the group's file. */
  keeps_results: boolean;
  /** Other groups with similar names. */
  similar_names: string[];
}

/** Values along an axis: their type, and the values as texts. Null has no position on it. */
export interface AxisValues {
  kind: "number" | "time" | "text";
  values: Value[];
  texts: string[];
}

export type PointState = "measured" | "failed" | "canceled" | "to come" | "not loaded" | "empty";

/** The content of `jg.plot`: a quantity over one or two swept names. Points are in columns. */
export interface Figure {
  kind: "line" | "map" | "bars";
  y: string;
  x: string;
  /** Empty for none. */
  curves: string;
  y_label: string;
  x_label: string;
  curves_label: string;
  is_share: boolean;
  xs: AxisValues;
  groups: AxisValues;
  legend: string[];
  title: string;
  caption: string;
  /** Of the intervals, 0 to 1; null without error bars. */
  level: number | null;
  /** Other swept names, each fixed at one value. */
  selectors: { name: string; values: Value[]; value: Value }[];
  points: {
    /** Ranks in `xs` and `groups`. */
    x: number[];
    curve: number[];
    value: (number | null)[];
    error: (number | null)[];
    low: (number | null)[];
    high: (number | null)[];
    /** Null for probabilities, and without outcomes. */
    samples: (number | null)[];
    /** Positions. */
    jobs: number[][];
    state: PointState[];
  };
  /** Choices that no longer exist. */
  gone: string[];
  python: string;
}

/** The number of loaded results and of all results. Further queries load the `missing` ones. */
export interface FigureProgress {
  loaded: number;
  of: number;
  missing: number;
  failed: { count: number; first: [position: number, why: string] | null };
}

export interface FigureAnswer extends FigureProgress {
  sweeps: string[];
  sweep: string;
  choices: {
    states: string[];
    /** The state whose share varies most. */
    first: string;
    scalars: string[];
    /** Expressions by name. */
    definitions: Record<string, string>;
    swept: { name: string; label: string; several: boolean }[];
  };
  notes: string[];
  /** Null if there are no points. */
  figure: Figure | null;
  digest: string;
}

/** The last answer is still valid. */
export type SameFigure = FigureProgress & { same: string };

/** One distribution of a comparison, with its distance from the first one or from the ideal. */
export interface Side {
  position: number;
  iteration: number | null;
  /** The labels that distinguish it, such as "phi 1.43, indist 0.60". */
  name: string;
  samples: number | null;
  /**
   * The states that are most frequent on any side, in the same order for all sides; the others are
   * summed in `rest`. The share is null if it is unknown.
   */
  entries: [
    state: string,
    share: number | null,
    error: number | null,
    low: number | null,
    high: number | null,
  ][];
  rest: number;
  ideal: Record<string, number> | null;
  no_ideal: string;
  comparison: Distance | null;
  problem: string;
}

/** A total variation distance, and the distance expected by chance; null without samples. */
export interface Distance {
  distance: number;
  expected: number | null;
  spread: number | null;
  p95: number | null;
  p_value: number | null;
}

export interface CompareAnswer {
  sides: Side[];
  /** The number of jobs that are not drawn. */
  more: number;
  failed: Record<number, string>;
}

/** Several groups in one figure, with their distances from the first one at common points. */
export interface GroupComparisonAnswer extends FigureAnswer {
  /**
   * The number of points that the first group also has, that only one group has, and that were
   * compared.
   */
  matched: number;
  unmatched: number;
  compared: number;
  /** The number of points with a p-value of at most 0.05, and the number expected by chance. */
  low_p: number;
  by_chance: number;
  /** The greatest distances. */
  apart: { group: string; point: string; comparison: Distance | null; problem: string }[];
}

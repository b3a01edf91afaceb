/**
 * The kernel's side, as a host provides it, and its traits as signals. Only Python writes traits.
 * The browser's requests are messages (link.ts).
 */

import { type Signal, signal } from "@preact/signals";
import type { Range } from "../data/ranges";
import type { Counts } from "../data/states";
import { atEnd } from "./abort";
import type { Plain } from "./protocol";

/** The members of an anywidget model that all hosts have. */
export interface Model {
  get(name: string): unknown;
  on(event: string, callback: (...args: never[]) => void): void;
  off(event: string, callback: (...args: never[]) => void): void;
  send(content: unknown): void;
}

/** The context that a host provides for each model. */
export interface Given {
  model: Model;
  /** Since anywidget 0.11. */
  signal?: AbortSignal;
}

/** The context for each view. */
export interface View extends Given {
  el: HTMLElement;
}

/** The functions that the host calls. */
export interface Widget {
  initialize(given: Given): () => void;
  render(view: View): () => void;
}

export interface Sender {
  host: string;
  pid: number;
  /** Seconds since the epoch. */
  since: number;
  is_this_process: boolean;
  /** Whether a page started it, whose server passes tokens to it. */
  is_from_page: boolean;
}

export interface Account {
  url: string;
  /** Empty for the default account. */
  account: string;
}

/** The user's choices for the table. The page makes all other choices. */
export interface TableChoices {
  view?: string;
  widths?: Readonly<Record<string, number>>;
}

/** The user's choices for the plot, by name. The kernel makes all other choices. */
export interface PlotChoices {
  y?: string;
  x?: string;
  /** Empty for none. */
  curves?: string;
  /** The fixed values of other swept names. */
  at?: Readonly<Record<string, Plain | null>>;
  kind?: "line" | "map" | "bars";
  errors?: Plain;
  sweep?: string;
  is_log_x?: boolean;
  is_log_y?: boolean;
  from_zero?: boolean;
}

export interface Traits {
  group: string;
  description: string;
  counts: Counts;
  progress: number;
  eta_s: [number, number] | null;
  version: number;
  updated_at: number | null;
  /** The process that sends jobs. */
  sender: Sender | null;
  /** Whether a process ended while it was sending. */
  interrupted: boolean;
  incident: string;
  /** Seconds since the epoch. */
  incident_since: number | null;
  /** The time at which the last job ended, if no job has ended for a long time. */
  stalled_since: number | null;
  /** The number of results that are not in the group's file. */
  results_on_cloud_only: number;
  active: boolean;
  paused: boolean;
  next_up: number[];
  deleted: boolean;
  busy: string;
  last_error: string;
  /** The account whose token is missing or rejected. */
  token_needed: Account | null;
  selected: Range[];
  filter: string;
  sort: string;
  search: string;
  columns: string[];
  /** The presentation of the table: the view, and the widths of columns by their titles. */
  table: TableChoices;
  /** The choices of the plot, by name. */
  plot: PlotChoices;
  theme: string;
  read_only: boolean;
  /** The number of jobs above which sending needs a confirmation. */
  confirm_above: number;
}

export const TRAITS: Readonly<Traits> = {
  group: "",
  description: "",
  counts: {},
  progress: 0,
  eta_s: null,
  version: 0,
  updated_at: null,
  sender: null,
  interrupted: false,
  incident: "",
  incident_since: null,
  stalled_since: null,
  results_on_cloud_only: 0,
  active: false,
  paused: false,
  next_up: [],
  deleted: false,
  busy: "",
  last_error: "",
  token_needed: null,
  selected: [],
  filter: "all",
  sort: "",
  search: "",
  columns: [],
  table: {},
  plot: {},
  theme: "auto",
  read_only: false,
  confirm_above: 50,
};

export type TraitSignals = { [Name in keyof Traits]: Signal<Traits[Name]> };

/** Signals that follow the model's traits until `lifetime` ends. */
export function traitSignals(model: Model, lifetime: AbortSignal): TraitSignals {
  const signals: Record<string, Signal<unknown>> = {};
  const listeners: Record<string, () => void> = {};
  for (const [name, fallback] of Object.entries(TRAITS)) {
    const follower = signal(model.get(name) ?? fallback);
    listeners[`change:${name}`] = () => {
      follower.value = model.get(name) ?? fallback;
    };
    signals[name] = follower;
  }
  listen(model, listeners, lifetime);
  return signals as unknown as TraitSignals;
}

/** `model.off` always gets its callback: without one, marimo removes everyone's listeners. */
export function listen(
  model: Model,
  listeners: Record<string, (...args: never[]) => void>,
  lifetime: AbortSignal,
): void {
  const each = Object.entries(listeners);
  for (const [event, callback] of each) model.on(event, callback);
  const stop = () => {
    for (const [event, callback] of each) model.off(event, callback);
  };
  atEnd(lifetime, stop);
}

/**
 * A dashboard in a saved page: a model that answers from the page's own data, without kernel and
 * network. `src/jobgroup/dashboard/standalone.py` writes the page.
 */

import { MAX_SIDES } from "./data/limits";
import {
  type CompareAnswer,
  type FigureAnswer,
  type JobDetail,
  type JobResult,
  type MeasuredAnswer,
  NO_MEASURED,
  type Side,
} from "./kernel/answers";
import { Emitter } from "./kernel/emitter";
import type { Model, Traits, Widget } from "./kernel/model";
import type { Args, FromPython, ToPython } from "./kernel/protocol";

export interface Saved {
  /** The values of the traits. */
  values: Traits;
  snapshot: Extract<FromPython, { t: "snapshot" }>;
  jobs: Record<number, JobDetail>;
  results: Record<number, JobResult>;
  measured: MeasuredAnswer | null;
  /** Figures by quantity; the first one has no name. */
  figures: Record<string, FigureAnswer>;
}

export function showSaved(widget: () => Widget, saved: Saved, el: HTMLElement): void {
  const model = new SavedModel(saved);
  const { initialize, render } = widget();
  initialize({ model });
  render({ model, el });
}

const GONE = "This saved page shows the last known state and has no connection to a kernel.";

class SavedModel extends Emitter implements Model {
  readonly #saved: Saved;

  constructor(saved: Saved) {
    super();
    this.#saved = saved;
  }

  get(name: string): unknown {
    return this.#saved.values[name as keyof Traits];
  }

  send(content: unknown): void {
    const message = content as ToPython;
    queueMicrotask(() => this.#receive(message));
  }

  #receive(message: ToPython): void {
    if (message.t === "open") this.emit("msg:custom", this.#saved.snapshot, []);
    if (!("id" in message)) return;
    const { id } = message;
    let value: unknown;
    if (message.t === "query") value = this.#answer(message.name, message.args);
    if (message.t === "set_trait") {
      Object.assign(this.#saved.values, { [message.name]: message.value });
      this.emit(`change:${message.name}`);
      value = null;
    }
    const answer: FromPython =
      value === undefined
        ? { t: "error", id, code: "SavedPage", message: GONE }
        : { t: "result", id, value };
    this.emit("msg:custom", answer, []);
  }

  /** Undefined if the page does not have it. */
  #answer(name: string, args: Args): unknown {
    const { jobs, results } = this.#saved;
    if (name === "job") return jobs[args.position ?? -1];
    if (name === "measured") return measuredOf(this.#saved.measured, args.positions ?? []);
    if (name === "figure") return figureOf(this.#saved, args.y ?? "");
    if (name === "compare") return compareOf(this.#saved, args.positions ?? []);
    if (name !== "results") return undefined;
    return { results: (args.positions ?? []).map((p) => results[p] ?? lacking(p)) };
  }
}

const NOT_SAVED = "The results of this job were not saved with the page.";

function measuredOf(saved: MeasuredAnswer | null, positions: readonly number[]): MeasuredAnswer {
  const known = saved ?? NO_MEASURED;
  const isThere = new Set(known.rows.map(({ position }) => position));
  const failed = Object.fromEntries(
    positions.flatMap((p) => (isThere.has(p) ? [] : [[p, known.failed[p] ?? NOT_SAVED]])),
  );
  const wanted = new Set(positions);
  return { ...known, rows: known.rows.filter(({ position }) => wanted.has(position)), failed };
}

const lacking = (position: number): JobResult => ({
  position,
  distributions: [],
  error: NOT_SAVED,
});

/** The saved parts of the plot: other quantities over the same axes. */
function figureOf({ figures }: Saved, y: string): FigureAnswer | undefined {
  const found = Object.hasOwn(figures, y) ? figures[y] : figures[""];
  const { figure } = found ?? {};
  if (!found || !figure) return undefined;
  const has = (name: string) => Object.hasOwn(figures, name) || name === figure.y;
  const { states, scalars, definitions, ...choices } = found.choices;
  const kept = Object.entries(definitions).filter(([name]) => has(name));
  return {
    ...found,
    choices: {
      ...choices,
      states: states.filter(has),
      scalars: scalars.filter(has),
      definitions: Object.fromEntries(kept),
      swept: choices.swept.map((each) => ({
        ...each,
        several: each.name === figure.x || each.name === figure.curves,
      })),
    },
  };
}

/** Shares that were saved with the page; distances need the kernel. */
function compareOf({ results, snapshot }: Saved, positions: readonly number[]): CompareAnswer {
  const labels = snapshot.rows.columns["label."] as string[] | undefined;
  const sides = positions.flatMap((position): Side[] =>
    (results[position]?.distributions ?? []).map(({ title, unit, entries, rest }, i) => ({
      position,
      iteration: title ? i : null,
      name: title || named(labels?.[position]),
      samples: unit === "counts" ? entries.reduce((sum, [, n]) => sum + n, rest.value) : null,
      entries: entries.map(([state, , share, error]) => [
        ...([state, share, error] as const),
        share === null || error === null ? null : share - error,
        share === null || error === null ? null : share + error,
      ]),
      rest: rest.n,
      ...{ ideal: null, no_ideal: "", comparison: null, problem: "" },
    })),
  );
  const lack = positions.filter((position) => !results[position]);
  return {
    sides: sides.slice(0, MAX_SIDES),
    more: Math.max(0, sides.length - MAX_SIDES),
    failed: Object.fromEntries(lack.map((position) => [position, NOT_SAVED])),
  };
}

const named = (labels: string | undefined): string =>
  Object.entries(JSON.parse(labels || "{}") as object)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");

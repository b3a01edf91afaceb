/**
 * A dashboard in a page that was saved: a model that answers from what the page holds, with no kernel
 * and no network. Its maker is `src/jobgroup/dashboard/standalone.py`.
 */

import type { JobDetail, JobResult, MeasuredAnswer } from "./kernel/answers";
import { Emitter } from "./kernel/emitter";
import type { Model, Traits, Widget } from "./kernel/model";
import type { Args, FromPython, ToPython } from "./kernel/protocol";

export interface Saved {
  /** Of the traits. */
  values: Traits;
  snapshot: Extract<FromPython, { t: "snapshot" }>;
  jobs: Record<number, JobDetail>;
  results: Record<number, JobResult>;
  measured: MeasuredAnswer | null;
}

export function showSaved(widget: () => Widget, saved: Saved, el: HTMLElement): void {
  const model = new SavedModel(saved);
  const { initialize, render } = widget();
  initialize({ model });
  render({ model, el });
}

const GONE = "This page was saved: it shows what was known then, and reaches no kernel.";

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

  /** Undefined where the page does not hold it. */
  #answer(name: string, args: Args): unknown {
    const { jobs, results } = this.#saved;
    if (name === "job") return jobs[args.position ?? -1];
    if (name === "measured") return measuredOf(this.#saved.measured, args.positions ?? []);
    if (name !== "results") return undefined;
    return { results: (args.positions ?? []).map((p) => results[p] ?? lacking(p)) };
  }
}

const NOTHING: MeasuredAnswer = {
  rows: [],
  scalars: [],
  derived: [],
  defined: [],
  states: [],
  shown: [],
  columns: [],
  failed: {},
};

const NOT_SAVED = "The results of this job were not saved with the page.";

function measuredOf(saved: MeasuredAnswer | null, positions: readonly number[]): MeasuredAnswer {
  const known = saved ?? NOTHING;
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

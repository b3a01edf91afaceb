/**
 * What all views of one model share: the traits, the rows, and what the person has asked for. A
 * setting shows at once and is Python's word again as soon as Python has answered.
 */

import { type Layout, layOut } from "./columns";
import { atEnd } from "./lifetime";
import { Link, type Receiver, RequestError } from "./link";
import { type Model, type TraitSignals, type Traits, traitSignals } from "./model";
import { Order } from "./order";
import { pythonLine } from "./python";
import { fromRanges, type Range, toRanges } from "./ranges";
import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from "./signals";
import { countWhere, isFilter, isOnCloud } from "./states";
import { Table } from "./table";
import type { Args, Command, FromPython, Have, Setting } from "./wire";

/** One line about the last action: what was asked, or what came of it. */
export interface Said {
  tone: "asked" | "done" | "failed" | "note";
  text: string;
  python?: string;
}

/** What may stand open below the toolbar, one at a time. */
export type Panel = "" | "delete" | "results" | "causes" | "slots" | "run" | "rerun";

/** A setting: shown as the person set it, until Python's answer stands in the trait. */
export interface Choice<T> {
  readonly value: ReadonlySignal<T>;
  set(value: T): void;
}

export class Session implements Receiver {
  readonly traits: TraitSignals;
  readonly table = new Table();
  readonly order = new Order(this.table);
  readonly link: Link;
  /** Grows whenever the rows or their order changed. */
  readonly revision = signal(0);
  readonly layout: ReadonlySignal<Layout>;
  readonly filter: Choice<string>;
  readonly sort: Choice<string>;
  readonly search: Choice<string>;
  readonly columns: Choice<string[]>;
  readonly selection: Choice<Range[]>;
  readonly selected: ReadonlySignal<ReadonlySet<number>>;
  /** Whether some job is on the cloud and not yet finished. */
  readonly hasActive: ReadonlySignal<boolean>;
  /** The job whose detail is open. */
  readonly opened = signal<number | null>(null);
  /** What stands open below the toolbar. */
  readonly panel = signal<Panel>("");
  readonly said = signal<Said | null>(null);
  /** Commands without an answer yet, for buttons that wait. */
  readonly pending: Signal<ReadonlySet<Command>> = signal(new Set());
  /** The kernel's clock in seconds since the epoch, ticking while somebody looks. */
  readonly now = signal(Date.now() / 1000);
  /** Whether this is a saved page, in which time stands still. */
  isSaved = false;
  #epoch = "";
  #version = -1;
  #part = 0;
  #clockSkew = 0;

  constructor(model: Model, lifetime: AbortSignal) {
    this.traits = traitSignals(model, lifetime);
    this.link = new Link(model, this, lifetime);
    this.filter = this.#choice("filter", lifetime);
    this.sort = this.#choice("sort", lifetime);
    this.search = this.#choice("search", lifetime);
    this.columns = this.#choice("columns", lifetime);
    this.selection = this.#choice("selected", lifetime);
    this.selected = computed(() => fromRanges(this.selection.value.value));
    this.hasActive = computed(() => countWhere(this.traits.counts.value, isOnCloud) > 0);
    this.layout = computed(() => {
      this.revision.value;
      return layOut(this.table, this.columns.value.value);
    });
    // At once: what is open of another group would ask for jobs that this one may not have.
    const leave = effect(() => {
      this.traits.group.value;
      this.opened.value = null;
      this.panel.value = "";
      this.table.clear();
    });
    atEnd(lifetime, leave);
    const stop = effect(() => {
      this.order.requery(this.#query());
      this.revision.value = this.revision.peek() + 1;
    });
    atEnd(lifetime, stop);
  }

  tick(): void {
    if (!this.isSaved) this.now.value = Date.now() / 1000 + this.#clockSkew;
  }

  open(panel: Panel): void {
    this.panel.value = panel;
  }

  select(positions: Iterable<number>): void {
    this.selection.set(toRanges(positions));
  }

  /** Ask for a command, say so at once, and say later what came of it. */
  async run(name: Command, args: Args, asked: string): Promise<unknown> {
    const python = pythonLine(name, args, this.traits.group.value);
    this.#setPending(name, true);
    this.said.value = { tone: "asked", text: asked, python };
    try {
      const value = await this.link.do(name, args);
      const text = (value as { text?: string } | null)?.text ?? "";
      this.said.value = { tone: "done", text: text || `${asked} Done.`, python };
      return value;
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      this.said.value = { tone: "failed", text: error.message, python };
      return null;
    } finally {
      this.#setPending(name, false);
    }
  }

  have(): Have | null {
    return this.#version < 0 ? null : { epoch: this.#epoch, version: this.#version };
  }

  receive(push: Extract<FromPython, { t: "snap" | "patch" }>, buffers: DataView[]): boolean {
    this.#clockSkew = push.now - Date.now() / 1000;
    this.isSaved = push.epoch === "saved";
    if (this.isSaved) this.now.value = push.now;
    return push.t === "snap" ? this.#onSnap(push, buffers) : this.#onPatch(push, buffers);
  }

  note(note: Extract<FromPython, { t: "note" }>): void {
    this.said.value = { tone: note.level === "error" ? "failed" : "note", text: note.text };
  }

  /** Parts are painted as they come; the version counts once the last one is here. */
  #onSnap(snap: Extract<FromPython, { t: "snap" }>, buffers: DataView[]): boolean {
    if (snap.part === 0) {
      this.#version = -1;
      this.#part = 0;
      this.table.clear();
    } else if (snap.part !== this.#part || snap.epoch !== this.#epoch) return false;
    this.#epoch = snap.epoch;
    this.#part = snap.part + 1;
    this.table.apply(snap.rows, buffers);
    this.table.total = snap.total;
    if (this.#part === snap.parts) this.#version = snap.version;
    batch(() => {
      this.order.reset(this.#query());
      this.revision.value += 1;
    });
    return true;
  }

  /** Rows in a patch are whole, so one that begins before our version does no harm. */
  #onPatch(patch: Extract<FromPython, { t: "patch" }>, buffers: DataView[]): boolean {
    if (patch.epoch !== this.#epoch || patch.from > this.#version) return false;
    if (patch.to < this.#version) return true;
    this.#version = patch.to;
    if (patch.rows.n === 0) return true;
    const changed = this.table.apply(patch.rows, buffers);
    this.table.total = patch.total;
    this.order.update(changed);
    this.revision.value += 1;
    return true;
  }

  #query() {
    const filter = this.filter.value.value;
    return {
      filter: isFilter(filter) ? filter : ("all" as const),
      search: this.search.value.value,
      sort: this.sort.value.value,
    };
  }

  #choice<Name extends Setting & keyof Traits>(
    name: Name,
    lifetime: AbortSignal,
  ): Choice<Traits[Name]> {
    const trait = this.traits[name] as Signal<Traits[Name]>;
    const shown = signal(trait.value);
    let unanswered = 0;
    const follow = effect(() => {
      const value = trait.value;
      if (unanswered === 0) shown.value = value;
    });
    atEnd(lifetime, follow);
    const set = (value: Traits[Name]) => {
      shown.value = value;
      unanswered += 1;
      this.link
        .set(name, value)
        .catch((error: RequestError) => {
          this.said.value = { tone: "failed", text: error.message };
        })
        .finally(() => {
          unanswered -= 1;
          if (unanswered === 0) shown.value = trait.value;
        });
    };
    return { value: shown, set };
  }

  #setPending(name: Command, isPending: boolean): void {
    const pending = new Set(this.pending.value);
    if (isPending) pending.add(name);
    else pending.delete(name);
    this.pending.value = pending;
  }
}

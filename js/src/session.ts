/**
 * What all views of one model share: the traits, the rows, and what the person has asked for. A
 * setting shows at once and is Python's word again as soon as Python has answered.
 */

import { askedFor } from "./actions";
import type { Done } from "./answers";
import { type Bell, newBell } from "./bell";
import { type Layout, layOut } from "./columns";
import { atEnd } from "./lifetime";
import { type Link, linkTo, RequestError } from "./link";
import { type Model, type TraitSignals, type Traits, traitSignals } from "./model";
import { type Order, orderOf, type Query } from "./order";
import type { Args, ClientState, Command, FromPython, Setting } from "./protocol";
import { fromRanges, toRanges } from "./ranges";
import { having } from "./sets";
import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from "./signals";
import { countWhere, isFilter, isOnCloud } from "./states";
import { Table } from "./table";

/** One line about the last action: what was asked, or what came of it. */
export interface Said {
  tone: "asked" | "done" | "failed";
  text: string;
  python?: string;
}

type Snap = Extract<FromPython, { t: "snapshot" }>;
type Patch = Extract<FromPython, { t: "patch" }>;

/** What may stand open below the toolbar, one at a time. */
export type Panel = "" | "delete" | "results" | "causes" | "slots" | "run" | "rerun";

export interface Session {
  readonly traits: TraitSignals;
  readonly table: Table;
  readonly order: Order;
  readonly link: Link;
  /** Grows whenever the rows or their order changed. */
  readonly revision: ReadonlySignal<number>;
  readonly layout: ReadonlySignal<Layout>;
  /** Settings: each shown as the person set it, until Python's answer stands in the trait. */
  readonly filter: Signal<string>;
  readonly sort: Signal<string>;
  readonly search: Signal<string>;
  readonly columns: Signal<string[]>;
  readonly selected: ReadonlySignal<ReadonlySet<number>>;
  /** The jobs that are sent next, each with its place, which is 1 for the first. */
  readonly nextUp: ReadonlySignal<ReadonlyMap<number, number>>;
  /** Whether some job is on the cloud and not yet finished. */
  readonly hasActive: ReadonlySignal<boolean>;
  /** The job whose detail is open. */
  readonly opened: Signal<number | null>;
  readonly panel: Signal<Panel>;
  readonly bell: Bell;
  readonly said: Signal<Said | null>;
  /** Commands without an answer yet, for buttons that wait. */
  readonly pending: ReadonlySignal<ReadonlySet<Command>>;
  /** The kernel's clock in seconds since the epoch, ticking while somebody looks. */
  readonly now: ReadonlySignal<number>;
  /** Whether this is a saved page, in which time stands still. */
  isSaved(): boolean;
  /** What of the rows is here. */
  have(): ClientState | null;
  tick(): void;
  select(positions: Iterable<number>): void;
  /** Ask for a command, say so at once, and say later what came of it. */
  run(name: Command, args: Args): Promise<unknown>;
}

export function startSession(model: Model, lifetime: AbortSignal): Session {
  const traits = traitSignals(model, lifetime);
  const table = new Table();
  const order = orderOf(table);
  const link = linkTo(model, { have, receive }, lifetime);
  const revision = signal(0);
  const filter = choice("filter");
  const sort = choice("sort");
  const search = choice("search");
  const columns = choice("columns");
  const selection = choice("selected");
  const opened = signal<number | null>(null);
  const panel = signal<Panel>("");
  const said = signal<Said | null>(null);
  const pending: Signal<ReadonlySet<Command>> = signal(new Set());
  const wished = signal<readonly number[]>([]);
  const bell = newBell();
  const now = signal(Date.now() / 1000);
  let epoch = "";
  let version = -1;
  let part = 0;
  let clockSkew = 0;

  // At once: what is open of another group would ask for jobs that this one may not have.
  const leave = effect(() => {
    traits.group.current;
    opened.current = null;
    panel.current = "";
    table.clear();
  });
  const stop = effect(() => {
    order.requery(query());
    revision.current = revision.peek() + 1;
  });
  // A run may be over later than its last job.
  const hear = effect(() => {
    traits.active.current;
    ring();
  });
  // Python's word is the answer to a wish, whatever it was.
  const heed = effect(() => {
    traits.group.current;
    traits.next_up.current;
    wished.current = [];
  });
  for (const end of [leave, stop, hear, heed]) atEnd(lifetime, end);

  const isSaved = (): boolean => epoch === "saved";

  function tick(): void {
    if (!isSaved()) now.current = Date.now() / 1000 + clockSkew;
  }

  async function run(name: Command, args: Args): Promise<unknown> {
    const asked = askedFor(name, args);
    let python: string | undefined;
    const heard = (line: string) => {
      python = line;
      said.current = { tone: "asked", text: asked, python };
    };
    pending.current = having(pending.current, name, true);
    if (name === "prioritize") wished.current = args.positions ?? [];
    said.current = { tone: "asked", text: asked };
    try {
      const value = await link.do(name, args, heard);
      const text = (value as Done)?.text;
      said.current = { tone: "done", text: text || `${asked} Done.`, python };
      return value;
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      if (name === "prioritize") wished.current = [];
      said.current = { tone: "failed", text: error.message, python };
      return null;
    } finally {
      pending.current = having(pending.current, name, false);
    }
  }

  function have(): ClientState | null {
    return version < 0 ? null : { epoch, version };
  }

  function receive(push: Snap | Patch, buffers: DataView[]): boolean {
    clockSkew = push.now - Date.now() / 1000;
    if (push.epoch === "saved") now.current = push.now;
    return push.t === "snapshot" ? onSnap(push, buffers) : onPatch(push, buffers);
  }

  function ring(isAnew = false): void {
    bell.look(traits.group.peek(), traits.counts.peek(), traits.active.peek(), isAnew);
  }

  /** Parts are painted as they come; the version counts once the last one is here. */
  function onSnap(snap: Snap, buffers: DataView[]): boolean {
    if (snap.part === 0) {
      version = -1;
      part = 0;
      table.clear();
    } else if (snap.part !== part || snap.epoch !== epoch) return false;
    epoch = snap.epoch;
    part = snap.part + 1;
    table.apply(snap.rows, buffers);
    table.total = snap.total;
    if (part === snap.parts) version = snap.version;
    ring(true);
    batch(() => {
      order.reset(query());
      revision.current += 1;
    });
    return true;
  }

  /** Rows in a patch are whole, so one that begins before our version does no harm. */
  function onPatch(patch: Patch, buffers: DataView[]): boolean {
    if (patch.epoch !== epoch || patch.from > version) return false;
    if (patch.to < version) return true;
    version = patch.to;
    if (patch.rows.n === 0) return true;
    const changed = table.apply(patch.rows, buffers);
    table.total = patch.total;
    order.update(changed);
    ring();
    revision.current += 1;
    return true;
  }

  function query(): Query {
    const wanted = filter.current;
    return {
      filter: isFilter(wanted) ? wanted : "all",
      search: search.current,
      sort: sort.current,
    };
  }

  function choice<Name extends Setting & keyof Traits>(name: Name): Signal<Traits[Name]> {
    const trait = traits[name] as Signal<Traits[Name]>;
    const shown = signal(trait.current);
    let unanswered = 0;
    const follow = effect(() => {
      const value = trait.current;
      if (unanswered === 0) shown.current = value;
    });
    atEnd(lifetime, follow);
    return {
      peek: shown.peek,
      get current() {
        return shown.current;
      },
      set current(wanted) {
        shown.current = wanted;
        unanswered += 1;
        link
          .set(name, wanted)
          .catch((error: RequestError) => {
            said.current = { tone: "failed", text: error.message };
          })
          .finally(() => {
            unanswered -= 1;
            if (unanswered === 0) shown.current = trait.current;
          });
      },
    };
  }

  return {
    ...{ traits, table, order, link, revision, filter, sort, search, columns, opened, panel, said },
    ...{ pending, bell, now, isSaved, have, tick, run },
    selected: computed(() => fromRanges(selection.current)),
    nextUp: computed(() => {
      const first = new Set([...wished.current, ...traits.next_up.current]);
      return new Map([...first].map((position, i) => [position, i + 1]));
    }),
    hasActive: computed(() => countWhere(traits.counts.current, isOnCloud) > 0),
    layout: computed(() => {
      revision.current;
      return layOut(table, columns.current);
    }),
    select(positions) {
      selection.current = toRanges(positions);
    },
  };
}

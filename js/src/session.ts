/**
 * The state that all views of one model share: traits, rows and the user's requests. A new setting
 * is shown at once; after Python's answer, it follows Python again.
 */

import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Asking, Draft } from "./asking";
import { askedFor } from "./data/actions";
import { type Layout, layOut } from "./data/columns";
import { having } from "./data/immutableSet";
import { MAX_SHOWN } from "./data/limits";
import { positionOf } from "./data/lines";
import { type Order, orderOf, type Query } from "./data/order";
import { fromRanges, toRanges } from "./data/ranges";
import { countWhere, isFilter, isOnCloud } from "./data/states";
import { isMeasured, keyOf, Table } from "./data/table";
import { type Figures, newFigures } from "./figures";
import { browserNotifier, type Notifier } from "./host/notifications";
import { atEnd } from "./kernel/abort";
import type { Done } from "./kernel/answers";
import { type Link, linkTo, RequestError } from "./kernel/link";
import {
  type Account,
  type Model,
  type PlotChoices,
  type TableChoices,
  type TraitSignals,
  type Traits,
  traitSignals,
} from "./kernel/model";
import type { Args, ClientState, Command, FromPython, Setting } from "./kernel/protocol";
import { type Measurements, newMeasurements } from "./measured";

/** One line about the last action: the request, or its outcome. */
export interface StatusMessage {
  tone: "asked" | "done" | "failed";
  text: string;
  python?: string;
  /** The account whose token was set; the cloud may still refuse it. */
  account?: Account;
}

/** Time for which the outcome of an action is shown. */
const MESSAGE_MS = 8000;
/** Time between the answer to a run and the change of the sender that it reports. */
const SENDER_MS = 2000;

type Snap = Extract<FromPython, { t: "snapshot" }>;
type Patch = Extract<FromPython, { t: "patch" }>;

/** The panels that can be open below the toolbar, one at a time. */
export type Panel = "" | "delete" | "send" | "run" | "rerun";

/** The view of the jobs. */
export type View = "table" | "plot" | "both" | "timeline";

const isView = (word: unknown): word is View =>
  ["table", "plot", "both", "timeline"].includes(word as string);

/** Delay after the last change before choices are stored with the group. */
const KEEP_MS = 500;

/** The rows after a push or a query: each time a new handle, for columns that change in place. */
export interface Rows {
  readonly table: Table;
  /** The shown lines in order: one for each job, or for each of its iterations. */
  readonly lines: readonly number[];
  /** The positions of the shown jobs, each once. */
  readonly positions: readonly number[];
  /** The error in the search; empty if there is none. */
  readonly problem: string;
}

const rowsOf = (table: Table, { lines, problem }: Pick<Order, "lines" | "problem">): Rows => ({
  table,
  lines,
  positions: table.isIterated ? [...new Set(lines.map(positionOf))] : lines,
  problem,
});

/** A setting. It is read and written like a signal, and writing sends a request to the kernel. */
type Writable<T> = Pick<Signal<T>, "value" | "peek">;

export interface Session {
  readonly traits: TraitSignals;
  readonly rows: ReadonlySignal<Rows>;
  readonly link: Link;
  readonly measurements: Measurements;
  /** Whether a view is visible. */
  readonly isSeen: Signal<boolean>;
  /** The choices of the plot, by name, which are stored with the group. */
  readonly plot: Writable<PlotChoices>;
  /** The state of the plot: its figure, and the pending question. */
  readonly figures: Figures;
  readonly layout: ReadonlySignal<Layout>;
  /** Settings: each shown as the user set it, until the trait has Python's answer. */
  readonly filter: Writable<string>;
  readonly sort: Writable<string>;
  readonly search: Writable<string>;
  readonly columns: Writable<string[]>;
  readonly selected: ReadonlySignal<ReadonlySet<number>>;
  /** The prioritized jobs, each with its place, counted from 1. */
  readonly nextUp: ReadonlySignal<ReadonlyMap<number, number>>;
  /** Whether a job is on the cloud and not yet finished. */
  readonly hasActive: ReadonlySignal<boolean>;
  /** The job whose detail is open. */
  readonly opened: Signal<number | null>;
  readonly panel: Signal<Panel>;
  /** The open form of an action on some jobs. */
  readonly asking: Signal<Asking | null>;
  /** Whether the user has requested a comparison that is not shown yet. */
  readonly isComparing: Signal<boolean>;
  readonly view: Signal<View>;
  /** Widths that the user chose, in pixels, by column title. */
  readonly widths: Signal<Readonly<Record<string, number>>>;
  readonly notifier: Notifier;
  readonly status: Signal<StatusMessage | null>;
  /** The note of a job that is being edited, also while another job is open. */
  noteOf(position: number): Signal<Draft>;
  /** Commands without an answer yet, for buttons that wait. */
  readonly pending: ReadonlySignal<ReadonlySet<Command>>;
  /** The kernel's clock in seconds since the epoch, ticking while a view is visible. */
  readonly now: ReadonlySignal<number>;
  /** Whether this is a saved page, in which the clock stands still. */
  isSaved(): boolean;
  /** The progress of loading the rows. */
  clientState(): ClientState | null;
  tick(): void;
  select(positions: Iterable<number>): void;
  /** Show the jobs of a filter, whatever the search was. */
  show(filter: string): void;
  /** Request a command; show the request at once, and the outcome later. */
  run(name: Command, args: Args): Promise<unknown>;
}

export function startSession(model: Model, lifetime: AbortSignal): Session {
  /** Functions that end the effects of this session. */
  const ends: (() => void)[] = [];
  const traits = traitSignals(model, lifetime);
  const table = new Table();
  const order = orderOf(table);
  const link = linkTo(model, { clientState, receive }, lifetime);
  const rows = signal<Rows>(rowsOf(table, order));
  const isSeen = signal(false);
  const measurements = newMeasurements(link, table, isSeen.peek.bind(isSeen), (positions) => {
    order.update(positions);
    publish();
  });
  const figures = newFigures(link);
  const plot = choice("plot");
  const tableChoices = choice("table");
  const filter = choice("filter");
  const sort = choice("sort");
  const search = choice("search");
  const columns = choice("columns");
  const selection = choice("selected");
  const opened = signal<number | null>(null);
  const panel = signal<Panel>("");
  const asking = signal<Asking | null>(null);
  const isComparing = signal(false);
  const view = signal<View>("table");
  const widths = signal<Readonly<Record<string, number>>>({});
  const status = signal<StatusMessage | null>(null);
  const pending: Signal<ReadonlySet<Command>> = signal(new Set());
  const wantedNext = signal<readonly number[]>([]);
  const notes = new Map<number, Signal<Draft>>();
  const notifier = browserNotifier();
  const now = signal(Date.now() / 1000);
  let epoch = "";
  /** A signal, because the page does not know it at first. */
  const saved = signal(false);
  let version = -1;
  let part = 0;
  let clockSkew = 0;
  let saidAt = 0;

  // At once, because panels of another group would request jobs that this group may not have.
  const leave = effect(() => {
    traits.group.value;
    closeAll();
    // The first snapshot of the next group does not close what was opened before it.
    epoch = "";
    version = -1;
    table.clear();
    rows.value = rowsOf(table, { lines: [], problem: "" });
  });
  const stop = effect(() => {
    order.requery(query());
    publish();
  });
  // A sentence about an action does not stay when newer facts arrive.
  const forgetStatus = effect(() => {
    traits.group.value;
    traits.deleted.value;
    status.value = null;
  });
  const ageStatus = effect(() => {
    if (status.value?.tone !== "done") return;
    saidAt = Date.now();
    const timer = setTimeout(() => {
      status.value = null;
    }, MESSAGE_MS);
    return () => clearTimeout(timer);
  });
  const forgetRun = effect(() => {
    traits.sender.value;
    const isOld = Date.now() - saidAt > SENDER_MS;
    if (status.peek()?.tone === "done" && isOld) status.value = null;
  });
  const forgetToken = effect(() => {
    traits.token_needed.value;
    if (measurements.state.value.failed.size > 0) forgetRefusedToken();
  });
  // A run may end later than its last job.
  const followActivity = effect(() => {
    traits.active.value;
    notify();
  });
  // The trait has Python's answer to the request, whatever it is.
  const followPriorities = effect(() => {
    traits.group.value;
    traits.next_up.value;
    wantedNext.value = [];
  });
  const hasAllResults = computed(() => {
    const { isWhole, failed } = measurements.state.value;
    return isWhole && failed.size === 0;
  });
  const layout = computed(() =>
    layOut(rows.value.table, columns.value, measurements.names.value, hasAllResults.value),
  );
  // The shown parts of results: the states that are columns, and the one that is drawn.
  const shares = computed(() => {
    const { states, shown } = measurements.names.value;
    const { y = "" } = plot.value;
    const seen = layout.value.shown.flatMap(({ name }) => (isMeasured(name) ? [keyOf(name)] : []));
    const isState = (each: string) => each.startsWith("|") || states.includes(each);
    return [...new Set([...shown, ...seen, y])].filter(isState);
  });
  const fetchMeasured = effect(() => {
    rows.value;
    measurements.inSight.value;
    measurements.isWanted.value;
    if (isSeen.value) measurements.load(shares.value);
  });
  const followTable = effect(() => {
    const { view: kept, widths: sizes } = tableChoices.value;
    const known = Object.entries(sizes ?? {}).filter(([, width]) => Number.isFinite(width));
    batch(() => {
      view.value = isView(kept) ? kept : "table";
      widths.value = Object.fromEntries(known);
    });
  });
  const keepTable = effect(() => {
    const sizes = widths.value;
    const kept: TableChoices = {
      ...(view.value === "table" ? {} : { view: view.value }),
      ...(Object.keys(sizes).length > 0 ? { widths: sizes } : {}),
    };
    const group = traits.group.value;
    if (!group || JSON.stringify(kept) === JSON.stringify(tableChoices.peek())) return;
    const timer = setTimeout(() => {
      tableChoices.value = kept;
    }, KEEP_MS);
    return () => clearTimeout(timer);
  });
  ends.push(
    followTable,
    keepTable,
    fetchMeasured,
    leave,
    stop,
    forgetStatus,
    ageStatus,
    forgetRun,
    forgetToken,
    followActivity,
    followPriorities,
  );
  atEnd(lifetime, () => {
    for (const end of ends) end();
  });

  const isSaved = (): boolean => saved.value;

  function tick(): void {
    if (!isSaved()) now.value = Date.now() / 1000 + clockSkew;
  }

  async function run(name: Command, args: Args): Promise<unknown> {
    const asked = askedFor(name, args);
    let python: string | undefined;
    const onAck = (line: string) => {
      python = line;
      status.value = { tone: "asked", text: asked, python };
    };
    pending.value = having(pending.value, name, true);
    if (name === "prioritize") wantedNext.value = args.positions ?? [];
    status.value = { tone: "asked", text: asked };
    try {
      const value = await link.do(name, args, onAck);
      const text = (value as Done)?.text;
      status.value = { tone: "done", text: text || `${asked} Done.`, python };
      return value;
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      if (name === "prioritize") wantedNext.value = [];
      status.value = { tone: "failed", text: error.message, python };
      return null;
    } finally {
      pending.value = having(pending.value, name, false);
    }
  }

  function clientState(): ClientState | null {
    return version < 0 ? null : { epoch, version };
  }

  function receive(push: Snap | Patch, buffers: DataView[]): boolean {
    clockSkew = push.now - Date.now() / 1000;
    if (push.epoch === "saved") now.value = push.now;
    return push.t === "snapshot" ? onSnap(push, buffers) : onPatch(push, buffers);
  }

  function publish(): void {
    rows.value = rowsOf(table, order);
  }

  function notify(isAnew = false): void {
    notifier.look(traits.group.peek(), traits.counts.peek(), traits.active.peek(), isAnew);
  }

  /** In a new epoch, for example after a removal, positions may refer to other jobs. */
  function closeAll(): void {
    batch(() => {
      opened.value = null;
      panel.value = "";
      asking.value = null;
      notes.clear();
      measurements.clear();
      figures.clear();
    });
  }

  /** Parts are shown when they arrive. The version counts when the last part has arrived. */
  function onSnap(snap: Snap, buffers: DataView[]): boolean {
    if (snap.part === 0) {
      version = -1;
      part = 0;
      table.clear();
      if (epoch && snap.epoch !== epoch) closeAll();
      else measurements.refetch();
    } else if (snap.part !== part || snap.epoch !== epoch) return false;
    epoch = snap.epoch;
    saved.value = epoch === "saved";
    part = snap.part + 1;
    table.apply(snap.rows, buffers);
    table.total = snap.total;
    if (snap.part === 0) table.first = Math.max(0, snap.total - MAX_SHOWN);
    if (part === snap.parts) version = snap.version;
    notify(true);
    batch(() => {
      order.reset(query());
      publish();
    });
    return true;
  }

  /** Called at news: if the account still needs a token, the cloud has probably refused this one. */
  function forgetRefusedToken(): void {
    const needed = traits.token_needed.peek();
    const account = status.peek()?.account;
    if (account && needed?.url === account.url && needed.account === account.account)
      status.value = null;
  }

  /** Rows in a patch are complete, so a patch that begins before our version is harmless. */
  function onPatch(patch: Patch, buffers: DataView[]): boolean {
    if (patch.epoch !== epoch || patch.from > version) return false;
    if (patch.to < version) return true;
    if (patch.to > version) forgetRefusedToken();
    version = patch.to;
    if (patch.rows.n === 0) return true;
    const changed = table.apply(patch.rows, buffers);
    table.total = patch.total;
    measurements.recheck(changed);
    order.update(changed);
    notify();
    publish();
    return true;
  }

  function query(): Query {
    const wanted = filter.value;
    return {
      filter: isFilter(wanted) ? wanted : "all",
      search: search.value,
      sort: sort.value,
    };
  }

  function choice<Name extends Setting & keyof Traits>(name: Name): Writable<Traits[Name]> {
    const trait = traits[name] as Signal<Traits[Name]>;
    const shown = signal(trait.value);
    let unanswered = 0;
    const follow = effect(() => {
      const value = trait.value;
      if (unanswered === 0) shown.value = value;
    });
    ends.push(follow);
    return {
      peek: () => shown.peek(),
      get value() {
        return shown.value;
      },
      set value(wanted) {
        shown.value = wanted;
        unanswered += 1;
        link
          .set(name, wanted)
          .catch((error: RequestError) => {
            status.value = { tone: "failed", text: error.message };
          })
          .finally(() => {
            unanswered -= 1;
            if (unanswered === 0) shown.value = trait.value;
          });
      },
    };
  }

  return {
    ...{
      traits,
      link,
      rows,
      measurements,
      isSeen,
      layout,
      figures,
      plot,
      filter,
      sort,
      search,
      columns,
      opened,
      panel,
      asking,
      isComparing,
      view,
      widths,
      status,
    },
    ...{ pending, notifier, now, isSaved, clientState, tick, run },
    selected: computed(() => fromRanges(selection.value)),
    nextUp: computed(() => {
      const first = new Set([...wantedNext.value, ...traits.next_up.value]);
      return new Map([...first].map((position, i) => [position, i + 1]));
    }),
    hasActive: computed(() => countWhere(traits.counts.value, isOnCloud) > 0),
    select(positions) {
      // The form is about the jobs that were selected.
      if (asking.peek()?.from === "selection") asking.value = null;
      selection.value = toRanges(positions);
    },
    noteOf(position) {
      const note = notes.get(position) ?? signal<Draft>(null);
      notes.set(position, note);
      return note;
    },
    show(wanted) {
      filter.value = wanted;
      if (search.peek()) search.value = "";
    },
  };
}

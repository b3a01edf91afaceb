/**
 * Values that are watched: what reads one is run again, or found stale, when it changes. Effects run
 * at once, each once however many of its values changed, and never see a value that is out of date.
 */

export interface ReadonlySignal<T> {
  /** The value; who reads it watches it. */
  readonly current: T;
  /** The value, unwatched. */
  peek(): T;
}

export interface Signal<T> extends ReadonlySignal<T> {
  current: T;
}

/** What reads signals, and the places where it is noted as a watcher. */
interface Reader {
  readonly noted: Set<Set<Reader>>;
  changed(): void;
}

const MOST_RUNS = 1000;

let reader: Reader | null = null;
let depth = 0;
const due = new Set<() => void>();

export function signal<T>(value: T): Signal<T> {
  const watchers = new Set<Reader>();
  return {
    get current() {
      watch(watchers);
      return value;
    },
    set current(next) {
      if (Object.is(next, value)) return;
      value = next;
      batch(() => tell(watchers));
    },
    peek: () => value,
  };
}

export function computed<T>(compute: () => T): ReadonlySignal<T> {
  const watchers = new Set<Reader>();
  let isFresh = false;
  let value: T;
  const changed = () => {
    isFresh = false;
    tell(watchers);
  };
  const it = { noted: new Set<Set<Reader>>(), changed };
  const peek = () => {
    if (!isFresh) value = readBy(it, compute);
    isFresh = true;
    return value;
  };
  return {
    get current() {
      watch(watchers);
      return peek();
    },
    peek,
  };
}

/** Run something now and whenever what it read has changed; returns what ends that. */
export function effect(run: () => void): () => void {
  let isOver = false;
  const again = () => {
    if (!isOver) readBy(it, run);
  };
  const it = { noted: new Set<Set<Reader>>(), changed: () => due.add(again) };
  batch(again);
  return () => {
    isOver = true;
    forget(it);
  };
}

/** Change several values before any effect runs. */
export function batch(change: () => void): void {
  depth += 1;
  try {
    change();
    if (depth === 1) flush();
  } finally {
    depth -= 1;
  }
}

function flush(): void {
  let runs = 0;
  for (const run of due) {
    due.delete(run);
    runs += 1;
    if (runs > MOST_RUNS) {
      due.clear();
      throw new Error("effects change what they read, without end");
    }
    run();
  }
}

function readBy<T>(who: Reader, read: () => T): T {
  forget(who);
  const outer = reader;
  reader = who;
  try {
    return read();
  } finally {
    reader = outer;
  }
}

function watch(watchers: Set<Reader>): void {
  if (!reader) return;
  watchers.add(reader);
  reader.noted.add(watchers);
}

function tell(watchers: Set<Reader>): void {
  for (const each of [...watchers]) each.changed();
}

function forget(who: Reader): void {
  for (const watchers of who.noted) watchers.delete(who);
  who.noted.clear();
}

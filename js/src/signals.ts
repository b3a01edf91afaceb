/**
 * Values that are watched: what reads one is run again, or found stale, when it changes. Effects run
 * at once, each once however many of its values changed, and never see a value that is out of date.
 */

export interface ReadonlySignal<T> {
  /** The value; who reads it watches it. */
  readonly value: T;
  /** The value, unwatched. */
  peek(): T;
}

export interface Signal<T> extends ReadonlySignal<T> {
  value: T;
}

/** What reads signals, and the places where it is noted as a watcher. */
interface Reader {
  readonly noted: Set<Set<Reader>>;
  changed(): void;
}

const MOST_RUNS = 1000;

let reader: Reader | null = null;
let depth = 0;
const due = new Set<Effect>();

export const signal = <T>(value: T): Signal<T> => new Source(value);
export const computed = <T>(compute: () => T): ReadonlySignal<T> => new Computed(compute);

/** Run something now and whenever what it read has changed; returns what ends that. */
export function effect(run: () => void): () => void {
  const it = new Effect(run);
  batch(() => it.run());
  return () => it.stop();
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
  for (const next of due) {
    due.delete(next);
    runs += 1;
    if (runs > MOST_RUNS) {
      due.clear();
      throw new Error("effects change what they read, without end");
    }
    next.run();
  }
}

class Source<T> implements Signal<T> {
  readonly #watchers = new Set<Reader>();
  #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    watch(this.#watchers);
    return this.#value;
  }

  set value(value: T) {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    batch(() => tell(this.#watchers));
  }

  peek(): T {
    return this.#value;
  }
}

class Computed<T> implements ReadonlySignal<T>, Reader {
  readonly noted = new Set<Set<Reader>>();
  readonly #watchers = new Set<Reader>();
  readonly #compute: () => T;
  #isFresh = false;
  #value: T | undefined;

  constructor(compute: () => T) {
    this.#compute = compute;
  }

  get value(): T {
    watch(this.#watchers);
    return this.peek();
  }

  peek(): T {
    if (!this.#isFresh) {
      this.#value = readBy(this, this.#compute);
      this.#isFresh = true;
    }
    return this.#value as T;
  }

  changed(): void {
    this.#isFresh = false;
    tell(this.#watchers);
  }
}

class Effect implements Reader {
  readonly noted = new Set<Set<Reader>>();
  readonly #run: () => void;
  #isOver = false;

  constructor(run: () => void) {
    this.#run = run;
  }

  run(): void {
    if (!this.#isOver) readBy(this, this.#run);
  }

  stop(): void {
    this.#isOver = true;
    forget(this);
  }

  changed(): void {
    due.add(this);
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

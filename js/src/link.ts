/**
 * The line to the kernel. It heals itself by one rule: a push that does not fit what is here makes it
 * say hello again. Every request gets one answer, found again by `pull` where a push was lost.
 */

import { atEnd } from "./lifetime";
import { listen, type Model } from "./model";
import { type Signal, signal } from "./signals";
import {
  type Args,
  type Command,
  type FromPython,
  type Have,
  isFromPython,
  type Question,
  type Setting,
  type ToPython,
} from "./wire";

type Pushed = Extract<FromPython, { t: "snap" | "patch" }>;
type Note = Extract<FromPython, { t: "note" }>;

type Timer = ReturnType<typeof setTimeout>;

export interface Receiver {
  have(): Have | null;
  /** Take a push in; false where it does not fit. */
  receive(push: Pushed, buffers: DataView[]): boolean;
  note(note: Note): void;
}

export class RequestError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

interface Request {
  heard: boolean;
  resolve: (value: unknown) => void;
  reject: (error: RequestError) => void;
}

/** Silence after which the kernel counts as busy, and the pauses between pulls. */
const BUSY_AFTER_MS = 1000;
const PULL_PAUSES_MS = [1000, 2000, 3000, 5000];
/** A pull without an answer is not repeated before this: a busy kernel would answer each of them. */
const PULL_AGAIN_MS = 30_000;

export class Link {
  /** Requests that the kernel has not taken up for a second. */
  readonly unheard: Signal<ReadonlySet<string>> = signal(new Set());
  readonly #model: Model;
  readonly #receiver: Receiver;
  readonly #timers = new Set<Timer>();
  readonly #prefix = Math.random().toString(36).slice(2, 8);
  readonly #requests = new Map<string, Request>();
  #count = 0;
  #acknowledged = 0;
  #watched = false;
  #greeting = false;
  #pauses = 0;
  #pullTimer: Timer | undefined;

  constructor(model: Model, receiver: Receiver, lifetime: AbortSignal) {
    this.#model = model;
    this.#receiver = receiver;
    listen(model, { "msg:custom": this.#onMessage as (...args: never[]) => void }, lifetime);
    const stop = () => [this.#pullTimer, ...this.#timers].forEach(clearTimeout);
    atEnd(lifetime, stop);
  }

  /** Somebody looks: ask for what is missing, and keep asking. */
  open(): void {
    this.#watched = true;
    this.#hello();
  }

  /** Nobody looks any more. */
  close(): void {
    if (!this.#watched) return;
    this.#watched = false;
    clearTimeout(this.#pullTimer);
    this.#send({ t: "bye" });
  }

  do(name: Command, args: Args = {}): Promise<unknown> {
    return this.#request((id) => ({ t: "do", id, name, args }));
  }

  ask(name: Question, args: Args = {}): Promise<unknown> {
    return this.#request((id) => ({ t: "ask", id, name, args }));
  }

  set(name: Setting, value: unknown): Promise<unknown> {
    return this.#request((id) => ({ t: "set", id, name, value }));
  }

  #request(make: (id: string) => ToPython): Promise<unknown> {
    this.#count += 1;
    const id = `${this.#prefix}-${this.#count}`;
    this.#inASecond(() => this.#requests.get(id)?.heard === false && this.#mark(id, true));
    return new Promise((resolve, reject) => {
      this.#requests.set(id, { heard: false, resolve, reject });
      this.#send(make(id));
      this.#schedulePull();
    });
  }

  #hello(): void {
    if (this.#greeting) return;
    this.#greeting = true;
    this.#inASecond(() => this.#greeting && this.#mark("hello", true));
    this.#send({ t: "hello", have: this.#receiver.have() });
    this.#schedulePull();
  }

  #inASecond(look: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      look();
    }, BUSY_AFTER_MS);
    this.#timers.add(timer);
  }

  #pull(reply: boolean): void {
    this.#send({
      t: "pull",
      have: this.#receiver.have(),
      ack: this.#acknowledged,
      waiting: [...this.#requests.keys()],
      reply,
    });
  }

  /** Pull when pushes stay out, each time a little later; after a pull wait long for its answer. */
  #schedulePull(pulled = false): void {
    clearTimeout(this.#pullTimer);
    if (!this.#watched) return;
    const pause = PULL_PAUSES_MS[Math.min(this.#pauses, PULL_PAUSES_MS.length - 1)] as number;
    this.#pullTimer = setTimeout(
      () => {
        this.#pauses += 1;
        this.#pull(true);
        this.#schedulePull(true);
      },
      pulled ? PULL_AGAIN_MS : pause,
    );
  }

  readonly #onMessage = (message: unknown, buffers: DataView[] = []): void => {
    if (!isFromPython(message)) return;
    switch (message.t) {
      case "snap":
      case "patch":
        this.#onPush(message, buffers);
        break;
      case "done":
        this.#answered(message.id)?.resolve(message.value);
        break;
      case "fail":
        this.#answered(message.id)?.reject(new RequestError(message.code, message.message));
        break;
      case "note":
        if (message.id) this.#heard(message.id);
        if (message.level !== "heard") this.#receiver.note(message);
    }
  };

  #onPush(push: Pushed, buffers: DataView[]): void {
    this.#mark("hello", false);
    this.#acknowledged = push.n;
    const fits = this.#receiver.receive(push, buffers);
    const brought = push.rows.n > 0;
    if (brought) this.#pauses = 0;
    if (!fits) this.#hello();
    else {
      this.#greeting = false;
      if (brought) this.#pull(false);
    }
    this.#schedulePull();
  }

  #answered(id: string): Request | undefined {
    const request = this.#requests.get(id);
    this.#requests.delete(id);
    this.#mark(id, false);
    return request;
  }

  #heard(id: string): void {
    const request = this.#requests.get(id);
    if (request) request.heard = true;
    this.#mark(id, false);
  }

  #mark(id: string, unheard: boolean): void {
    if (this.unheard.value.has(id) === unheard) return;
    const marked = new Set(this.unheard.value);
    if (unheard) marked.add(id);
    else marked.delete(id);
    this.unheard.value = marked;
  }

  #send(message: ToPython): void {
    this.#model.send(message);
  }
}

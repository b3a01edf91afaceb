/**
 * The connection to the kernel. It recovers by one rule: if a push does not fit the rows, the
 * connection is opened again. Each request gets one answer; if a push was lost, `sync` requests the
 * answer again.
 */

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { having } from "../data/immutableSet";
import { atEnd } from "./abort";
import { type Account, listen, type Model } from "./model";
import type {
  Args,
  ClientState,
  Command,
  FromPython,
  Question,
  Setting,
  ToPython,
} from "./protocol";

type Pushed = Extract<FromPython, { t: "snapshot" | "patch" }>;

type Timer = ReturnType<typeof setTimeout>;

export interface Receiver {
  clientState(): ClientState | null;
  /** Apply a push; false if it does not fit. */
  receive(push: Pushed, buffers: DataView[]): boolean;
}

export class RequestError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export interface Link {
  /** Requests that the kernel has not acknowledged for a second. */
  readonly unacknowledged: ReadonlySignal<ReadonlySet<string>>;
  /** Whether the kernel that created this model has ended. */
  readonly isOver: ReadonlySignal<boolean>;
  /** A view is visible. Request the missing rows, and continue to request updates. */
  open(): void;
  /** No view is visible. `hasViews` says whether hidden views exist. */
  close(hasViews: boolean): void;
  /** `onAck` gets the equivalent line of Python. */
  do(name: Command, args: Args, onAck?: (line: string) => void): Promise<unknown>;
  ask(name: Question, args: Args): Promise<unknown>;
  /**
   * Send a request without waiting for it. If it is not received, the kernel does not count as
   * busy.
   */
  askQuietly(name: Question, args: Args): Promise<unknown>;
  set(name: Setting, value: unknown): Promise<unknown>;
  giveToken(account: Account, token: string, onAck: (line: string) => void): Promise<unknown>;
}

interface Request {
  isAcknowledged: boolean;
  onAck: ((line: string) => void) | undefined;
  resolve: (value: unknown) => void;
  reject: (error: RequestError) => void;
}

/**
 * The event of Jupyter's models when their kernel is restarted. From then on, no message arrives.
 */
const CUT = "comm_live_update";

/** Milliseconds of silence after which the kernel counts as busy, and pauses between syncs. */
const BUSY_AFTER_MS = 1000;
/** Delay of a timer above which the page itself was busy. */
const PAGE_BUSY_MS = 100;
const SYNC_PAUSES_MS = [1000, 2000, 3000, 5000];
/**
 * Minimum time before an unanswered sync is repeated. A busy kernel would later answer each sync.
 */
const SYNC_AGAIN_MS = 30_000;

export function linkTo(model: Model, receiver: Receiver, lifetime: AbortSignal): Link {
  const unacknowledged: Signal<ReadonlySet<string>> = signal(new Set());
  const isOver = signal(false);
  const timers = new Set<Timer>();
  const prefix = Math.random().toString(36).slice(2, 8);
  const requests = new Map<string, Request>();
  let count = 0;
  let acknowledged = 0;
  let isWatched = false;
  let isOpening = false;
  let pauses = 0;
  let syncTimer: Timer | undefined;

  const end = () => {
    isOver.value = true;
  };
  const take = onMessage as (...args: never[]) => void;
  listen(model, { "msg:custom": take, [CUT]: end }, lifetime);
  atEnd(lifetime, () => [syncTimer, ...timers].forEach(clearTimeout));

  function send(message: ToPython): void {
    if (!isOver.peek()) model.send(message);
  }

  function sendOpen(): void {
    if (isOpening) return;
    isOpening = true;
    afterASecond(
      () => isOpening,
      () => mark("open", true),
    );
    send({ t: "open", client: receiver.clientState() });
    scheduleSync();
  }

  function request(
    message: object,
    onAck?: Request["onAck"],
    isAcknowledged = false,
  ): Promise<unknown> {
    count += 1;
    const id = `${prefix}-${count}`;
    afterASecond(
      () => requests.get(id)?.isAcknowledged === false,
      () => mark(id, true),
    );
    return new Promise((resolve, reject) => {
      requests.set(id, { isAcknowledged, onAck, resolve, reject });
      send({ ...message, id } as ToPython);
      scheduleSync();
    });
  }

  /**
   * Act a second later if the condition still holds; another second later if the page was busy,
   * because the answer may be waiting too.
   */
  function afterASecond(isPending: () => boolean, act: () => void): void {
    const due = performance.now() + BUSY_AFTER_MS;
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (!isPending()) return;
      if (performance.now() > due + PAGE_BUSY_MS) afterASecond(isPending, act);
      else act();
    }, BUSY_AFTER_MS);
    timers.add(timer);
  }

  function sync(reply: boolean): void {
    const pending = [...requests.keys()];
    send({ t: "sync", client: receiver.clientState(), ack: acknowledged, pending, reply });
  }

  /**
   * Sync if no pushes arrive, with growing pauses. After a sync, wait a long time for its answer.
   */
  function scheduleSync(isSent = false): void {
    clearTimeout(syncTimer);
    if (!isWatched) return;
    const pause = SYNC_PAUSES_MS[Math.min(pauses, SYNC_PAUSES_MS.length - 1)];
    syncTimer = setTimeout(
      () => {
        pauses += 1;
        sync(true);
        scheduleSync(true);
      },
      isSent ? SYNC_AGAIN_MS : pause,
    );
  }

  function onMessage(message: FromPython | null, buffers: DataView[] = []): void {
    switch (message?.t) {
      case "snapshot":
      case "patch":
        onPush(message, buffers);
        break;
      case "result":
        answered(message.id)?.resolve(message.value);
        break;
      case "error":
        answered(message.id)?.reject(new RequestError(message.code, message.message));
        break;
      case "ack":
        acknowledge(message.id)?.onAck?.(message.python);
    }
  }

  function onPush(push: Pushed, buffers: DataView[]): void {
    mark("open", false);
    acknowledged = push.n;
    const fits = receiver.receive(push, buffers);
    const isNew = push.t === "snapshot" || push.to > push.from;
    if (isNew) pauses = 0;
    if (!fits) sendOpen();
    else {
      isOpening = false;
      if (isNew) sync(false);
    }
    scheduleSync();
  }

  function acknowledge(id: string): Request | undefined {
    const found = requests.get(id);
    if (found) found.isAcknowledged = true;
    mark(id, false);
    return found;
  }

  function answered(id: string): Request | undefined {
    const found = acknowledge(id);
    requests.delete(id);
    return found;
  }

  function mark(id: string, isLate: boolean): void {
    unacknowledged.value = having(unacknowledged.value, id, isLate);
  }

  return {
    unacknowledged,
    isOver,
    open() {
      isWatched = true;
      sendOpen();
    },
    close(hasViews) {
      if (!isWatched && hasViews) return;
      isWatched = false;
      clearTimeout(syncTimer);
      send({ t: "close", has_views: hasViews });
    },
    do: (name, args, onAck) => request({ t: "command", name, args }, onAck),
    ask: (name, args) => request({ t: "query", name, args }),
    askQuietly: (name, args) => request({ t: "query", name, args }, undefined, true),
    set: (name, value) => request({ t: "set_trait", name, value }),
    giveToken: (account, token, onAck) => request({ t: "token", ...account, token }, onAck),
  };
}

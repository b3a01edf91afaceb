/**
 * A dashboard's model on a web socket, for pages without a kernel. It reconnects automatically
 * until its lifetime ends. The server's side is `src/jobgroup_server/socket.py`.
 */

import { atEnd } from "./abort";
import { Emitter } from "./emitter";
import type { Model, Traits } from "./model";
import type { FromPython, ToPython } from "./protocol";

/** Messages that only a web socket carries. */
type FromServer =
  | FromPython
  | { t: "version"; version: string }
  | { t: "traits"; values: Partial<Traits> }
  | { t: "refused"; message: string };

export interface SocketEvents {
  /**
   * The traits arrived, for the first time or after a reconnection. `notice` says that the server
   * has another version now; "" if it does not.
   */
  ready(notice: string): void;
  /** The connection was lost and is being restored. */
  lost(): void;
  /** The server does not show the group. */
  refused(message: string): void;
}

/** The server's version at the first connection, which is also the page's version. */
let pageVersion: string | undefined;

const MIN_RECONNECT_MS = 1000;
const MAX_RECONNECT_MS = 30_000;

export class SocketModel extends Emitter implements Model {
  readonly #url: () => string;
  readonly #events: SocketEvents;
  readonly #values: Partial<Traits> = {};
  /** Requests without an answer. */
  readonly #pending = new Set<string>();
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pause = MIN_RECONNECT_MS;
  #isWatched = false;
  #notice = "";

  /** `url` is called for each connection. */
  constructor(url: () => string, events: SocketEvents, lifetime: AbortSignal) {
    super();
    this.#url = url;
    this.#events = events;
    this.#connect(lifetime);
    atEnd(lifetime, () => {
      clearTimeout(this.#timer);
      this.#socket?.close();
    });
  }

  get(name: string): unknown {
    return this.#values[name as keyof Traits];
  }

  send(content: unknown): void {
    const message = content as ToPython;
    if (message.t === "open" || message.t === "close") this.#isWatched = message.t === "open";
    if (this.#socket?.readyState === WebSocket.OPEN) {
      if ("id" in message) this.#pending.add(message.id);
      this.#socket.send(JSON.stringify(message));
    } else if ("id" in message) {
      queueMicrotask(() =>
        this.#fail(message.id, "No connection to the server. Nothing was done."),
      );
    }
  }

  #connect(lifetime: AbortSignal): void {
    const socket = new WebSocket(this.#url());
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      // the server has a new session, which has sent no rows
      if (this.#isWatched) this.send({ t: "open", client: null });
    };
    socket.onmessage = ({ data }) => this.#receive(...decoded(data));
    socket.onclose = () => {
      if (lifetime.aborted || socket !== this.#socket) return;
      for (const id of this.#pending) {
        this.#fail(
          id,
          "The connection was lost before the answer arrived. The list shows the result.",
        );
      }
      this.#events.lost();
      const jitter = 0.5 + Math.random();
      this.#timer = setTimeout(() => this.#connect(lifetime), this.#pause * jitter);
      this.#pause = Math.min(this.#pause * 2, MAX_RECONNECT_MS);
    };
    this.#socket = socket;
  }

  #receive(message: FromServer, buffers: DataView[]): void {
    switch (message.t) {
      case "version":
        this.#compare(message.version);
        break;
      case "refused":
        this.#events.refused(message.message);
        break;
      case "traits":
        this.#pause = MIN_RECONNECT_MS;
        Object.assign(this.#values, message.values);
        for (const name of Object.keys(message.values)) this.emit(`change:${name}`);
        if ("group" in message.values) this.#events.ready(this.#notice);
        break;
      default:
        if (message.t === "result" || message.t === "error") this.#pending.delete(message.id);
        this.emit("msg:custom", message, buffers);
    }
  }

  #compare(version: string): void {
    pageVersion ??= version;
    const isSame = version === pageVersion;
    this.#notice = isSame ? "" : `jobgroup ${version} runs on the server now. Reload this page.`;
  }

  #fail(id: string, message: string): void {
    this.#pending.delete(id);
    this.emit("msg:custom", { t: "error", id, code: "Disconnected", message }, []);
  }
}

/** A frame as a message and its buffers; `src/jobgroup_server/frames.py` describes the form. */
function decoded(frame: string | ArrayBuffer): [FromServer, DataView[]] {
  if (typeof frame === "string") return [JSON.parse(frame), []];
  const head = new DataView(frame);
  const count = head.getUint32(0);
  const parts: DataView[] = [];
  let at = 4 * (count + 1);
  for (let i = 1; i <= count; i++) {
    const length = head.getUint32(4 * i);
    parts.push(new DataView(frame, at, length));
    at += length;
  }
  const [json, ...buffers] = parts as [DataView, ...DataView[]];
  return [JSON.parse(new TextDecoder().decode(json)), buffers];
}

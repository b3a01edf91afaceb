/** A model that a test plays the kernel of. */

import { type Model, TRAITS, type Traits } from "../src/kernel/model";
import type { FromPython, ToPython } from "../src/kernel/protocol";

type Listener = (...args: never[]) => void;

export class FakeModel implements Model {
  readonly sent: ToPython[] = [];
  readonly #traits: Traits;
  readonly #listeners = new Map<string, Set<Listener>>();

  constructor(traits: Partial<Traits> = {}) {
    this.#traits = { ...TRAITS, group: "group", ...traits };
  }

  get(name: string): unknown {
    return this.#traits[name as keyof Traits];
  }

  on(event: string, callback: Listener): void {
    this.#listeners.set(event, (this.#listeners.get(event) ?? new Set()).add(callback));
  }

  off(event: string, callback: Listener): void {
    this.#listeners.get(event)?.delete(callback);
  }

  send(content: unknown): void {
    this.sent.push(content as ToPython);
  }

  /** How many listeners are left. */
  get listeners(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** The messages of one kind, so far. */
  sentOf<Tag extends ToPython["t"]>(tag: Tag): Extract<ToPython, { t: Tag }>[] {
    return this.sent.filter(({ t }) => t === tag) as Extract<ToPython, { t: Tag }>[];
  }

  /** The id of the last request. */
  get lastId(): string {
    const last = this.sent.findLast((message) => "id" in message);
    return last && "id" in last ? last.id : "";
  }

  setTraits(traits: Partial<Traits>): void {
    Object.assign(this.#traits, traits);
    for (const name of Object.keys(traits)) this.#emit(`change:${name}`);
  }

  push(message: FromPython, buffers: DataView[] = []): void {
    this.#emit("msg:custom", message, buffers);
  }

  #emit(event: string, ...args: unknown[]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) listener(...(args as never[]));
  }
}

/** A model whose kernel is the test. */

import { Emitter } from "../src/kernel/emitter";
import { type Model, TRAITS, type Traits } from "../src/kernel/model";
import type { FromPython, ToPython } from "../src/kernel/protocol";

export class FakeModel extends Emitter implements Model {
  readonly sent: ToPython[] = [];
  readonly #traits: Traits;

  constructor(traits: Partial<Traits> = {}) {
    super();
    this.#traits = { ...TRAITS, group: "group", ...traits };
  }

  get(name: string): unknown {
    return this.#traits[name as keyof Traits];
  }

  send(content: unknown): void {
    this.sent.push(content as ToPython);
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
    for (const name of Object.keys(traits)) this.emit(`change:${name}`);
  }

  push(message: FromPython, buffers: DataView[] = []): void {
    this.emit("msg:custom", message, buffers);
  }
}

/**
 * A dashboard in a notebook's output: the kernel's while it responds, otherwise the server's,
 * otherwise the table that was saved with the notebook.
 */

import type { IRenderMimeRegistry, MimeModel } from "@jupyterlab/rendermime";
import { Widget } from "@lumino/widgets";
import { CHANGED, type LiveSession } from "../../src/host/sessions";
import { whenSeen } from "../../src/host/visibility";
import type { Model } from "../../src/kernel/model";
import type { Kernels } from "./kernels";
import { type Reference, referenceIn } from "./reference";
import { Saver } from "./saving";
import { openOnServer } from "./server";

/** Milliseconds for which a page that is being opened waits for the kernel's widgets. */
const GRACE_MS = 1500;

type Shown = "saved" | "live" | "server";

export class GroupOutput extends Widget {
  readonly #rendermime: IRenderMimeRegistry;
  readonly #kernels: Kernels;
  readonly #note = document.createElement("p");
  readonly #lifetime = new AbortController();
  readonly #saver = new Saver(this.#lifetime.signal);
  #model: MimeModel | undefined;
  #output: Reference | undefined;
  #live: LiveSession | undefined;
  #kind: Shown = "saved";
  /** The lifetimes of the shown content and of the content that will replace it. */
  #shown = new AbortController();
  #next = new AbortController();
  #isSeen = false;
  #isPatient = true;

  constructor(rendermime: IRenderMimeRegistry, kernels: Kernels) {
    super();
    this.addClass("jobgroup-output");
    this.#rendermime = rendermime;
    this.#kernels = kernels;
    this.#note.setAttribute("role", "status");
    this.#note.dataset["testid"] = "output-note";
    Object.assign(this.#note.style, {
      margin: "0 0 8px",
      padding: "4px 10px",
      borderInlineStart: "4px solid var(--jp-warn-color1)",
      background: "var(--jp-layout-color2)",
    });
    this.#say("");
    const { signal } = this.#lifetime;
    window.addEventListener(CHANGED, () => this.#look(), { signal });
    // a notebook with many outputs opens web sockets only for visible ones
    const see = (isSeen: boolean) => {
      if (this.#isSeen || !isSeen) return;
      this.#isSeen = true;
      setTimeout(() => {
        this.#isPatient = false;
        this.#look();
      }, GRACE_MS);
    };
    whenSeen(this.node, see, () => false, signal);
  }

  /** Called for each change of the output's data, also by other parts of the page. */
  async renderModel(model: MimeModel): Promise<void> {
    const output = referenceIn(model);
    const isSame = output.session === this.#output?.session && output.uuid === this.#output.uuid;
    this.#model = model;
    this.#saver.output = model;
    if (isSame) return;
    this.#output = output;
    this.#live = undefined;
    await this.#showSaved();
    await this.#look();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    for (const each of [this.#lifetime, this.#shown, this.#next]) each.abort();
    super.dispose();
  }

  /** Switch to the best content that can be shown now. */
  async #look(): Promise<void> {
    const output = this.#output;
    if (!output) return;
    const live = await this.#kernels.live(output.session, output.model_id);
    if (this.isDisposed || output !== this.#output) return;
    if (live && live !== this.#live) {
      this.#live = live;
      const end = this.#begin("live");
      this.#show((el) => live.render(el, end.signal), end, live.model);
    } else if (!live && this.#kind !== "server" && this.#isSeen) {
      if (this.#kind === "saved" && this.#isPatient) return;
      this.#live = undefined;
      this.#showOnServer(output);
    }
  }

  #showOnServer(output: Reference): void {
    const end = this.#begin("server");
    const model = openOnServer(
      output,
      {
        ready: (render) => this.#show(render, end, model),
        say: (text) => (end === this.#shown || end === this.#next ? this.#say(text) : undefined),
        refused: async (text) => {
          if (end !== this.#next) return;
          await this.#showSaved();
          this.#say(`${text} Below is the state saved with the notebook.`);
        },
      },
      end.signal,
    );
  }

  #begin(kind: Shown): AbortController {
    this.#kind = kind;
    this.#next.abort();
    this.#next = new AbortController();
    return this.#next;
  }

  /** Replace the shown content, unless newer content is already due. */
  #show(render: (el: HTMLElement) => void, end: AbortController, model?: Model): void {
    if (end !== this.#next || this.isDisposed) return;
    this.#shown.abort();
    this.#shown = end;
    this.#next = new AbortController();
    this.node.dataset["shown"] = this.#kind;
    this.#say("");
    const el = document.createElement("div");
    this.node.replaceChildren(this.#note, el);
    render(el);
    this.#saver.follow(model, end.signal);
  }

  async #showSaved(): Promise<void> {
    const data = this.#model?.data ?? {};
    const mimeType = ["text/html", "text/plain"].find((type) => type in data);
    if (!mimeType || !this.#model) return;
    const saved = this.#rendermime.createRenderer(mimeType);
    await saved.renderModel(this.#model);
    this.#shown.abort();
    this.node.dataset["shown"] = "saved";
    this.node.replaceChildren(this.#note, saved.node);
  }

  #say(text: string): void {
    this.#note.textContent = text;
    this.#note.hidden = text === "";
  }
}

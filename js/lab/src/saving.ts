/**
 * The state of a group that a notebook stores with its output, for readers without a kernel or a
 * server. The process that shows the group writes the state. This module requests it, and puts it
 * into the notebook when the notebook is saved.
 */

import type { NotebookPanel } from "@jupyterlab/notebook";
import type { MimeModel } from "@jupyterlab/rendermime";
import { atEnd } from "../../src/kernel/abort";
import { listen, type Model } from "../../src/kernel/model";
import type { FromPython } from "../../src/kernel/protocol";
import { MIME_TYPE, referenceIn } from "./reference";

/** The document that `saved_state` in `src/jobgroup/dashboard/static_html.py` returns. */
interface State {
  uuid: string;
  version: number;
  /** By MIME type. */
  data: Record<string, string>;
}

/** Milliseconds without a change after which the state of an inactive group is requested. */
const STILL_MS = 500;

/** The savers of the outputs that are shown. */
const savers = new Set<Saver>();

/** Puts the newest state of one output's group into the notebook. */
export class Saver {
  #output: MimeModel | undefined;
  #shown: Model | undefined;
  #lifetime = new AbortController().signal;
  #newest: State | undefined;

  constructor(lifetime: AbortSignal) {
    savers.add(this);
    atEnd(lifetime, () => savers.delete(this));
  }

  /** The notebook's output. A view of the same output in another tab has the same object. */
  set output(output: MimeModel) {
    this.#output = output;
  }

  isOf(outputs: ReadonlySet<MimeModel>): boolean {
    return this.#output !== undefined && outputs.has(this.#output);
  }

  /** Keep the newest state of the shown group ready while the group is inactive. */
  follow(shown: Model | undefined, lifetime: AbortSignal): void {
    this.#shown = shown;
    this.#lifetime = lifetime;
    if (!shown) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      clearTimeout(timer);
      if (this.#isNews(Number(shown.get("version"))) && !shown.get("active")) {
        timer = setTimeout(() => this.ask(), STILL_MS);
      }
    };
    listen(shown, { "change:version": look, "change:active": look }, lifetime);
    atEnd(lifetime, () => clearTimeout(timer));
    look();
  }

  /** Get the newest state. A kernel that runs a cell answers only after the cell. */
  async ask(): Promise<void> {
    const [shown, lifetime] = [this.#shown, this.#lifetime];
    const state = shown && (await newestOf(shown, lifetime));
    if (state && !lifetime.aborted) this.#newest = state;
  }

  /** Put the newest known state into the notebook, if the notebook has an older one. */
  save(): void {
    const [output, newest] = [this.#output, this.#newest];
    if (!output?.trusted || !newest || !this.#isNews(newest.version)) return;
    const reference = referenceIn(output);
    if (newest.uuid !== reference.uuid) return; // the dashboard shows another group now
    const updated = { [MIME_TYPE]: { ...reference, saved: newest.version } };
    output.setData({ data: { ...output.data, ...newest.data, ...updated } });
  }

  #isNews(version: number): boolean {
    return this.#output !== undefined && version > (referenceIn(this.#output).saved ?? 0);
  }
}

/** The savers of the outputs of a notebook. */
export function saversOf(notebook: NotebookPanel): Saver[] {
  const outputs = new Set<MimeModel>();
  for (const { outputs: models } of notebook.content.model?.cells ?? []) {
    for (let i = 0; models && i < models.length; i++) outputs.add(models.get(i));
  }
  return [...savers].filter((saver) => saver.isOf(outputs));
}

/** Request the newest state; null without an answer. */
function newestOf(shown: Model, lifetime: AbortSignal): Promise<State | null> {
  const id = crypto.getRandomValues(new Uint32Array(2)).join("-");
  return new Promise((resolve) => {
    const end = new AbortController();
    const settle = (state: State | null) => {
      end.abort();
      resolve(state);
    };
    const hear = (message: FromPython | null) => {
      if (message?.t === "result" && message.id === id) settle(message.value as State);
      if (message?.t === "error" && message.id === id) settle(null);
    };
    atEnd(lifetime, () => settle(null));
    listen(shown, { "msg:custom": hear as (...args: never[]) => void }, end.signal);
    shown.send({ t: "query", id, name: "saved", args: {} });
  });
}

/**
 * Which kernels have ended. The manager of widgets marks those of a restart that was asked for; of a
 * kernel that died, was shut down or exchanged, its models look alive for ever.
 */

import type { ISessionContext } from "@jupyterlab/apputils";
import type { INotebookTracker } from "@jupyterlab/notebook";
import { CHANGED, type LiveSession, liveSessions } from "../../src/host/sessions";

const ENDED = ["autorestarting", "restarting", "dead", "terminating"];

export class Kernels {
  readonly #ended = new WeakSet<LiveSession>();

  constructor(tracker: INotebookTracker) {
    tracker.forEach((panel) => void this.#follow(panel.sessionContext));
    tracker.widgetAdded.connect((_, panel) => this.#follow(panel.sessionContext));
  }

  /** The session of that name, if its kernel answers. */
  async live(name: string, modelId: string): Promise<LiveSession | undefined> {
    const session = liveSessions().get(name);
    if (!session || this.#ended.has(session)) return undefined;
    return (await session.isConnected(modelId)) ? session : undefined;
  }

  #follow(context: ISessionContext): void {
    context.statusChanged.connect((_, status) => {
      if (ENDED.includes(status)) this.#end(context.session?.kernel?.id);
      else changed();
    });
    context.kernelChanged.connect((_, { oldValue }) => this.#end(oldValue?.id));
    context.connectionStatusChanged.connect(changed);
  }

  #end(kernelId: string | undefined): void {
    for (const session of liveSessions().values()) {
      if (kernelId !== undefined && session.kernelId === kernelId) this.#ended.add(session);
    }
    changed();
  }
}

function changed(): void {
  window.dispatchEvent(new Event(CHANGED));
}

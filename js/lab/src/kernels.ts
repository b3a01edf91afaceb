/**
 * The kernels that have ended. The widget manager marks only requested restarts. If a kernel died,
 * was shut down or was replaced, its models look alive forever.
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

  /** The session with a name, if its kernel responds. */
  async live(name: string, modelId: string): Promise<LiveSession | undefined> {
    const session = liveSessions().get(name);
    if (!session || this.#ended.has(session)) return undefined;
    return (await session.isConnected(modelId)) ? session : undefined;
  }

  #follow(context: ISessionContext): void {
    let last: string | undefined;
    const look = () => {
      const now = context.session?.kernel?.id;
      if (now !== last) this.#end(last);
      last = now;
      changed();
    };
    context.statusChanged.connect((_, status) => {
      if (ENDED.includes(status)) this.#end(context.session?.kernel?.id);
      look();
    });
    context.kernelChanged.connect(look);
    context.sessionChanged.connect(look); // a restarted server has none of its old kernels
    context.connectionStatusChanged.connect(changed);
    look();
  }

  #end(kernelId: string | undefined): void {
    for (const session of liveSessions().values()) {
      if (kernelId !== undefined && session.kernelId === kernelId) this.#ended.add(session);
    }
  }
}

function changed(): void {
  window.dispatchEvent(new Event(CHANGED));
}

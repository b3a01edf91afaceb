/**
 * The dashboards of a page whose kernel responds. JupyterLab's extension (lab/src) finds them here
 * by the name in a notebook's output, and shows what the output's widget would show.
 */

import { atEnd } from "../kernel/abort";
import type { Model } from "../kernel/model";

/** Several versions of this module may be on one page, so they share a global name. */
const PLACE = Symbol.for("jobgroup.sessions");
export const CHANGED = "jobgroup:sessions";

export interface LiveSession {
  /** The id of the model's kernel when the session began; none in hosts that do not report it. */
  readonly kernelId: string | undefined;
  /** Whether the widget is connected to a kernel. A widget from a notebook's saved state is not. */
  isConnected(modelId: string): Promise<boolean>;
  render(el: HTMLElement, signal: AbortSignal): void;
  /** The dashboard's model; missing with an older jobgroup in the kernel. */
  readonly model?: Model;
}

/** Members of JupyterLab's widget manager, which other hosts may lack. */
interface Managed extends Model {
  widget_manager?: {
    kernel?: { id: string } | null;
    get_model?(id: string): Promise<{ comm_live?: boolean }>;
  };
}

export function liveSessions(): Map<string, LiveSession> {
  const page = globalThis as { [PLACE]?: Map<string, LiveSession> };
  page[PLACE] ??= new Map();
  return page[PLACE];
}

/** Register a session until `lifetime` ends. */
export function enterSession(
  model: Managed,
  render: LiveSession["render"],
  lifetime: AbortSignal,
): void {
  const name = model.get("_session");
  if (typeof name !== "string" || !name) return; // a saved page, or a page on a web socket
  const manager = model.widget_manager;
  const session: LiveSession = {
    kernelId: manager?.kernel?.id,
    async isConnected(modelId) {
      const found = await manager?.get_model?.(modelId).catch(() => undefined);
      return found?.comm_live === true;
    },
    render,
    model,
  };
  liveSessions().set(name, session);
  window.dispatchEvent(new Event(CHANGED));
  atEnd(lifetime, () => {
    if (liveSessions().get(name) === session) liveSessions().delete(name);
    window.dispatchEvent(new Event(CHANGED));
  });
}

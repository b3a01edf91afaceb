/**
 * The entry: one session for each model, one shadow root for each view. No state of the module: in
 * marimo all widgets share it.
 */

import { atEnd } from "./lifetime";
import type { Given, View, Widget } from "./model";
import { type Session, startSession } from "./session";
import { whenSeen } from "./sight";
import { effect } from "./signals";
import { countOf, countWhere, isTerminal } from "./states";
import styles from "./styles";
import { followTheme } from "./theme";
import { markTitle } from "./title";
import { App } from "./ui/App";
import { drawInto } from "./ui/dom";

export default (): Widget => {
  let session: Session;
  const watching = new Set<HTMLElement>();

  /** Synchronous and small: a host that waits over 2 s for it drops every later message. */
  function initialize({ model, signal }: Given): () => void {
    const end = new AbortController();
    atEnd(signal, () => end.abort());
    session = startSession(model, end.signal);
    return () => end.abort();
  }

  function view({ el, signal }: View): () => void {
    const end = new AbortController();
    atEnd(signal, () => end.abort());
    const host = document.createElement("div");
    host.setAttribute("data-lm-suppress-shortcuts", "true");
    const root = host.attachShadow({ mode: "open" });
    const sheet = document.createElement("style");
    sheet.textContent = styles;
    const app = document.createElement("div");
    root.append(sheet, app);
    // A container for queries has no width of its own, in a flex box say; a host's own style wins.
    const width = document.createElement("style");
    width.textContent = ".jobgroup-view{width:100%}";
    el.classList.add("jobgroup-view");
    el.append(host, width);

    followTheme(host, session.traits.theme, end.signal);
    const draw = drawInto(app);
    const stop = effect(() => draw(<App session={session} />));
    let clock: ReturnType<typeof setInterval> | undefined;
    const see = (isSeen: boolean) => {
      if (isSeen) watching.add(host);
      else watching.delete(host);
      clearInterval(clock);
      if (isSeen) {
        clock = setInterval(() => session.tick(), 1000);
        session.link.open();
      } else if (watching.size === 0) session.link.close();
    };
    whenSeen(host, see, () => session.hasActive.peek(), end.signal);
    const titled = effect(() => {
      const counts = session.traits.counts.current;
      markTitle(countWhere(counts, isTerminal), countOf(counts), !session.hasActive.current);
    });
    atEnd(end.signal, () => {
      stop();
      titled();
      markTitle(0, 0, true);
      draw(null);
      host.remove();
      width.remove();
    });
    return () => end.abort();
  }

  return { initialize, render: view };
};

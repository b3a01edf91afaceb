/**
 * The entry: one session for each model, one shadow root for each view. No state of the module: in
 * marimo all widgets share it.
 */

import { effect } from "@preact/signals";
import { render } from "preact";
import { countOf, countWhere, isTerminal } from "./data/states";
import { keepFocus } from "./host/focus";
import { enterSession } from "./host/sessions";
import { adopt, adoptAround } from "./host/styles";
import { followTheme } from "./host/theme";
import { markTitle } from "./host/title";
import { whenSeen } from "./host/visibility";
import { atEnd } from "./kernel/abort";
import type { Given, View, Widget } from "./kernel/model";
import { type Session, startSession } from "./session";
import styles from "./styles";
import { App } from "./views/App";

export default (): Widget => {
  let session: Session;
  const views = new Set<HTMLElement>();
  const watching = new Set<HTMLElement>();

  /** Synchronous and small: a host that waits over 2 s for it drops every later message. */
  function initialize({ model, signal }: Given): () => void {
    const end = new AbortController();
    atEnd(signal, () => end.abort());
    session = startSession(model, end.signal);
    enterSession(model, (el, signal) => void view({ model, el, signal }), end.signal);
    return () => end.abort();
  }

  function view({ el, signal }: View): () => void {
    const end = new AbortController();
    atEnd(signal, () => end.abort());
    const host = document.createElement("div");
    host.setAttribute("data-lm-suppress-shortcuts", "true");
    const root = host.attachShadow({ mode: "open" });
    adopt(root, styles, end.signal);
    const app = document.createElement("div");
    root.append(app);
    // A container for queries has no width of its own, for example in a flex box; a host's own style wins.
    el.classList.add("jobgroup-view");
    el.append(host);
    adoptAround(el, ":where(.jobgroup-view){width:100%}", end.signal);

    views.add(host);
    atEnd(end.signal, () => views.delete(host));
    followTheme(host, session.traits.theme, end.signal);
    keepFocus(root, app, end.signal);
    render(<App session={session} />, app);
    let clock: ReturnType<typeof setInterval> | undefined;
    const see = (isSeen: boolean) => {
      if (isSeen) watching.add(host);
      else watching.delete(host);
      clearInterval(clock);
      session.isSeen.value = watching.size > 0;
      if (isSeen) {
        clock = setInterval(() => session.tick(), 1000);
        session.link.open();
      } else if (watching.size === 0 && views.size > 0) session.link.close(true);
    };
    whenSeen(host, see, () => session.hasActive.peek(), end.signal);
    const titled = effect(() => {
      const counts = session.traits.counts.value;
      markTitle(countWhere(counts, isTerminal), countOf(counts), !session.hasActive.value);
    });
    atEnd(end.signal, () => {
      titled();
      markTitle(0, 0, true);
      render(null, app);
      host.remove();
      if (views.size === 0) session.link.close(false);
    });
    return () => end.abort();
  }

  return { initialize, render: view };
};

/** The dashboard as a separate page, served by `jobgroup ui` or any Jupyter server. */

import * as format from "./format";
import { adopt } from "./host/styles";
import { nameTitle } from "./host/title";
import type { Widget } from "./kernel/model";
import type { FromPython } from "./kernel/protocol";
import { SocketModel } from "./kernel/socket";

const STYLES = `
  :root { color-scheme: light dark; background: light-dark(#fff, #111417); }
  body { max-width: 1400px; margin: 16px auto; padding: 0 16px; }
  .notice { font: 14px system-ui, sans-serif; padding: 8px 12px; border-radius: 6px;
    background: light-dark(#fdf1d6, #3a2f14); color: light-dark(#4a3600, #f5dfa8); }
  .notice:empty { display: none; }
  .notice a { color: inherit; margin-left: 8px; }`;

const lifetime = new AbortController().signal; // the lifetime of the page
adopt(document, STYLES, lifetime);

const el = document.querySelector<HTMLElement>("#dashboard") as HTMLElement;
const base = new URL(el.getAttribute("data-base-url") ?? "/", location.href);
const notice = document.createElement("p");
notice.className = "notice";
notice.setAttribute("role", "status");
el.before(notice);

let isShown = false;
/** The group to which Back or Forward has led, until the server responds; null otherwise. */
let awaited: string | null = null;
let isOpening = false;

const model = new SocketModel(
  socketUrl,
  {
    async ready(notice) {
      say(notice);
      if (isShown) {
        openAwaited();
        return;
      }
      isShown = true;
      // the widget is a separate module, because notebooks load only that
      const url = new URL("./widget.js", import.meta.url).href;
      const { default: widget }: { default: () => Widget } = await import(url);
      const { initialize, render } = widget();
      initialize({ model });
      render({ model, el });
    },
    async lost() {
      say(await reason());
    },
    refused(message) {
      say(message);
      const list = document.createElement("a");
      list.href = new URL("jobgroup/", base).href;
      list.textContent = "All groups";
      notice.append(list);
      // Neither the history nor a bookmark has the token.
      history.replaceState(null, "", addressOf(requestedGroup()));
    },
  },
  lifetime,
);
model.on("change:group", remember);
addEventListener("popstate", goBack, { signal: lifetime });

/** The socket of the shown group, or at first of the requested one. */
function socketUrl(): string {
  const group = requestedGroup();
  const url = new URL("jobgroup/socket", base);
  url.protocol = base.protocol === "https:" ? "wss:" : "ws:";
  if (group) url.searchParams.set("group", group);
  return url.href;
}

const shownGroup = (): string => String(model.get("group") ?? "");

/** The shown group, or at first the one that the page was opened with. */
function requestedGroup(): string {
  return isShown ? shownGroup() : (el.getAttribute("data-group") ?? "");
}

function addressOf(group: string): string {
  const url = new URL(location.href);
  if (group) url.searchParams.set("group", group);
  else url.searchParams.delete("group");
  url.searchParams.delete("token");
  return url.href;
}

/**
 * Put the shown group into the title and the address, so that a reload shows it again, and Back
 * leads to the group or the list before it.
 */
function remember(): void {
  const group = shownGroup();
  nameTitle(group);
  if (awaited !== null) return; // the address is ahead
  const address = addressOf(group);
  if (isShown && address !== location.href) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}

function goBack(): void {
  if (!isShown) return;
  awaited = new URL(location.href).searchParams.get("group") ?? "";
  openAwaited();
}

/**
 * Show the group to which Back or Forward has led, as soon as there is a connection. If that fails,
 * say why. Requests are sent one at a time, because the server may answer several ones in any order.
 */
function openAwaited(): void {
  const name = awaited;
  if (name === null || isOpening) return;
  if (name === shownGroup()) {
    awaited = null;
    return;
  }
  const id = `address-${Math.random()}`;
  const onAnswer = (answer: FromPython): void => {
    if (!("id" in answer) || answer.id !== id || answer.t === "ack") return;
    model.off("msg:custom", onAnswer);
    isOpening = false;
    if (answer.t === "error" && answer.code === "Disconnected") return; // `ready` calls this again
    if (awaited !== name) {
      openAwaited();
      return;
    }
    awaited = null;
    if (answer.t !== "error") return;
    say(answer.message);
    history.replaceState(null, "", addressOf(shownGroup()));
  };
  isOpening = true;
  model.on("msg:custom", onAnswer);
  model.send({ t: "command", id, name: "open", args: { name } });
}

/** The reason why there is no connection: an expired login, or a server that does not respond. */
async function reason(): Promise<string> {
  const since = format.clock(Date.now() / 1000, Date.now() / 1000);
  try {
    const answer = await fetch(new URL("jobgroup/version", base), { credentials: "same-origin" });
    if (answer.status === 403) return "Your login has expired. Reload this page to log in again.";
  } catch {
    // no answer at all
  }
  return `No connection to the server since ${since}. Runs continue; this page reconnects.`;
}

function say(text: string): void {
  notice.textContent = text;
}

/** The dashboard as a separate page, served by `jobgroup ui` or any Jupyter server. */

import { adopt } from "./host/styles";
import type { Widget } from "./kernel/model";
import { SocketModel } from "./kernel/socket";

const STYLES = `
  :root { color-scheme: light dark; background: light-dark(#fff, #111417); }
  body { max-width: 1400px; margin: 16px auto; padding: 0 16px; }
  .notice { font: 14px system-ui, sans-serif; padding: 8px 12px; border-radius: 6px;
    background: light-dark(#fdf1d6, #3a2f14); color: light-dark(#4a3600, #f5dfa8); }
  .notice:empty { display: none; }`;

const lifetime = new AbortController().signal; // the lifetime of the page
adopt(document, STYLES, lifetime);

const el = document.querySelector<HTMLElement>("#dashboard") as HTMLElement;
const base = new URL(el.getAttribute("data-base-url") ?? "/", location.href);
const notice = document.createElement("p");
notice.className = "notice";
notice.setAttribute("role", "status");
el.before(notice);

let isShown = false;

const model = new SocketModel(
  socketUrl,
  {
    async ready(notice) {
      say(notice);
      remember();
      if (isShown) return;
      isShown = true;
      // the widget is a separate module, because notebooks load only that
      const url = new URL("./widget.js", import.meta.url).href;
      const { default: widget }: { default: () => Widget } = await import(url);
      const { initialize, render } = widget();
      initialize({ model });
      render({ model, el });
      model.on("change:group", remember);
    },
    async lost() {
      say(await reason());
    },
    refused: say,
  },
  lifetime,
);

/** The socket of the shown group, or at first of the requested one. */
function socketUrl(): string {
  const group = isShown ? model.get("group") : el.getAttribute("data-group");
  const url = new URL("jobgroup/socket", base);
  url.protocol = base.protocol === "https:" ? "wss:" : "ws:";
  if (group) url.searchParams.set("group", String(group));
  return url.href;
}

/** Put the shown group into the address, so that a reload shows it again. */
function remember(): void {
  const url = new URL(location.href);
  const group = String(model.get("group") ?? "");
  if (group) url.searchParams.set("group", group);
  else url.searchParams.delete("group");
  url.searchParams.delete("token");
  history.replaceState(null, "", url);
}

/** The reason why there is no connection: an expired login, or a server that does not respond. */
async function reason(): Promise<string> {
  const since = new Date().toLocaleTimeString();
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

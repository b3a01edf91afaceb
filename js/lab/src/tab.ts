/** A group in a tab of the main area, served by the server without a kernel. */

import { Widget } from "@lumino/widgets";
import { icon } from "./icon";
import { openOnServer } from "./server";

export class GroupTab extends Widget {
  readonly #lifetime = new AbortController();

  constructor(readonly group: string) {
    super();
    this.id = `jobgroup-tab-${group}`;
    this.addClass("jobgroup-tab");
    this.title.label = group || "Job groups";
    this.title.icon = icon;
    this.title.closable = true;
    Object.assign(this.node.style, {
      overflow: "auto",
      padding: "8px",
      background: "var(--jp-layout-color0)",
    });
    const note = document.createElement("p");
    note.setAttribute("role", "status");
    const el = document.createElement("div");
    this.node.append(note, el);
    const say = (text: string) => {
      note.textContent = text;
      note.hidden = text === "";
    };
    say("");
    const model = openOnServer(
      { name: group, uuid: "" },
      { ready: (render) => render(el), say, refused: say },
      this.#lifetime.signal,
    );
    model.on("change:group", () => {
      this.title.label = String(model.get("group") || "Job groups");
    });
  }

  protected override onCloseRequest(): void {
    this.dispose();
  }

  override dispose(): void {
    this.#lifetime.abort();
    super.dispose();
  }
}

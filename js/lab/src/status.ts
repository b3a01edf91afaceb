/** Running groups in the status bar. */

import { Widget } from "@lumino/widgets";
import { effect } from "@preact/signals";
import * as format from "../../src/format";
import type { Groups } from "./groups";

export class RunningGroups extends Widget {
  readonly #end: () => void;

  constructor(groups: Groups, open: () => void) {
    super();
    const button = document.createElement("button");
    button.dataset["testid"] = "status-item";
    button.title = "Job groups with jobs on a cloud, and how many of their jobs have ended";
    button.className = "jp-StatusBar-TextItem";
    Object.assign(button.style, { border: "0", background: "none", color: "inherit" });
    Object.assign(button.style, { fontFamily: "inherit", padding: "0", cursor: "pointer" });
    button.addEventListener("click", open);
    this.node.append(button);
    this.#end = effect(() => {
      const running = groups.running.value;
      const ended = running.reduce((sum, group) => sum + group.ended, 0);
      const total = running.reduce((sum, group) => sum + group.total, 0);
      const names = running.length === 1 ? running[0]?.name : format.count(running.length, "group");
      button.textContent = running.length
        ? `${names} running: ${format.whole(ended)} of ${format.count(total, "job")} ended`
        : "";
      button.hidden = running.length === 0;
    });
  }

  override dispose(): void {
    this.#end();
    super.dispose();
  }
}

/** Store groups' states in notebooks when a notebook is saved, or when the user asks for it. */

import type { ICommandPalette } from "@jupyterlab/apputils";
import type { INotebookTracker, NotebookPanel } from "@jupyterlab/notebook";
import type { CommandRegistry } from "@lumino/commands";
import { CATEGORY } from "./commands";
import { type Saver, saversOf } from "./saving";

const SAVE = "jobgroup:save-states";
/** A kernel that runs a cell answers only after the cell. */
const PATIENCE_MS = 3000;

export function saveWithNotebooks(
  commands: CommandRegistry,
  tracker: INotebookTracker,
  palette: ICommandPalette | null,
  isWanted: () => boolean,
): void {
  const follow = (notebook: NotebookPanel) => {
    notebook.context.saveState.connect((_, state) => {
      if (state === "started" && isWanted()) saveAll(saversOf(notebook));
    });
  };
  tracker.forEach(follow);
  tracker.widgetAdded.connect((_, notebook) => follow(notebook));
  commands.addCommand(SAVE, {
    label: "Save Notebook with States of Job Groups",
    isEnabled: () => Boolean(tracker.currentWidget),
    execute: async () => {
      const notebook = tracker.currentWidget;
      if (!notebook) return;
      const savers = saversOf(notebook);
      const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
      await Promise.race([Promise.all(savers.map((each) => each.ask())), late]);
      saveAll(savers);
      await notebook.context.save();
    },
  });
  palette?.addItem({ command: SAVE, category: CATEGORY });
}

function saveAll(savers: Iterable<Saver>): void {
  for (const each of savers) each.save();
}

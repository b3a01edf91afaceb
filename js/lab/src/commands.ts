/** Commands that open a group, for the palette, the sidebar and other parts. */

import type { ILayoutRestorer, JupyterFrontEnd } from "@jupyterlab/application";
import { type ICommandPalette, InputDialog, WidgetTracker } from "@jupyterlab/apputils";
import type { INotebookTracker } from "@jupyterlab/notebook";
import { fetchGroups, pageOf } from "./server";
import { GroupTab } from "./tab";

export const OPEN = "jobgroup:open";
export const SHOW_ALL = "jobgroup:show-all";
export const INSERT = "jobgroup:insert";
export const CATEGORY = "Job groups";

export interface Services {
  /** Whether the application has tabs and sidebars. Notebook 7 has browser tabs. */
  hasTabs: boolean;
  palette: ICommandPalette | null;
  restorer: ILayoutRestorer | null;
  notebooks: INotebookTracker | null;
  showAll(): void;
}

export function addCommands(app: JupyterFrontEnd, services: Services): void {
  const { commands, shell } = app;
  const tabs = new WidgetTracker({ namespace: "jobgroup" });

  function open(name: string): void {
    if (!services.hasTabs) {
      window.open(pageOf(name), "_blank", "noopener");
      return;
    }
    let tab = tabs.find((each) => (each as GroupTab).group === name);
    if (!tab) {
      tab = new GroupTab(name);
      void tabs.add(tab);
      shell.add(tab, "main");
    }
    shell.activateById(tab.id);
  }

  commands.addCommand(OPEN, {
    label: "Open Job Group…",
    execute: async ({ name }) => {
      const wanted = typeof name === "string" ? name : await ask("Open a job group", "Open");
      if (wanted !== null) open(wanted);
    },
  });
  commands.addCommand(SHOW_ALL, {
    label: "Show All Job Groups",
    execute: () => services.showAll(),
  });
  commands.addCommand(INSERT, {
    label: "Insert Job Group in a New Cell…",
    isEnabled: () => Boolean(services.notebooks?.currentWidget),
    execute: async () => {
      const panel = services.notebooks?.currentWidget;
      const name = panel && (await ask("Insert a job group", "Insert"));
      if (!name) return;
      await commands.execute("notebook:insert-cell-below");
      panel.content.activeCell?.model.sharedModel.setSource(lineOf(name));
    },
  });
  for (const command of [OPEN, SHOW_ALL, INSERT]) {
    services.palette?.addItem({ command, category: CATEGORY });
  }
  void services.restorer?.restore(tabs, {
    command: OPEN,
    args: (tab) => ({ name: (tab as GroupTab).group }),
    name: (tab) => (tab as GroupTab).group,
  });
}

/** The line of Python that shows a group. */
export const lineOf = (name: string): string =>
  `from jobgroup import Dashboard\n\nDashboard(${JSON.stringify(name)})`;

async function ask(title: string, okLabel: string): Promise<string | null> {
  const names = (await fetchGroups()).map(({ name }) => name);
  const { button, value } = await InputDialog.getItem({ title, okLabel, items: names });
  return button.accept ? value : null;
}

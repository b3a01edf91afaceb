/** Job groups in JupyterLab and Notebook 7. Plugins work even if a service is missing. */

import {
  ILabShell,
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from "@jupyterlab/application";
import { ICommandPalette } from "@jupyterlab/apputils";
import { INotebookTracker } from "@jupyterlab/notebook";
import { IRenderMimeRegistry } from "@jupyterlab/rendermime";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { IStatusBar } from "@jupyterlab/statusbar";
import { Token } from "@lumino/coreutils";
import { addCommands, OPEN, SHOW_ALL } from "./commands";
import { Groups } from "./groups";
import { Kernels } from "./kernels";
import { saveWithNotebooks } from "./notebooks";
import { notify } from "./notices";
import { GroupOutput } from "./output";
import { GroupsPanel } from "./panel";
import { MIME_TYPE } from "./reference";
import { pageOf } from "./server";
import { RunningGroups } from "./status";

const IGroups = new Token<Groups>("jobgroup:IGroups");

const outputs: JupyterFrontEndPlugin<void> = {
  id: "jobgroup:outputs",
  description: "Shows a dashboard in a notebook's output, even without the kernel that created it.",
  autoStart: true,
  requires: [IRenderMimeRegistry, INotebookTracker],
  optional: [ICommandPalette, ISettingRegistry],
  activate(
    app: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    tracker: INotebookTracker,
    palette: ICommandPalette | null,
    registry: ISettingRegistry | null,
  ) {
    const kernels = new Kernels(tracker);
    const factory = {
      safe: false, // an untrusted notebook shows its HTML, and nothing connects
      mimeTypes: [MIME_TYPE],
      createRenderer: () => new GroupOutput(rendermime, kernels),
    };
    rendermime.addFactory(factory, -20); // ranked before that of widgets, which has -10
    const isWanted = setting(registry, outputs.id, "saveStates");
    saveWithNotebooks(app.commands, tracker, palette, isWanted);
  },
};

const groups: JupyterFrontEndPlugin<Groups> = {
  id: "jobgroup:groups",
  description: "Follows the groups on the server.",
  autoStart: true,
  provides: IGroups,
  activate: () => new Groups(),
};

const panel: JupyterFrontEndPlugin<void> = {
  id: "jobgroup:panel",
  description: "Shows groups in the sidebar and in tabs, and offers commands for them.",
  autoStart: true,
  requires: [IGroups],
  optional: [ILabShell, ICommandPalette, ILayoutRestorer, INotebookTracker],
  activate(
    app: JupyterFrontEnd,
    all: Groups,
    labShell: object | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    notebooks: INotebookTracker | null,
  ) {
    let showAll = (): void => {
      window.open(pageOf(""), "_blank", "noopener");
    };
    if (labShell) {
      const side = new GroupsPanel(all, (name) => void app.commands.execute(OPEN, { name }));
      app.shell.add(side, "left", { rank: 600 });
      restorer?.add(side, side.id);
      showAll = () => app.shell.activateById(side.id);
    }
    addCommands(app, { hasTabs: labShell !== null, palette, restorer, notebooks, showAll });
  },
};

const status: JupyterFrontEndPlugin<void> = {
  id: "jobgroup:status",
  description: "Shows running groups in the status bar.",
  autoStart: true,
  requires: [IGroups],
  optional: [IStatusBar],
  activate(app: JupyterFrontEnd, all: Groups, bar: IStatusBar | null) {
    if (!bar) return;
    all.start();
    const item = new RunningGroups(all, () => void app.commands.execute(SHOW_ALL));
    bar.registerStatusItem("jobgroup:running", { item, align: "left", rank: 10 });
  },
};

const notifications: JupyterFrontEndPlugin<void> = {
  id: "jobgroup:notifications",
  description: "Notifies you of a group's first failure and its end.",
  autoStart: true,
  requires: [IGroups],
  optional: [ILabShell, ISettingRegistry],
  activate(
    app: JupyterFrontEnd,
    all: Groups,
    labShell: object | null,
    registry: ISettingRegistry | null,
  ) {
    if (!labShell) return; // the page of a single notebook shows its own notifications
    all.start();
    const isWanted = setting(registry, notifications.id, "enabled");
    notify(all, isWanted, (name) => void app.commands.execute(OPEN, { name }));
  },
};

/** Whether a setting is on now. It is on unless the user turned it off. */
function setting(registry: ISettingRegistry | null, plugin: string, name: string): () => boolean {
  let settings: ISettingRegistry.ISettings | undefined;
  registry?.load(plugin).then(
    (loaded) => {
      settings = loaded;
    },
    () => {}, // an unknown setting is on
  );
  return () => settings?.get(name).composite !== false;
}

export default [outputs, groups, panel, status, notifications];

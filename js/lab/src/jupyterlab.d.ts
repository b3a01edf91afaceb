/**
 * The parts that we use of JupyterLab 4.2 and later, for which js/ has no types. With their
 * dependencies, these packages take 300 MB, and nothing else needs them.
 */

declare module "@jupyterlab/application" {
  import type { ServiceManager } from "@jupyterlab/services";
  import type { CommandRegistry } from "@lumino/commands";
  import type { Token } from "@lumino/coreutils";
  import type { Widget } from "@lumino/widgets";

  interface Shell {
    readonly currentWidget: Widget | null;
    add(widget: Widget, area?: string, options?: { rank?: number }): void;
    activateById(id: string): void;
  }
  export interface JupyterFrontEnd {
    readonly commands: CommandRegistry;
    readonly shell: Shell;
    readonly serviceManager: ServiceManager.IManager;
    readonly restored: Promise<void>;
  }
  export interface JupyterFrontEndPlugin<T> {
    id: string;
    description: string;
    autoStart: true;
    requires?: Token<unknown>[];
    optional?: Token<unknown>[];
    provides?: Token<T>;
    // biome-ignore lint/suspicious/noExplicitAny: one service for each token
    activate(app: JupyterFrontEnd, ...services: any[]): T | Promise<T>;
  }
  export interface ILayoutRestorer {
    add(widget: Widget, name: string): void;
    restore(
      tracker: import("@jupyterlab/apputils").WidgetTracker,
      options: {
        command: string;
        args(widget: Widget): Record<string, string>;
        name(widget: Widget): string;
      },
    ): Promise<void>;
  }
  export const ILabShell: Token<Shell>;
  export const ILayoutRestorer: Token<ILayoutRestorer>;
}

declare module "@jupyterlab/apputils" {
  import type { Token } from "@lumino/coreutils";
  import type { Widget } from "@lumino/widgets";

  export interface ICommandPalette {
    addItem(item: { command: string; category: string }): void;
  }
  export const ICommandPalette: Token<ICommandPalette>;
  export class WidgetTracker {
    constructor(options: { namespace: string });
    add(widget: Widget): Promise<void>;
    find(is: (widget: Widget) => boolean): Widget | undefined;
  }
  export namespace InputDialog {
    function getItem(options: {
      title: string;
      okLabel?: string;
      items: string[];
    }): Promise<{ button: { accept: boolean }; value: string | null }>;
  }
  export namespace Notification {
    function emit(
      message: string,
      type: "info" | "success" | "warning" | "error",
      options: { autoClose: number; actions: { label: string; callback(): void }[] },
    ): string;
  }
}

declare module "@jupyterlab/notebook" {
  import type { ISessionContext } from "@jupyterlab/apputils";
  import type { MimeModel } from "@jupyterlab/rendermime";
  import type { Token } from "@lumino/coreutils";
  import type { ISignal } from "@lumino/signaling";
  import type { Widget } from "@lumino/widgets";

  interface OutputModels {
    readonly length: number;
    get(index: number): MimeModel;
  }
  export interface NotebookPanel extends Widget {
    readonly sessionContext: ISessionContext;
    readonly context: {
      /** Emitted as "started" before the contents are read. */
      readonly saveState: ISignal<unknown, "started" | "completed" | "failed">;
      save(): Promise<void>;
    };
    readonly content: {
      readonly model: { cells: Iterable<{ outputs?: OutputModels }> } | null;
      readonly activeCell: { model: { sharedModel: { setSource(text: string): void } } } | null;
    };
  }
  export interface INotebookTracker {
    readonly currentWidget: NotebookPanel | null;
    readonly widgetAdded: ISignal<unknown, NotebookPanel>;
    forEach(see: (panel: NotebookPanel) => void): void;
  }
  export const INotebookTracker: Token<INotebookTracker>;
}

declare module "@jupyterlab/apputils" {
  import type { Kernel, Session } from "@jupyterlab/services";
  import type { ISignal } from "@lumino/signaling";

  export interface ISessionContext {
    readonly session: Session.ISessionConnection | null;
    readonly statusChanged: ISignal<unknown, Kernel.Status>;
    readonly connectionStatusChanged: ISignal<unknown, Kernel.ConnectionStatus>;
    readonly kernelChanged: ISignal<unknown, unknown>;
    readonly sessionChanged: ISignal<unknown, unknown>;
  }
}

declare module "@jupyterlab/rendermime" {
  import type { Token } from "@lumino/coreutils";
  import type { Widget } from "@lumino/widgets";

  export interface MimeModel {
    readonly trusted: boolean;
    readonly data: Record<string, unknown>;
    setData(options: { data: Record<string, unknown> }): void;
  }
  export interface Renderer extends Widget {
    renderModel(model: MimeModel): Promise<void>;
  }
  export interface RendererFactory {
    safe: boolean;
    mimeTypes: string[];
    createRenderer(options: { mimeType: string }): Renderer;
  }
  export interface IRenderMimeRegistry {
    addFactory(factory: RendererFactory, rank: number): void;
    createRenderer(mimeType: string): Renderer;
  }
  export const IRenderMimeRegistry: Token<IRenderMimeRegistry>;
}

declare module "@jupyterlab/statusbar" {
  import type { Token } from "@lumino/coreutils";
  import type { Widget } from "@lumino/widgets";

  export interface IStatusBar {
    registerStatusItem(
      id: string,
      item: { item: Widget; align: "left" | "right"; rank: number },
    ): { dispose(): void };
  }
  export const IStatusBar: Token<IStatusBar>;
}

declare module "@jupyterlab/ui-components" {
  export class LabIcon {
    constructor(options: { name: string; svgstr: string });
    render(host: HTMLElement): void;
  }
}

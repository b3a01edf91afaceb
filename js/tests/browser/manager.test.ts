/** The dashboard with Jupyter's own widget manager: Backbone models, a comm, buffers. */

import { DOMWidgetModel, type IClassicComm } from "@jupyter-widgets/base";
import { ManagerBase } from "@jupyter-widgets/base-manager";
import { describe, expect, it, onTestFinished } from "vitest";
import recorded from "../../../tests/dashboard/protocol.json";
import type { Model } from "../../src/kernel/model";
import { at, show } from "./page";

class MockComm implements IClassicComm {
  readonly comm_id = "c1";
  readonly target_name = "jupyter.widget";
  readonly sent: { method: string; content?: unknown }[] = [];
  #onMessage: (message: unknown) => void = () => {};

  on_msg(callback: (message: never) => void): void {
    this.#onMessage = callback as (message: unknown) => void;
  }

  on_close(): void {}

  open(): string {
    return "";
  }

  close(): string {
    return "";
  }

  send(data: unknown): string {
    this.sent.push(data as { method: string });
    return String(this.sent.length);
  }

  receive(data: object, buffers: DataView[] = []): void {
    this.#onMessage({ content: { data }, buffers, metadata: {} });
  }
}

class Manager extends ManagerBase {
  protected override loadClass() {
    return Promise.resolve(DOMWidgetModel) as Promise<never>;
  }

  protected override _create_comm(): Promise<IClassicComm> {
    return Promise.resolve(new MockComm());
  }

  protected override _get_comm_info() {
    return Promise.resolve({});
  }
}

async function opened() {
  const comm = new MockComm();
  const state = { ...recorded.traits, group: "g", counts: { unsent: 1, success: 1, error: 1 } };
  const identity = {
    model_name: "DOMWidgetModel",
    model_module: "@jupyter-widgets/base",
    model_module_version: "2.0.0",
  };
  const model = await new Manager().new_model({ ...identity, comm }, state);
  onTestFinished(() => void model.close(true));
  const shown = await show({ model: model as unknown as Model });
  return { comm, kept: model, ...shown };
}

const push = (comm: MockComm, i: number) => {
  const { message, buffers } = recorded.from_python[i] as (typeof recorded.from_python)[0];
  const views = buffers.map((text) => {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    return new DataView(bytes.buffer);
  });
  comm.receive({ method: "custom", content: message }, views);
};

describe("on Jupyter's widget manager", () => {
  it("sends open, reads binary rows and patches, and follows traits", async () => {
    const { comm } = await opened();
    await expect.poll(() => comm.sent[0]?.content).toEqual({ t: "open", client: null });
    push(comm, 1);
    await expect.element(at("row-1")).toHaveAttribute("data-status", "success");
    push(comm, 2);
    await expect.element(at("row-0")).toHaveAttribute("data-status", "error");
    comm.receive({ method: "update", state: { counts: { success: 3 }, progress: 1 } });
    await expect.element(at("progress")).toHaveAttribute("aria-valuenow", "100");
  });

  it("never writes a trait, but sends a message instead", async () => {
    const { comm } = await opened();
    push(comm, 0);
    await at("chip-error").click();
    await expect
      .poll(
        () =>
          comm.sent.find(({ content }) => (content as { t: string }).t === "set_trait")?.content,
      )
      .toMatchObject({ t: "set_trait", name: "filter", value: "error" });
    expect(comm.sent.every(({ method }) => method === "custom")).toBe(true);
  });

  it("shows that the kernel was restarted and sends nothing more", async () => {
    const { comm, kept } = await opened();
    push(comm, 0);
    await at("chip-error").click();
    kept.comm_live = false;
    await expect.element(at("strip-restarted")).toHaveTextContent("the kernel was restarted");
    const count = comm.sent.length;
    await at("chip-success").click();
    await expect.element(at("chip-success")).toHaveAttribute("aria-pressed", "true");
    expect(comm.sent.length).toBe(count);
  });
});

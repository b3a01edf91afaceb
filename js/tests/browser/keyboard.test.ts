import { describe, expect, it, onTestFinished } from "vitest";
import { userEvent } from "vitest/browser";
import type { StandIn } from "../../dev/standin";
import { at, show, shownFirst } from "./page";

const SENDER = { host: "lab-pc", pid: 1, is_this_process: true, is_from_page: false, since: 1 };

describe("the keyboard", () => {
  it("moves in the grid, selects rows, opens a job and sorts", async () => {
    const { root } = await show();
    await expect.element(at("row-0")).toBeVisible();
    (root.querySelector(".cell[tabindex='0']") as HTMLElement).focus();
    await userEvent.keyboard("{ArrowDown}{ArrowDown} ");
    await expect.element(at("row-7")).toHaveAttribute("aria-selected", "true");
    await userEvent.keyboard("{ArrowDown}{Shift>} {/Shift}");
    await expect.element(at("row-0")).toHaveAttribute("aria-selected", "true");
    await userEvent.keyboard("{Enter}");
    await expect.element(at("job")).toHaveTextContent("Job 0");
    await userEvent.keyboard("{ArrowUp}{ArrowUp}{ArrowUp}{ArrowRight}{Enter}{Enter}");
    await expect.poll(() => shownFirst(root)[0]).toBe("unsent");
    expect(root.activeElement?.getAttribute("aria-sort")).toBe("descending");
  });

  it("opens a menu, moves in it, and returns to its button", async () => {
    const { root } = await show();
    const caret = root.querySelector(".caret") as HTMLElement;
    await userEvent.click(caret);
    expect(root.activeElement?.textContent).toContain("One after the other");
    await userEvent.keyboard("{ArrowDown}");
    expect(root.activeElement?.textContent).toContain("Remove the 4 unsent jobs");
    await userEvent.keyboard("{Escape}");
    expect(root.querySelector("[role=menu]")).toBeNull();
    expect(root.activeElement).toBe(caret);
  });
});

describe("a checkbox with Shift", () => {
  it("selects the range from the last one", async () => {
    const { root, model } = await show();
    const box = (position: number) =>
      root.querySelector(`[data-testid=row-${position}] .select`) as HTMLElement;
    await expect.poll(() => box(0)).not.toBeNull();
    box(0).click();
    box(4).dispatchEvent(new MouseEvent("click", { bubbles: true, shiftKey: true }));
    await expect
      .poll(() => model.get("selected"))
      .toEqual([
        [0, 1],
        [3, 4],
      ]);
  });
});

describe("the keyboard", () => {
  it("continues in the table where the pointer clicked", async () => {
    const { root } = await show({ jobs: 9, scene: "unsent" });
    await expect.element(at("row-3")).toBeVisible();
    root.querySelector<HTMLElement>("[data-testid=row-3] .cell:last-child")?.click();
    await userEvent.keyboard("{ArrowDown} ");
    await expect.element(at("row-4")).toHaveAttribute("aria-selected", "true");
    root.querySelector<HTMLElement>(".header [data-column=position]")?.click();
    await userEvent.keyboard("{Enter}");
    const sorted = () => root.querySelector("[aria-sort]")?.getAttribute("aria-sort");
    await expect.poll(sorted).toBe("descending");
  });
});

describe("the button that opened a panel", () => {
  const openers = ["rerun-cause-with-0", "selected-note", "description-edit"];
  it.each(openers)("gets the focus back after Escape: %s", async (testid) => {
    const { root } = await show({ scene: "failed" });
    await at("chip-error").click();
    await at("row-1").click({ modifiers: ["Control"], position: { x: 300, y: 10 } });
    await expect.element(at("selection")).toBeVisible();
    const opener = root.querySelector<HTMLElement>(`[data-testid=${testid}]`);
    opener?.focus();
    await userEvent.keyboard("{Enter}");
    await expect.poll(() => root.activeElement?.closest(".step")).toBeTruthy();
    await userEvent.keyboard("{Escape}");
    await expect.poll(() => root.activeElement).toBe(opener);
    expect(root.querySelector(".step")).toBeNull();
  });

  it("is not pressed by the Enter that confirms", async () => {
    const { root, model } = await show({ scene: "failed" });
    root.querySelector<HTMLElement>("[data-testid=description-edit]")?.focus();
    await userEvent.keyboard("{Enter}");
    await expect.poll(() => root.activeElement?.tagName).toBe("TEXTAREA");
    await userEvent.keyboard("why{Control>}{Enter}{/Control}");
    await expect.poll(() => model.get("description")).toBe("why");
    expect(root.querySelector(".step")).toBeNull();
  });
});

describe("the focus of a removed element", () => {
  const focus = (root: ShadowRoot, selector: string) =>
    root.querySelector<HTMLElement>(selector)?.focus();
  const focused = (root: ShadowRoot) => () =>
    root.activeElement?.getAttribute("data-testid") ?? "none";

  async function press(root: ShadowRoot, selector: string, keys = "{Enter}"): Promise<void> {
    await expect.poll(() => root.querySelector(selector)).not.toBeNull();
    focus(root, selector);
    await userEvent.keyboard(keys);
  }

  /** Press the button that has the focus, once it no longer ignores presses. */
  async function pressSettled(root: ShadowRoot): Promise<void> {
    let isPressed = false;
    const note = () => {
      isPressed = true;
    };
    root.addEventListener("click", note, { capture: true, once: true });
    while (!isPressed) await userEvent.keyboard("{Enter}");
  }

  it("follows the primary action", async () => {
    const { root, model } = await show();
    await press(root, "[data-testid=primary]");
    await expect.poll(focused(root)).toBe("cancel");
    await userEvent.keyboard("{Enter}");
    await expect.poll(focused(root)).toBe("primary");
    (model as StandIn).set({ sender: SENDER });
    await expect.poll(focused(root)).toBe("stop");
    await pressSettled(root);
    await expect.poll(focused(root)).toBe("primary");
  });

  it("lets a key meant for a replaced button not press the next one", async () => {
    const { root, model } = await show();
    focus(root, "[data-testid=primary]");
    const key = new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true });
    root.addEventListener("focusin", ({ target }) => target?.dispatchEvent(key), { once: true });
    (model as StandIn).set({ sender: SENDER });
    await expect.poll(focused(root)).toBe("stop");
    expect(key.defaultPrevented).toBe(true);
  });

  it("moves on from a form that replaces the button that opened it", async () => {
    const { root } = await show({ jobs: 24, scene: "unsent" });
    await press(root, "[data-testid=primary]");
    await expect.poll(focused(root)).toBe("at-most");
    await press(root, "[data-testid=send-confirm]");
    await expect.poll(focused(root)).toBe("cancel");
  });

  it("moves on from a menu's form", async () => {
    const { root } = await show();
    await press(root, ".caret");
    await userEvent.keyboard("{Enter}");
    await expect.poll(focused(root)).toBe("delay");
    await userEvent.keyboard("{Enter}");
    await expect.poll(focused(root)).toBe("cancel");
  });

  it("moves on from a cause, a strip, the selection bar and a deleted group", async () => {
    const { root, model } = await show({ scene: "failed" });
    (model as StandIn).set({ selected: [[2, 3]] });
    await press(root, "[data-testid=clear]");
    await expect.poll(focused(root)).toBe("primary");
    await press(root, "[data-testid=rerun-cause-0]");
    await expect.poll(focused(root)).toBe("cancel");
    const token_needed = { url: "https://cloud.example", account: "" };
    (model as StandIn).set({ token_needed });
    await press(root, "[data-testid=token-field]", "abc{Tab}{Enter}");
    await expect.poll(focused(root)).toBe("cancel");
    (model as StandIn).set({ deleted: true });
    await expect.poll(focused(root)).toBe("undo");
    await pressSettled(root);
    await expect.poll(focused(root)).toBe("cancel");
  });

  it("stays in the drawer", async () => {
    const { root } = await show({ scene: "doubt" });
    await at("strip-unconfirmed").getByRole("button", { name: "Review" }).click();
    await press(root, ".job input", "abc{Enter}");
    await expect.poll(focused(root)).toBe("job");
  });

  it("is not taken from the notebook", async () => {
    const { root, model } = await show();
    const cell = document.body.appendChild(document.createElement("input"));
    onTestFinished(() => cell.remove());
    for (const leave of [() => cell.focus(), () => (root.activeElement as HTMLElement).blur()]) {
      (model as StandIn).set({ sender: null });
      await expect.poll(() => root.querySelector("[data-testid=primary]")).not.toBeNull();
      focus(root, "[data-testid=primary]");
      expect(focused(root)()).toBe("primary");
      leave();
      const before = document.activeElement;
      (model as StandIn).set({ sender: SENDER });
      await expect.element(at("stop")).toBeVisible();
      (model as StandIn).set({ deleted: true });
      await expect.element(at("undo")).toBeVisible();
      expect(document.activeElement).toBe(before);
      (model as StandIn).set({ deleted: false });
    }
  });

  it("does not let a held Enter press the next button", async () => {
    const { root } = await show();
    await press(root, ".caret", "{Enter>4/}");
    expect(root.querySelector("[role=menu]")).not.toBeNull();
    expect(root.querySelector(".step")).toBeNull();
  });
});

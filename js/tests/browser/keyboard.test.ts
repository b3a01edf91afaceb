import { describe, expect, it, onTestFinished } from "vitest";
import { page, userEvent } from "vitest/browser";
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

describe("a menu in which a count changes", () => {
  const focused = (root: ShadowRoot) => root.activeElement?.textContent;

  async function opened(root: ShadowRoot): Promise<void> {
    await expect.poll(() => root.querySelector(".caret")).not.toBeNull();
    root.querySelector<HTMLElement>(".caret")?.focus();
    await userEvent.keyboard("{Enter}");
  }

  it("keeps the focus on its item", async () => {
    const { root, model } = await show();
    await opened(root);
    await userEvent.keyboard("{ArrowDown}");
    expect(focused(root)).toContain("Remove the 4 unsent jobs");
    const [job] = (model as StandIn).jobs;
    Object.assign(job as object, { state: "unsent" });
    (model as StandIn).patch([job as StandIn["jobs"][number]]);
    await expect.poll(() => focused(root)).toContain("Remove the 5 unsent jobs");
  });

  it("keeps the focus if its item is replaced", async () => {
    const { root, model } = await show();
    (model as StandIn).set({ sender: SENDER });
    await expect.element(at("stop")).toBeVisible();
    await opened(root);
    await userEvent.keyboard("{ArrowUp}");
    expect(focused(root)).toContain("Pause sending");
    (model as StandIn).set({ paused: true });
    await expect.poll(() => focused(root)).toContain("Stop sending");
  });
});

describe("the cell that keys reach", () => {
  const box = (root: ShadowRoot) => (root.activeElement as Element).getBoundingClientRect();

  it("stays on the screen, and above the selection bar", async () => {
    const { root, el } = await show();
    el.style.marginTop = "600px";
    await expect.element(at("row-0")).toBeVisible();
    root.querySelector<HTMLElement>(".cell[tabindex='0']")?.focus({ preventScroll: true });
    await userEvent.keyboard("{ArrowDown} ");
    await expect.element(at("selection")).toBeVisible();
    for (let i = 0; i < 14; i++) {
      await userEvent.keyboard("{ArrowDown}");
      const bar = root.querySelector("[data-testid=selection]") as Element;
      expect(box(root).bottom).toBeLessThanOrEqual(bar.getBoundingClientRect().top + 1);
    }
    expect(box(root).top).toBeGreaterThan(0);
  });

  it("is between the columns that stay in place and the table's edge", async () => {
    const { root } = await show({ scene: "finished", width: 700 });
    await expect.poll(() => root.querySelectorAll(".header .cell").length).toBeGreaterThan(8);
    root.querySelector<HTMLElement>(".cell[tabindex='0']")?.focus();
    const edges = () => {
      const grid = root.querySelector(".grid") as HTMLElement;
      const fixed = root.querySelector(".header [data-column=state]") as HTMLElement;
      const { left } = grid.getBoundingClientRect();
      return [fixed.getBoundingClientRect().right - 1, left + grid.clientWidth + 2] as const;
    };
    await userEvent.keyboard("{ArrowDown}{ArrowRight}{ArrowRight}{ArrowRight}");
    for (const key of [...Array(7).fill("{ArrowRight}"), ...Array(7).fill("{ArrowLeft}")]) {
      await userEvent.keyboard(key);
      const [left, right] = edges();
      expect(box(root).left).toBeGreaterThanOrEqual(left);
      if (box(root).width < right - left) expect(box(root).right).toBeLessThanOrEqual(right);
    }
  });

  it("is in the first row of a narrow table, which has no header", async () => {
    const { root, model } = await show({ width: 480 });
    const first = () => root.querySelector<HTMLElement>(".narrow .cell[tabindex='0']");
    await expect.poll(() => first()?.checkVisibility()).toBe(true);
    first()?.focus();
    await userEvent.keyboard("{ArrowUp} ");
    await expect.poll(() => model.get("selected")).toEqual([[2, 2]]);
  });

  it("is visible next to the job that it opens in a narrow table", async () => {
    const { root, el } = await show({ width: 480 });
    el.style.marginTop = "500px";
    const first = () => root.querySelector<HTMLElement>(".narrow .rows .cell[tabindex='0']");
    await expect.poll(first).not.toBeNull();
    first()?.focus();
    await userEvent.keyboard("{ArrowDown}{Enter}");
    await expect.element(at("job")).toBeVisible();
    expect(box(root).top).toBeGreaterThanOrEqual(0);
    expect(box(root).bottom).toBeLessThanOrEqual(innerHeight);
  });
});

describe("a long form in the selection bar", () => {
  it("leaves its first field on a small screen", async () => {
    const { root } = await show({ scene: "finished", width: 600 });
    await page.viewport(640, 360);
    onTestFinished(() => page.viewport(1000, 900));
    await at("row-1").click({ modifiers: ["Control"], position: { x: 300, y: 10 } });
    await at("selected-rerun-with").click();
    await expect.poll(() => root.activeElement?.closest(".step")).toBeTruthy();
    expect((root.activeElement as Element).getBoundingClientRect().top).toBeGreaterThan(0);
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
    await expect.poll(() => root.querySelector(".step")).toBeNull();
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
    await pressSettled(root);
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

  it("lets a second Enter on Stop not send", async () => {
    const { root, model } = await show();
    (model as StandIn).set({ sender: SENDER });
    await expect.element(at("stop")).toBeVisible();
    focus(root, "[data-testid=stop]");
    const key = new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true });
    root.addEventListener("focusin", ({ target }) => target?.dispatchEvent(key), { once: true });
    await userEvent.keyboard("{Enter}");
    await expect.poll(focused(root)).toBe("primary");
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

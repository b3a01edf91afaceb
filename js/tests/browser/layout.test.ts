import { describe, expect, it, onTestFinished } from "vitest";
import { cdp, userEvent } from "vitest/browser";
import type { StandIn } from "../../dev/standin";
import { at, show } from "./page";

describe("long texts", () => {
  const places = ["h3 span", ".bars code", "figcaption i", "[data-testid=live]"];
  it.each(places)("do not overflow %s", async (where) => {
    const { root } = await show({ jobs: 3 });
    await expect.element(at("row-0")).toBeVisible();
    root.querySelector<HTMLElement>("[data-testid=row-0] .cell:last-child")?.click();
    await expect.poll(() => root.querySelector("figure")).not.toBeNull();
    (root.querySelector(where) as HTMLElement).textContent = "x".repeat(1000);
    for (const frame of root.querySelectorAll(".job, .jobgroup"))
      expect(frame.scrollWidth).toBeLessThanOrEqual(frame.clientWidth);
    expect(root.querySelector(".track")?.getBoundingClientRect().width).toBeGreaterThan(47);
  });

  it("of a cause take three lines, until the user asks for more", async () => {
    const { root, model } = await show({ scene: "failed", width: 500 });
    const { jobs } = model as StandIn;
    const failed = jobs.filter(({ state }) => state === "error");
    for (const job of failed) job.message = "The detector was saturated. ".repeat(30);
    (model as StandIn).patch(failed);
    const height = () => root.querySelector(".cause")?.clientHeight ?? 0;
    await expect.poll(() => root.querySelector(".cause")?.textContent).toMatch(/more$/);
    expect(height()).toBeLessThan(100);
    await at("cause-0").getByRole("button", { name: "more" }).click();
    await expect.poll(height).toBeGreaterThan(200);
    await at("cause-0").getByRole("button", { name: "less" }).click();
    await expect.poll(height).toBeLessThan(100);
  });

  it("of a group's name keep its buttons in its line", async () => {
    const { root, model } = await show({ jobs: 3 });
    (model as StandIn).set({ group: "a long name ".repeat(20) });
    await expect.poll(() => root.querySelector("h2")?.textContent).toMatch(/^a long/);
    const name = (root.querySelector("h2") as Element).getBoundingClientRect();
    for (const button of root.querySelectorAll(".title button")) {
      const { top, bottom } = button.getBoundingClientRect();
      expect(top).toBeGreaterThanOrEqual(name.top - 1);
      expect(bottom).toBeLessThanOrEqual(name.bottom + 1);
    }
  });

  it("of a message keep their lines in the drawer", async () => {
    const { root, model } = await show({ scene: "failed" });
    const [job] = (model as StandIn).jobs.filter(({ state }) => state === "error");
    if (!job) throw new Error("no job failed");
    job.message = "Traceback:\n  line 1\n  line 2";
    (model as StandIn).patch([job]);
    await expect.element(at(`row-${job.position}`)).toBeVisible();
    root
      .querySelector<HTMLElement>(`[data-testid=row-${job.position}] [data-column=message]`)
      ?.click();
    const text = () => root.querySelector<HTMLElement>(".sentence span");
    await expect.poll(() => text()?.innerText).toBe(job.message);
  });
});

describe("a name that is written from right to left", () => {
  it("does not reverse the question about its deletion", async () => {
    const { root, model } = await show({ jobs: 3 });
    (model as StandIn).set({ group: "\u202eevil (2)" });
    await at("more").click();
    await at("delete").click();
    const name = root.querySelector(".step bdi") as HTMLElement;
    const rest = document.createRange();
    rest.selectNodeContents(root.querySelector(".step p")?.lastChild as Node);
    rest.setStart(root.querySelector(".step b")?.nextSibling as Node, 0);
    const after = rest.getClientRects()[0] as DOMRect;
    expect(after.left).toBeGreaterThanOrEqual(name.getBoundingClientRect().right);
  });
});

describe("a narrow page", () => {
  it("shows two lines for each job, within its width", async () => {
    const { root } = await show({ width: 400 });
    await expect.element(at("row-2")).toHaveTextContent("#2 · phi 0.15 · Ralph CNOT");
    const frame = root.querySelector(".jobgroup") as HTMLElement;
    expect(frame.scrollWidth).toBeLessThanOrEqual(frame.clientWidth);
    const grid = root.querySelector(".grid") as HTMLElement;
    expect(grid.scrollWidth).toBeLessThanOrEqual(grid.clientWidth);
  });

  it("shows only measured values that fit in full", async () => {
    const { root } = await show({ width: 400, scene: "finished" });
    const line = () => root.querySelector("[data-testid=cell-0-message] span") as HTMLElement;
    await expect.poll(() => line()?.textContent).toMatch(/^\|0,0,0,0,0,0>\s0\.\d+\s±\s0\.\d+/);
    expect(line().scrollWidth).toBeLessThanOrEqual(line().clientWidth);
    const first = line().getClientRects()[0] as DOMRect;
    const row = (root.querySelector("[data-testid=row-0]") as Element).getBoundingClientRect();
    expect(first.bottom).toBeLessThanOrEqual(row.bottom);
  });

  it.each([400, 620])("of %d px cuts no menu", async (width) => {
    const { root } = await show({ width, scene: "failed" });
    await expect.element(at("row-2")).toBeVisible();
    const edge = root.querySelector(".jobgroup") as HTMLElement;
    for (const caret of root.querySelectorAll<HTMLElement>(".toolbar .caret")) {
      if (caret.ariaDisabled) continue;
      caret.click();
      await expect.poll(() => root.querySelector(".menu")).not.toBeNull();
      const { left, right, top } = (root.querySelector(".menu") as Element).getBoundingClientRect();
      expect(left).toBeGreaterThan(edge.getBoundingClientRect().left);
      expect(right).toBeLessThan(edge.getBoundingClientRect().right);
      expect(top).toBeCloseTo(caret.getBoundingClientRect().bottom + 4);
      caret.click();
      await expect.poll(() => root.querySelector(".menu")).toBeNull();
    }
  });
});

describe("the menu of columns", () => {
  it.each([320, 400, 620, 960])("is within a dashboard of %d px", async (width) => {
    const { root } = await show({ width, scene: "finished" });
    await expect.element(at("row-2")).toBeVisible();
    (root.querySelector("[data-testid=columns]") as HTMLElement).click();
    await expect.poll(() => root.querySelector(".menu")).not.toBeNull();
    const { left, right } = (root.querySelector(".menu") as Element).getBoundingClientRect();
    const edge = (root.querySelector(".jobgroup") as Element).getBoundingClientRect();
    expect(left).toBeGreaterThanOrEqual(edge.left);
    expect(right).toBeLessThanOrEqual(edge.right);
  });
});

describe("the caret of a filled button", () => {
  it("keeps its color under the pointer", async () => {
    const { root } = await show({ scene: "unsent" });
    const caret = () => root.querySelector(".primary.caret") as HTMLElement;
    await expect.poll(caret).not.toBeNull();
    const { backgroundColor } = getComputedStyle(caret());
    await userEvent.hover(caret());
    expect(caret().matches(":hover")).toBe(true);
    expect(getComputedStyle(caret()).backgroundColor).toBe(backgroundColor);
  });
});

describe("a flex box like those of ipywidgets", () => {
  it("gives the dashboard its full width", async () => {
    const box = document.createElement("div");
    box.style.cssText = "display: flex; width: 600px";
    document.body.append(box);
    onTestFinished(() => box.remove());
    const { bundle } = await import("./page");
    const { initialize, render } = (await bundle())();
    const { StandIn } = await import("../../dev/standin");
    const model = new StandIn(3, "still");
    const inner = document.createElement("div");
    inner.style.width = ""; // as a layout without a width sets it
    box.append(inner);
    const end = initialize({ model });
    const close = render({ model, el: inner });
    expect(inner.getBoundingClientRect().width).toBe(600);
    close();
    end();
  });
});

/** The text of a label, and its field. */
function partsOf(label: Element): [DOMRect, DOMRect] {
  const text = document.createRange();
  const node = [...label.childNodes].find((each) => each.textContent?.trim()) as Node;
  text.selectNodeContents(node);
  const field = label.querySelector("input, select") as Element;
  return [text.getBoundingClientRect(), field.getBoundingClientRect()];
}

describe("a label", () => {
  const check = (root: ShadowRoot, testids: string[]) => {
    for (const testid of testids) {
      const field = root.querySelector(`[data-testid=${testid}]`);
      const [text, box] = partsOf(field?.closest("label") as Element);
      const gap = text.left < box.left ? box.left - text.right : text.left - box.right;
      expect(gap, testid).toBeGreaterThanOrEqual(6);
      expect(gap, testid).toBeLessThanOrEqual(12);
      const [middle, other] = [(text.top + text.bottom) / 2, (box.top + box.bottom) / 2];
      expect(Math.abs(middle - other), testid).toBeLessThanOrEqual(1);
    }
  };

  it("is beside its field or box, in its middle", async () => {
    const { root, model } = await show({ jobs: 8, scene: "finished" });
    await at("view-plot").click();
    await at("define").click();
    (model as StandIn).set({
      selected: [
        [1, 1],
        [7, 7],
      ],
    });
    await expect.element(at("ideal")).toBeVisible();
    check(root, ["define-name", "define-text", "ideal", "plot-log-x"]);
  });

  it("of a token is, too", async () => {
    const { root } = await show({ scene: "refused" });
    await expect.element(at("token-field")).toBeVisible();
    check(root, ["token-field"]);
  });

  it("of a form before sending is, too", async () => {
    const { root } = await show({ jobs: 300, scene: "unsent" });
    await at("primary").click();
    await expect.element(at("at-most")).toBeVisible();
    check(root, ["at-most"]);
  });
});

describe("a button with a menu", () => {
  const corners = (element: Element) => {
    const { borderTopRightRadius, borderTopLeftRadius } = getComputedStyle(element);
    return [borderTopLeftRadius, borderTopRightRadius].map((each) => each !== "0px");
  };

  it("keeps its round corners while the menu is open, unless a caret is beside it", async () => {
    const { root } = await show({ scene: "failed" });
    for (const testid of ["more", "export"]) {
      await at(testid).click();
      await expect.poll(() => root.querySelector("[role=menu]")).not.toBeNull();
      expect(corners(at(testid).element()), testid).toEqual([true, true]);
      await userEvent.keyboard("{Escape}");
    }
    const caret = root.querySelector(".toolbar .caret") as HTMLElement;
    const main = caret.closest(".split")?.previousElementSibling as Element;
    caret.click();
    await expect.poll(() => root.querySelector("[role=menu]")).not.toBeNull();
    expect([corners(main), corners(caret)]).toEqual([
      [true, false],
      [false, true],
    ]);
  });
});

it("shows what is pressed, selected and in focus without colors of its own", async () => {
  const media = (value: string) =>
    (cdp() as unknown as { send(name: string, args: object): Promise<void> }).send(
      "Emulation.setEmulatedMedia",
      { features: [{ name: "forced-colors", value }] },
    );
  const { root } = await show();
  await media("active");
  onTestFinished(() => media("none"));
  const look = (selector: string) =>
    getComputedStyle(root.querySelector(selector) as Element).backgroundColor;
  await expect
    .poll(() => look("[data-testid=chip-all]"))
    .not.toBe(look("[data-testid=chip-error]"));
  expect(look("[data-testid=view-table]")).not.toBe(look("[data-testid=view-plot]"));
  await at("more").click();
  expect(getComputedStyle(root.activeElement as Element).outlineStyle).toBe("solid");
});

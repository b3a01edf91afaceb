/** The theme of the host page, and accessibility. */

import axe from "axe-core";
import { describe, expect, it, onTestFinished } from "vitest";
import type { StandIn } from "../../dev/standin";
import { show } from "./page";

const LIGHT = "rgb(255, 255, 255)";
const DARK = "rgb(22, 25, 30)";

const ground = (root: ShadowRoot) =>
  getComputedStyle(root.querySelector(".jobgroup") as Element).backgroundColor;

function mark(element: HTMLElement, attribute: string, value: string) {
  element.setAttribute(attribute, value);
  onTestFinished(() => element.removeAttribute(attribute));
}

describe("the theme", () => {
  it.each([
    ["JupyterLab", "body", "data-jp-theme-light", "false"],
    ["VS Code", "body", "data-vscode-theme-kind", "vscode-dark"],
    ["VS Code, high contrast", "body", "data-vscode-theme-kind", "vscode-high-contrast"],
    ["Colab", "html", "theme", "dark"],
    ["marimo", "html", "class", "dark"],
    ["itables, documentation", "html", "data-theme", "dark"],
  ] as const)("follows %s when it turns dark", async (_, where, attribute, value) => {
    const { root } = await show({ jobs: 3 });
    expect(ground(root)).toBe(LIGHT);
    mark(where === "html" ? document.documentElement : document.body, attribute, value);
    await expect.poll(() => ground(root)).toBe(DARK);
  });

  it("is light if a host says so, even on a dark page", async () => {
    mark(document.body, "style", "background: black");
    mark(document.body, "data-jp-theme-light", "true");
    const { root } = await show({ jobs: 3 });
    expect(ground(root)).toBe(LIGHT);
  });

  it.each([
    ["#101010", DARK],
    ["oklch(98% 0.002 248)", LIGHT],
    ["color(srgb 0.1 0.1 0.1)", DARK],
    ["color(srgb 0.9 0.9 0.9)", LIGHT],
  ])("follows the background %s if the host has no mark", async (background, expected) => {
    mark(document.body, "style", `background: ${background}`);
    const { root } = await show({ jobs: 3 });
    expect(ground(root)).toBe(expected);
  });
});

describe("the styles of the page around it", () => {
  const reached = (root: ShadowRoot) => {
    const place = root.host.getBoundingClientRect();
    return ["h2", ".chip", ".toolbar button", ".cell", "input"].map((part) => {
      const element = root.querySelector(part) as Element;
      const { x, y, width, height } = element.getBoundingClientRect();
      const box = [x - place.x, y - place.y, width, height].map(Math.round);
      const { direction, color, textTransform, textIndent } = getComputedStyle(element);
      return { part, box, direction, color, textTransform, textIndent };
    });
  };

  it.each([
    ["written from right to left", "body { direction: rtl; unicode-bidi: bidi-override }"],
    [
      "with inherited styles",
      "body { letter-spacing: 3px; text-transform: uppercase; text-indent: 2em; white-space: pre; font-style: italic; line-height: 3; color: red; -webkit-text-fill-color: red; word-break: break-all; text-shadow: 1px 1px red }",
    ],
    ["that hides empty elements", "div:empty { display: none !important }"],
    [
      "with rules for every element",
      "* { float: right !important; color: red; background: pink; letter-spacing: 4px !important; text-transform: uppercase }",
    ],
    ["that makes each block a flex box", "div { display: flex }"],
  ])("do not change it in a page %s", async (_, css) => {
    const { root } = await show();
    await expect.poll(() => root.querySelector("[data-testid=row-0]")).not.toBeNull();
    const before = reached(root);
    const style = document.createElement("style");
    style.textContent = css;
    document.head.append(style);
    onTestFinished(() => style.remove());
    expect(reached(root)).toEqual(before);
  });

  it("hide it if they hide the page", async () => {
    const { root, el } = await show({ jobs: 3 });
    el.style.visibility = "hidden";
    expect(getComputedStyle(root.querySelector(".jobgroup") as Element).visibility).toBe("hidden");
  });
});

describe("accessibility", () => {
  const scenes = ["still", "unsent", "empty", "refused", "failed", "groups", "busy", "doubt"];
  it.each(scenes)("finds nothing wrong with the scene %s", async (scene) => {
    const { root, el } = await show({ scene });
    await expect.poll(() => root.querySelector(".jobgroup")?.textContent).not.toBe("");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await violations(el)).toEqual([]);
  });

  it("finds nothing wrong with compared results and causes", async () => {
    const { root, el } = await show({ scene: "failed" });
    const click = clicks(root);
    await expect.poll(() => root.querySelector("[data-testid=row-0]")).not.toBeNull();
    await click("[data-testid=row-0] .select");
    await click("[data-testid=view-both]");
    await click("[data-testid=columns]");
    await expect.poll(() => root.querySelector("[data-testid=comparison]")).not.toBeNull();
    expect(await violations(el)).toEqual([]);
    await click("[data-testid=view-timeline]");
    await expect.poll(() => root.querySelector(".slots .stay")).not.toBeNull();
    expect(await violations(el)).toEqual([]);
    await click("[data-testid=chip-error]");
    await click("[data-testid=rerun-cause-with-0]");
    await expect.poll(() => root.querySelector("[data-testid=revision-go]")).not.toBeNull();
    expect(await violations(el)).toEqual([]);
  });

  it("finds nothing wrong with an open job, a deletion and a menu", async () => {
    const { root, el, model } = await show();
    const click = clicks(root);
    await expect.poll(() => root.querySelector("[data-testid=row-0]")).not.toBeNull();
    (model as StandIn).set({ next_up: [23, 2] });
    await click("[data-testid=row-0] .cell:last-child");
    await click("[data-testid=more]");
    await click("[data-testid=delete]");
    await click(".caret");
    await expect.poll(() => root.querySelector("figure")).not.toBeNull();
    expect(await violations(el)).toEqual([]);
  });

  it("finds nothing wrong with a table that is sorted, scrolled and selected", async () => {
    const { root, el, model } = await show({ jobs: 3000, scene: "finished" });
    await expect.poll(() => root.querySelector("[data-testid=keep-results]")).not.toBeNull();
    await expect.poll(() => root.querySelector(".bars-of-column")).not.toBeNull();
    (model as StandIn).set({ sort: "-label.phi; position", selected: [[0, 40]] });
    const grid = root.querySelector("[data-testid=grid]") as HTMLElement;
    [grid.scrollTop, grid.scrollLeft] = [2000, 200];
    await expect.poll(() => root.querySelectorAll(".header small").length).toBe(2);
    expect(await violations(el)).toEqual([]);
  });

  it("finds nothing wrong with any situation", async () => {
    const { root, el, model } = await show({ scene: "rejected" });
    await expect.poll(() => root.querySelector("[data-testid=row-0]")).not.toBeNull();
    const sender = { host: "lab", pid: 7, since: 0, is_this_process: false, is_from_page: false };
    const incident = { last_error: "No route (to host). Try later.", incident: "unreachable" };
    (root.querySelector("[data-testid=row-2] .select") as HTMLElement).click();
    const situations = [
      { sender },
      { sender: null, paused: true, ...incident, incident_since: 5 },
      { paused: false, interrupted: true, search: "ph>3" },
    ];
    for (const situation of situations) {
      (model as StandIn).set(situation);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(await violations(el)).toEqual([]);
    }
  });

  it("finds nothing wrong with the trash", async () => {
    const { root, el } = await show({ scene: "groups" });
    const click = clicks(root);
    await expect.poll(() => root.querySelector("[data-testid^=listed]")).not.toBeNull();
    await click("[data-testid^=listed] input");
    await click("[data-testid=delete-selected]");
    await click("[data-testid=delete-confirm]");
    await expect.poll(() => root.querySelector("[data-testid=chip-trash]")).not.toBeNull();
    await click("[data-testid=chip-trash]");
    await expect.poll(() => root.querySelector("[data-testid^=trashed]")).not.toBeNull();
    expect(await violations(el)).toEqual([]);
  });

  it("finds a planted fault", async () => {
    const { el, root } = await show();
    const fault = document.createElement("button");
    (root.querySelector(".jobgroup") as Element).append(fault);
    expect(await violations(el)).not.toEqual([]);
  });

  it("finds text that is too dark for the dark theme", async () => {
    const { el, root } = await show();
    const text = document.createElement("p");
    text.append("dark");
    text.style.color = "rgb(40, 44, 50)";
    (root.querySelector(".jobgroup") as Element).prepend(text);
    const found = await violations(el);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain("color-contrast");
  });
});

/** A function that clicks an element of a dashboard once it is there. */
const clicks = (root: ShadowRoot) => async (selector: string) => {
  await expect.poll(() => root.querySelector(selector)).not.toBeNull();
  (root.querySelector(selector) as HTMLElement).click();
};

/** What is wrong in the light theme, and with the contrast of the dark one. */
async function violations(el: HTMLElement): Promise<string[]> {
  const root = el.firstElementChild?.shadowRoot as ShadowRoot;
  const light = await axe.run(el, { rules: { region: { enabled: false } } });
  document.documentElement.dataset["theme"] = "dark";
  await expect.poll(() => ground(root)).toBe(DARK);
  const dark = await axe.run(el, { runOnly: ["color-contrast"] });
  document.documentElement.dataset["theme"] = "light";
  await expect.poll(() => ground(root)).toBe(LIGHT);
  return [...light.violations, ...dark.violations].flatMap(({ id, nodes }) =>
    nodes.map(({ html, any }) => `${id}: ${html.slice(0, 200)} ${any[0]?.message ?? ""}`),
  );
}

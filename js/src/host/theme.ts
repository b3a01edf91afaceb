/**
 * Light or dark, like the surrounding page: from the trait, otherwise from the host's attributes,
 * otherwise from the brightness of the background. Custom properties do not show it, and the
 * system's preference may differ.
 */

import { effect, type ReadonlySignal } from "@preact/signals";
import { atEnd } from "../kernel/abort";

export type Theme = "light" | "dark";

const MARKS = ["data-jp-theme-light", "data-vscode-theme-kind", "data-theme", "theme"];

export function followTheme(
  host: HTMLElement,
  wanted: ReadonlySignal<string>,
  lifetime: AbortSignal,
): void {
  const update = () => {
    const asked = wanted.value;
    const isChosen = asked === "light" || asked === "dark";
    host.setAttribute("data-theme", isChosen ? asked : themeOf(host));
  };
  atEnd(lifetime, effect(update));
  const observer = new MutationObserver(update);
  for (const element of [document.documentElement, document.body]) {
    observer.observe(element, { attributes: true, attributeFilter: [...MARKS, "class"] });
  }
  atEnd(lifetime, () => observer.disconnect());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", update, {
    signal: lifetime,
  });
}

function themeOf(host: HTMLElement): Theme {
  return (
    marked(document.body) ??
    marked(document.documentElement) ??
    behind(host) ??
    (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")
  );
}

/** JupyterLab and Notebook, VS Code, Colab, marimo. */
function marked(element: HTMLElement): Theme | undefined {
  const [isLight, kind, ...names] = MARKS.map((name) => element.getAttribute(name));
  if (isLight) return isLight === "true" ? "light" : "dark";
  if (kind) return /dark$|^vscode-high-contrast$/.test(kind) ? "dark" : "light";
  const named = [names.find(Boolean) ?? "", ...element.classList];
  return (["dark", "light"] as const).find((theme) => named.includes(theme));
}

/** The first opaque background behind an element, through shadow roots. */
function behind(host: HTMLElement): Theme | undefined {
  let node: Node | null = host.parentNode;
  while (node) {
    if (node instanceof ShadowRoot) node = node.host;
    if (node instanceof HTMLElement) {
      const [r = 0, g = 0, b = 0, a = 0] = channels(getComputedStyle(node).backgroundColor);
      if (a > 127) return 0.2126 * r + 0.7152 * g + 0.0722 * b < 128 ? "dark" : "light";
    }
    node = node.parentNode;
  }
  return undefined;
}

/**
 * Red, green, blue and opacity, 0 to 255. A host may use other notations, such as "oklch(98% 0 0)",
 * which only a canvas can convert. Some browsers return random colors from a canvas, for privacy.
 */
function channels(colour: string): number[] {
  if (colour.startsWith("rgb")) {
    const [r = 0, g = 0, b = 0, a = 1] = (colour.match(/[\d.]+/g) ?? []).map(Number);
    return [r, g, b, 255 * a];
  }
  const paper = document.createElement("canvas").getContext("2d");
  if (!paper) return [];
  paper.fillStyle = colour;
  paper.fillRect(0, 0, 1, 1);
  return [...paper.getImageData(0, 0, 1, 1).data];
}

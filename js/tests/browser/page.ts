/** A dashboard on a page, from the built bundle that users get. */

import { onTestFinished } from "vitest";
import { page } from "vitest/browser";
import { StandIn } from "../../dev/standin";
import type { Model } from "../../src/kernel/model";

interface Widget {
  initialize(props: { model: Model; signal?: AbortSignal }): () => void;
  render(props: { model: Model; el: HTMLElement; signal?: AbortSignal }): () => void;
}

export async function bundle(): Promise<() => Widget> {
  // @ts-expect-error built, so without types
  return (await import("../../../src/jobgroup/dashboard/static/widget.js")).default;
}

interface Options {
  jobs?: number;
  scene?: string;
  width?: number;
  model?: Model;
}

/** Show a dashboard until the test ends. */
export async function show({ jobs = 24, scene = "still", width = 960, model }: Options = {}) {
  const shown = model ?? new StandIn(jobs, scene);
  const { initialize, render } = (await bundle())();
  const el = document.createElement("div");
  el.style.width = `${width}px`;
  document.body.append(el);
  const end = initialize({ model: shown });
  const close = render({ model: shown, el });
  onTestFinished(() => {
    close();
    end();
    el.remove();
    document.documentElement.removeAttribute("data-theme");
  });
  return { model: shown, el, close, root: el.firstElementChild?.shadowRoot as ShadowRoot };
}

export const at = (testid: string) => page.getByTestId(testid);

export const rows = (root: ShadowRoot) => [...root.querySelectorAll<HTMLElement>(".rows .row")];

/** The states of the rows in the order in which they are shown. */
export const shownFirst = (root: ShadowRoot) =>
  rows(root)
    .sort((a, b) => Number(a.ariaRowIndex) - Number(b.ariaRowIndex))
    .map(({ dataset }) => dataset["status"]);

/** The drawing of elements, without a dashboard. */

import { describe, expect, it, onTestFinished, vi } from "vitest";
import {
  type Children,
  type Component,
  drawInto,
  jsx,
  type Key,
  type Props,
  useEffect,
  useOnce,
  useRef,
} from "../../src/ui/dom";

function h(
  tag: string | Component,
  given: (Props & { key?: Key }) | null,
  ...children: Children[]
) {
  const { key, ...props } = given ?? {};
  return jsx(tag, { ...props, children }, key);
}

function place() {
  const parent = document.createElement("div");
  document.body.append(parent);
  onTestFinished(() => parent.remove());
  return { parent, draw: drawInto(parent) };
}

const items = (keys: string[]) =>
  h(
    "ul",
    null,
    keys.map((key) => h("li", { key, id: key }, key)),
  );
const nextTurn = () => new Promise((resolve) => setTimeout(resolve));

describe("elements", () => {
  it("are kept where what is drawn is the same, and changed where it differs", () => {
    const { parent, draw } = place();
    draw(h("p", { class: "a", hidden: true, "aria-busy": false }, "n = ", 1));
    const before = parent.firstElementChild;
    expect(parent.innerHTML).toBe('<p class="a" hidden="" aria-busy="false">n = 1</p>');
    draw(h("p", { title: "t", hidden: false }, "n = ", 2));
    expect(parent.innerHTML).toBe('<p title="t">n = 2</p>');
    expect(parent.firstElementChild).toBe(before);
  });

  it.each([
    ["reversed", "abcde", "edcba"],
    ["without the first", "abcde", "bcde"],
    ["with new ones", "ace", "abcde"],
    ["other ones", "abc", "xyz"],
    ["rotated", "abcde", "eabcd"],
    ["emptied", "abc", ""],
  ])("of a list stand in order: %s", (_, from, to) => {
    const { parent, draw } = place();
    draw(items([...from]));
    const kept = new Map([...parent.querySelectorAll("li")].map((li) => [li.id, li]));
    draw(items([...to]));
    expect(parent.textContent).toBe(to);
    for (const li of parent.querySelectorAll("li")) {
      if (kept.has(li.id)) expect(li).toBe(kept.get(li.id));
    }
  });

  it("keep the focus when one before them comes or goes", () => {
    const { parent, draw } = place();
    const view = (isShown: boolean) =>
      h("div", null, isShown && h("p", null, "x"), h("input", null));
    draw(view(false));
    const input = parent.querySelector("input");
    input?.focus();
    for (const isShown of [true, false]) {
      draw(view(isShown));
      expect(document.activeElement).toBe(input);
    }
  });

  it("of components and fragments stand where their component stands", () => {
    const { parent, draw } = place();
    const Pair = ({ names }: { names: string[] }): Children => names.map((n) => h("i", null, n));
    const view = (left: string[], right: string[]) => [
      h(Pair, { names: left }),
      "|",
      h(Pair, { names: right }),
    ];
    draw(view(["a"], ["b"]));
    draw(view(["a", "c"], []));
    expect(parent.textContent).toBe("ac|");
    draw(view([], ["b"]));
    expect(parent.textContent).toBe("|b");
    draw(null);
    expect(parent.childNodes.length).toBe(0);
  });

  it("hear with the handler of the last drawing, and write what a person typed over when told", () => {
    const { parent, draw } = place();
    const heard: number[] = [];
    for (const n of [1, 2]) draw(h("input", { value: "v", onClick: () => heard.push(n) }));
    const input = parent.firstElementChild as HTMLInputElement;
    input.click();
    expect(heard).toEqual([2]);
    input.value = "typed";
    draw(h("input", { value: "v" }));
    expect(input.value).toBe("v");
    input.click();
    expect(heard).toEqual([2]);
  });
});

describe("a component", () => {
  it("keeps its own things, runs effects once for each value, and ends them when it goes", async () => {
    const { draw } = place();
    const [made, run, ended] = [vi.fn(() => ({})), vi.fn(), vi.fn()];
    const One = ({ value }: { value: number }): Children => {
      const element = useRef<HTMLElement>();
      useOnce(made);
      useEffect(() => {
        run(element.current?.id, value);
        return ended;
      }, [value]);
      return h("b", { ref: element, id: "one" });
    };
    for (const value of [1, 1, 2]) {
      draw(h(One, { value }));
      await nextTurn();
    }
    expect(made).toHaveBeenCalledTimes(1);
    expect(run.mock.calls).toEqual([
      ["one", 1],
      ["one", 2],
    ]);
    expect(ended).toHaveBeenCalledTimes(1);
    draw(null);
    expect(ended).toHaveBeenCalledTimes(2);
  });

  it("that is gone before its effect has run never runs it", async () => {
    const { draw } = place();
    const run = vi.fn();
    const One = (): Children => {
      useEffect(run, []);
      return "x";
    };
    draw(h(One, null));
    draw(null);
    await nextTurn();
    expect(run).not.toHaveBeenCalled();
  });

  it("with another key is another one", () => {
    const { draw } = place();
    const made = vi.fn(() => ({}));
    const One = (): Children => {
      useOnce(made);
      return "x";
    };
    for (const key of [1, 1, 2]) draw(h(One, { key }));
    expect(made).toHaveBeenCalledTimes(2);
  });
});

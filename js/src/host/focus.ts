/**
 * The keyboard focus stays in a view: if its element is removed, for example a button whose action
 * is done, the next action gets it, or the open menu or the drawer if the element was there. Neither
 * a key nor a click that was meant for a removed button presses the next one.
 */

import { atEnd } from "../kernel/abort";

const NEXT = ".toolbar button, .deleted button, .cell[tabindex='0']";

/**
 * A button that replaces another one ignores clicks for this long, and keys too if the other one was
 * not pressed or this one may cost money.
 */
const SETTLE_MS = 500;

export function keepFocus(root: ShadowRoot, app: HTMLElement, lifetime: AbortSignal): void {
  let focused: Element | null = null;
  let drawer: HTMLElement | null = null;
  let wasPressed = false;
  /** The element that got the focus of a removed one, and when it no longer ignores keys. */
  let heir: HTMLElement | null = null;
  let settlesAt = 0;
  const enter = ({ target }: FocusEvent) => {
    focused = target as Element;
    drawer = focused.closest(".job");
    wasPressed = false;
  };
  // Some browsers also report that the focus leaves an element that is being removed, and every
  // browser does so when its window loses the focus.
  const leave = () =>
    queueMicrotask(() => {
      if (focused?.isConnected && root.activeElement !== focused) focused = null;
    });
  const observer = new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes)
      if ((target as Element).matches(".toolbar")) for (const node of addedNodes) shield(node);
    if (!focused || focused.isConnected) return;
    const isLost = (document.activeElement ?? document.body) === document.body;
    if (!isLost) focused = null;
    else {
      const near = app.querySelector<HTMLElement>(".menu button") ?? drawer;
      heir = near?.isConnected ? near : app.querySelector<HTMLElement>(NEXT);
      const mayBeMistaken = !wasPressed || heir?.matches(".primary");
      settlesAt = mayBeMistaken ? performance.now() + SETTLE_MS : 0;
      heir?.focus({ preventScroll: true });
    }
  });
  // Neither a held key nor one that was meant for a button that a change of the group has replaced
  // must press the next button, which may cost money.
  const press = (event: KeyboardEvent) => {
    const isButton = event.target instanceof HTMLButtonElement;
    if (event.key !== "Enter" && !(isButton && event.key === " ")) return;
    const isStray =
      event.repeat || (isButton && event.target === heir && performance.now() < settlesAt);
    if (!isStray || event.target instanceof HTMLTextAreaElement) {
      wasPressed = true;
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  app.addEventListener("focusin", enter, { signal: lifetime });
  app.addEventListener("focusout", leave, { signal: lifetime });
  app.addEventListener("keydown", press, { capture: true, signal: lifetime });
  app.addEventListener("click", () => (wasPressed = true), { capture: true, signal: lifetime });
  observer.observe(app, { childList: true, subtree: true });
  atEnd(lifetime, () => observer.disconnect());
}

/** Let no click reach a new action, except *Stop*, while it may be meant for the one before. */
function shield(node: Node): void {
  if (!(node instanceof HTMLElement) || node.querySelector("[data-testid=stop]")) return;
  node.style.pointerEvents = "none";
  setTimeout(() => {
    node.style.pointerEvents = "";
  }, SETTLE_MS);
}

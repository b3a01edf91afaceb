/**
 * The keyboard focus stays in a view: if its element is removed, for example a button whose action
 * is done, the next action gets it, or the drawer if the element was there.
 */

import { atEnd } from "../kernel/abort";

const NEXT = ".toolbar button, .deleted button, .cell[tabindex='0']";

/** If the removed element was not pressed, the next one ignores presses for this long. */
const SETTLE_MS = 500;

export function keepFocus(root: ShadowRoot, app: HTMLElement, lifetime: AbortSignal): void {
  let focused: Element | null = null;
  let drawer: HTMLElement | null = null;
  let wasPressed = false;
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
  const observer = new MutationObserver(() => {
    if (!focused || focused.isConnected) return;
    const isLost = (document.activeElement ?? document.body) === document.body;
    const next = drawer?.isConnected ? drawer : app.querySelector<HTMLElement>(NEXT);
    if (!isLost) focused = null;
    else {
      if (!wasPressed) settlesAt = performance.now() + SETTLE_MS;
      next?.focus({ preventScroll: true });
    }
  });
  // Neither a held key nor one that was meant for a button that a change of the group has replaced
  // must press the next button, which may cost money.
  const press = (event: KeyboardEvent) => {
    const isButton = event.target instanceof HTMLButtonElement;
    if (event.key !== "Enter" && !(isButton && event.key === " ")) return;
    const isStray = event.repeat || (isButton && performance.now() < settlesAt);
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

/**
 * The keyboard focus stays in a view: if its element is removed, for example a button whose action
 * is done, the next action gets it, or the drawer if the element was there.
 */

import { atEnd } from "../kernel/abort";

const NEXT = ".toolbar button, .deleted button, .cell[tabindex='0']";

/** For this long after the focus has moved, its new element ignores keys meant for the old one. */
const SETTLE_MS = 500;

export function keepFocus(root: ShadowRoot, app: HTMLElement, lifetime: AbortSignal): void {
  let focused: Element | null = null;
  let drawer: HTMLElement | null = null;
  let moved = Number.NEGATIVE_INFINITY;
  const enter = ({ target }: FocusEvent) => {
    focused = target as Element;
    drawer = focused.closest(".job");
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
    else if (next) {
      next.focus({ preventScroll: true });
      moved = performance.now();
    }
  });
  // A key that is held must not press the button that gets the focus, which may cost money.
  const press = (event: KeyboardEvent) => {
    const isStray = event.repeat || performance.now() - moved < SETTLE_MS;
    const isPress =
      event.key === "Enter"
        ? !(event.target instanceof HTMLTextAreaElement)
        : event.key === " " && event.target instanceof HTMLButtonElement;
    if (!isStray || !isPress) return;
    event.preventDefault();
    event.stopPropagation();
  };
  app.addEventListener("focusin", enter, { signal: lifetime });
  app.addEventListener("focusout", leave, { signal: lifetime });
  app.addEventListener("keydown", press, { capture: true, signal: lifetime });
  observer.observe(app, { childList: true, subtree: true });
  atEnd(lifetime, () => observer.disconnect());
}

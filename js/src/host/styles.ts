/** Style sheets without `<style>` elements, which a page's security policy may reject. */

import { atEnd } from "../kernel/abort";

/** Give a shadow root or a document a style sheet until `lifetime` ends. */
export function adopt(root: Document | ShadowRoot, css: string, lifetime: AbortSignal): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets.push(sheet);
  atEnd(lifetime, () => {
    root.adoptedStyleSheets = root.adoptedStyleSheets.filter((each) => each !== sheet);
  });
}

/** Give a style sheet to an element's root once it has one. A host may attach the element later. */
export function adoptAround(element: Element, css: string, lifetime: AbortSignal): void {
  const observer = new IntersectionObserver(() => tryToAdopt());
  const tryToAdopt = () => {
    const root = element.getRootNode();
    if (!(root instanceof Document || root instanceof ShadowRoot)) return false;
    observer.disconnect();
    adopt(root, css, lifetime);
    return true;
  };
  if (tryToAdopt()) return;
  observer.observe(element);
  atEnd(lifetime, () => observer.disconnect());
}

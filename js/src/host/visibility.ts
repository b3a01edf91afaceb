/**
 * Whether a view is visible: it is on or near the screen, and its browser tab is shown. The title
 * of a hidden tab stays visible, so a view that `tells` in the title counts as visible.
 */

import { atEnd } from "../kernel/abort";

export function whenSeen(
  element: Element,
  seen: (isSeen: boolean) => void,
  tells: () => boolean,
  lifetime: AbortSignal,
): void {
  let isNear = false;
  let was = false;
  const tell = () => {
    const is = isNear && (!document.hidden || tells()) && !lifetime.aborted;
    if (is !== was) seen(is);
    was = is;
  };
  const observer = new IntersectionObserver(
    (entries) => {
      isNear = entries.at(-1)?.isIntersecting ?? isNear;
      tell();
    },
    { rootMargin: "200px" },
  );
  observer.observe(element);
  document.addEventListener("visibilitychange", tell, { signal: lifetime });
  atEnd(lifetime, () => {
    observer.disconnect();
    tell();
  });
}

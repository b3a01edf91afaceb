/** Values that depend only on a figure. They are computed once, not for each frame. */

import type { Figure } from "../kernel/answers";

export function perFigure<T>(compute: (figure: Figure) => T): (figure: Figure) => T {
  const known = new WeakMap<Figure, { value: T }>();
  return (figure) => {
    let found = known.get(figure);
    if (!found) {
      found = { value: compute(figure) };
      known.set(figure, found);
    }
    return found.value;
  };
}

/** Take what a pointer does until it is released, wherever it goes. */
export function capture({ currentTarget, pointerId }: PointerEvent & { currentTarget: Element }) {
  try {
    currentTarget.setPointerCapture(pointerId);
  } catch {
    // it has been released already
  }
}

/** Capture a pointer until it is released, wherever it moves. */
export function capture({ currentTarget, pointerId }: PointerEvent & { currentTarget: Element }) {
  try {
    currentTarget.setPointerCapture(pointerId);
  } catch {
    // it has already been released
  }
}

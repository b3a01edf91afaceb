/** Capture a pointer until it is released. */
export function capture({ currentTarget, pointerId }: PointerEvent & { currentTarget: Element }) {
  try {
    currentTarget.setPointerCapture(pointerId);
  } catch {
    // the pointer has already been released
  }
}

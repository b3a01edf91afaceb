/** Hooks and handlers that several components use. */

import type { Signal } from "@preact/signals";
import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";

/** The target of a control: a signal, or a setting that sends a request to the kernel when it is written. */
export type Writable<T> = Pick<Signal<T>, "value" | "peek">;

/** Give an element the focus, and return the focus when the element is removed and still has it. */
export function useFocus(place: RefObject<HTMLElement | null>, wanted: string): void {
  useLayoutEffect(() => {
    const { current } = place;
    const root = current?.getRootNode() as ShadowRoot;
    const before = root.activeElement as HTMLElement | null;
    const first = current?.querySelector<HTMLInputElement>(wanted);
    first?.focus({ preventScroll: true });
    first?.select?.();
    return () => current?.contains(root.activeElement) && before?.focus({ preventScroll: true });
  }, []);
}

/** A handler that sets a signal. */
export const sets =
  <T>(signal: Writable<T>, value: T) =>
  () => {
    signal.value = value;
  };

/** Properties of a button that shows and hides something, by its name. */
export const opens = <T extends string>(shown: Writable<T | "">, name: T) => ({
  isOpen: shown.value === name,
  onClick: sets<T | "">(shown, shown.value === name ? "" : name),
});

/** The text of a field, tied to a signal. */
export const typed = (text: Signal<string>) => ({
  value: text.value,
  onInput: ({ currentTarget }: { currentTarget: { value: string } }) => {
    text.value = currentTarget.value;
  },
});

/** A checkbox, tied to a signal. */
export const ticked = (isOn: Signal<boolean>) => ({
  type: "checkbox" as const,
  checked: isOn.value,
  onChange: () => {
    isOn.value = !isOn.value;
  },
});

/** Hooks and handlers that several components use. */

import type { Signal } from "@preact/signals";
import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";

/** What a control sets: a signal, or a setting that asks the kernel when it is written. */
export type Writable<T> = Pick<Signal<T>, "value" | "peek">;

/** Give a place the focus, and give it back when the place goes and has it still. */
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

/** What a button is that shows something, by its name, and hides it again. */
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

/** A box to tick, tied to a signal. */
export const ticked = (isOn: Signal<boolean>) => ({
  type: "checkbox" as const,
  checked: isOn.value,
  onChange: () => {
    isOn.value = !isOn.value;
  },
});

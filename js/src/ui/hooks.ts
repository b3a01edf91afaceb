/**
 * State of a component, as a signal: a view is drawn by one effect, which sees every signal that was
 * read, while a component that drew itself again alone would escape it.
 */

import type { Args, Question } from "../protocol";
import type { Session } from "../session";
import { type Signal, signal } from "../signals";
import { type Ref, useEffect, useOnce } from "./dom";

export function useSignal<T>(initial: T): Signal<T> {
  return useOnce(() => signal(initial));
}

/** Give a place the focus, and give it back when the place goes and has it still. */
export function useFocus(place: Ref<HTMLElement>, wanted: string): void {
  useEffect(() => {
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
  <T>(signal: Signal<T>, value: T) =>
  () => {
    signal.current = value;
  };

/** What a button is that shows something, by its name, and hides it again. */
export const opens = <T extends string>(shown: Signal<T | "">, name: T) => ({
  isOpen: shown.current === name,
  onClick: sets<T | "">(shown, shown.current === name ? "" : name),
});

/** The text of a field, tied to a signal. */
export const typed = (text: Signal<string>) => ({
  value: text.current,
  onInput: ({ currentTarget }: { currentTarget: { value: string } }) => {
    text.current = currentTarget.value;
  },
});

/** A box to tick, tied to a signal. */
export const ticked = (isOn: Signal<boolean>) => ({
  type: "checkbox",
  checked: isOn.current,
  onChange: () => {
    isOn.current = !isOn.current;
  },
});

export interface Answer<T> {
  value: T | null;
  error: string;
}

/** Ask the kernel, and again whenever `fresh` changes; the last answer stays until the next is here. */
export function useAnswer<T>(
  session: Session,
  name: Question,
  args: Args,
  fresh: string,
): Answer<T> {
  const answer = useSignal<Answer<T>>({ value: null, error: "" });
  useEffect(() => {
    let isWanted = true;
    const take = (value: T | null, error: string) => {
      if (isWanted) answer.current = { value, error };
    };
    session.link.ask(name, args).then(
      (value) => take(value as T, ""),
      (error: Error) => take(null, error.message),
    );
    return () => {
      isWanted = false;
    };
  }, [session, name, fresh]);
  return answer.current;
}

/**
 * An extra step inside the page. It takes the focus, at *Cancel* if the action loses something.
 * Enter in a field confirms, and Escape cancels.
 */

import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { Button, type Props as Face } from "./Button";
import { useFocus } from "./hooks";

interface Props {
  label: string;
  role?: "alertdialog";
  /** Whether the action loses nothing. */
  isPlain?: boolean;
  /** Whether it does not take the focus, because it was open before. */
  isQuiet?: boolean;
  /** The button that confirms, and other buttons. */
  go: Face & { onClick: () => void };
  others?: ComponentChildren;
  close: () => void;
  children: ComponentChildren;
}

export function InlineForm({ label, role, isPlain, isQuiet, go, others, close, children }: Props) {
  const place = useRef<HTMLElement>(null);
  const first = isPlain ? "input, textarea, button" : "input, textarea, .buttons > :last-child";
  useFocus(place, isQuiet ? ":not(*)" : first);
  const onKeyDown = (event: KeyboardEvent & { target: EventTarget | null }) => {
    if (event.key === "Escape") close();
    const isField = event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey;
    if (event.key !== "Enter" || !isField || go.reason) return;
    event.preventDefault(); // otherwise it would press the button that gets the focus back
    if (!go.isPending) go.onClick();
  };
  return (
    <section
      ref={place}
      class={isPlain ? "step plain" : "step"}
      role={role}
      aria-label={label}
      onKeyDown={onKeyDown}
    >
      {children}
      <span class="buttons">
        <Button kind={isPlain ? "primary" : "filled"} {...go} />
        {others}
        <Button onClick={close}>{isPlain ? "Not now" : "Cancel"}</Button>
      </span>
    </section>
  );
}

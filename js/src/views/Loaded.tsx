import type { ComponentChildren } from "preact";
import type { Answer } from "./useAnswer";

interface Props<T> {
  answer: Answer<T>;
  children: (value: T) => ComponentChildren;
}

/** The requested content, a note that it is loading, or the reason why it cannot be loaded. */
export function Loaded<T>({ answer, children }: Props<T>) {
  if (answer.value === null) return <p class="quiet">{answer.error || "Fetching…"}</p>;
  return <>{children(answer.value)}</>;
}

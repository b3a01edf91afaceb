import type { ComponentChildren } from "preact";
import type { Answer } from "./useAnswer";

interface Props<T> {
  answer: Answer<T>;
  children: (value: T) => ComponentChildren;
}

/** What was asked for, or that it is on its way, or why it is not. */
export function Loaded<T>({ answer, children }: Props<T>) {
  if (answer.value === null) return <p class="quiet">{answer.error || "Fetching…"}</p>;
  return <>{children(answer.value)}</>;
}

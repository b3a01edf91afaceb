import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Args, Question } from "../kernel/protocol";
import type { Session } from "../session";

export interface Answer<T> {
  value: T | null;
  error: string;
}

/** Ask the kernel, and again whenever `fresh` changes; the last answer stays until the next one arrives. */
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
      if (isWanted) answer.value = { value, error };
    };
    session.link.ask(name, args).then(
      (value) => take(value as T, ""),
      (error: Error) => take(null, error.message),
    );
    return () => {
      isWanted = false;
    };
  }, [session, name, fresh]);
  return answer.value;
}

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { GroupSummary, GroupsAnswer } from "../../kernel/answers";
import type { Session } from "../../session";
import type { Answer } from "../useAnswer";

export interface GroupList {
  groups: GroupSummary[];
  trash: GroupSummary[];
}

const MIN_PAUSE_MS = 2000;

/**
 * Reading a long list is slow. It is requested so rarely that this takes a few percent of the time.
 */
const PAUSE_PER_MS = 20;

/** The list of groups, requested regularly while it is shown. */
export function useGroups(session: Session, changes: number): Answer<GroupList> {
  const answer = useSignal<Answer<GroupList>>({ value: null, error: "" });
  useEffect(() => {
    let isWanted = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let stamp = "";
    const ask = async () => {
      const began = performance.now();
      try {
        const { link } = session;
        const found = (await (stamp
          ? link.askQuietly("groups", { stamp })
          : link.ask("groups", {}))) as GroupsAnswer;
        const { groups, trash = [] } = found;
        stamp = found.stamp;
        if (isWanted && groups) answer.value = { value: { groups, trash }, error: "" };
      } catch (error) {
        if (isWanted && !answer.peek().value)
          answer.value = { value: null, error: (error as Error).message };
      }
      const pause = Math.max(MIN_PAUSE_MS, PAUSE_PER_MS * (performance.now() - began));
      if (isWanted) timer = setTimeout(again, pause);
    };
    const again = () => {
      if (document.hidden) timer = setTimeout(again, MIN_PAUSE_MS);
      else ask();
    };
    ask();
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [session, changes]);
  return answer.value;
}

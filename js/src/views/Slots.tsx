/** How full the plan is, while jobs wait for it: "10 of 10 slots used". */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { countWhere, isCancelable } from "../data/states";
import * as format from "../format";
import type { SlotsAnswer } from "../kernel/answers";
import type { Session } from "../session";

/** Each question is a request to the cloud. */
const ASK_INTERVAL_MS = 15_000;

export function Slots({ session }: { session: Session }) {
  const slots = useSignal<SlotsAnswer | null>(null);
  const { counts, group, sender } = session.traits;
  const unsent = counts.value.unsent ?? 0;
  const isNeeded =
    unsent > 0 && (sender.value !== null || countWhere(counts.value, isCancelable) > 0);
  const isSeen = session.isSeen.value;
  useEffect(() => {
    if (!isNeeded || !isSeen) return;
    const ask = async () => {
      const answer = await session.link.askQuietly("slots", {}).catch(() => null);
      slots.value = answer as SlotsAnswer | null;
    };
    ask();
    const timer = setInterval(ask, ASK_INTERVAL_MS);
    return () => clearInterval(timer);
  }, [isNeeded, isSeen, group.value]);
  const { used, total } = slots.value ?? {};
  if (!isNeeded || used == null || total == null) return null;
  return (
    <span
      class="quiet"
      data-testid="slots-used"
      title="Waiting and running jobs of your plan, those of other groups and programs included"
    >
      {format.whole(used)} of {format.count(total, "slot")} used
    </span>
  );
}

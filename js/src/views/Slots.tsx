/** The use of the plan while jobs wait for it: "10 of 10 slots used". */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { countWhere, isOnCloud } from "../data/states";
import * as format from "../format";
import type { SlotsAnswer } from "../kernel/answers";
import type { Session } from "../session";

/** Each query is a request to the cloud. */
const ASK_INTERVAL_MS = 15_000;

export function Slots({ session }: { session: Session }) {
  const slots = useSignal<{ others: number; total: number } | null>(null);
  const { counts, group, sender } = session.traits;
  const unsent = counts.value.unsent ?? 0;
  const active = countWhere(counts.value, isOnCloud);
  const isNeeded = unsent > 0 && (sender.value !== null || active > 0);
  const isSeen = session.isSeen.value;
  useEffect(() => {
    if (!isNeeded || !isSeen) return;
    const ask = async () => {
      const answer = await session.link.askQuietly("slots", {}).catch(() => null);
      const { used, total } = (answer ?? {}) as Partial<SlotsAnswer>;
      const own = countWhere(counts.peek(), isOnCloud);
      // The group's own jobs change between two answers, and are known.
      slots.value =
        used == null || total == null ? null : { others: Math.max(0, used - own), total };
    };
    ask();
    const timer = setInterval(ask, ASK_INTERVAL_MS);
    return () => clearInterval(timer);
  }, [isNeeded, isSeen, group.value]);
  if (!isNeeded || !slots.value) return null;
  const { others, total } = slots.value;
  return (
    <span
      class="quiet"
      data-testid="slots-used"
      title="Waiting and running jobs in your plan, including those of other groups and programs"
    >
      {format.whole(Math.min(total, others + active))} of {format.count(total, "slot")} used
    </span>
  );
}

/** The actions on the whole group. */

import { canAct } from "../canAct";
import { TRASH_RETENTION_DAYS } from "../data/limits";
import { countOf, countWhere, isCancelable } from "../data/states";
import * as format from "../format";
import type { Session } from "../session";
import { sets } from "../ui/hooks";
import { Menu, type Variant } from "../ui/Menu";
import { roving } from "../ui/roving";
import { Exports } from "./Exports";
import { NotifyButton } from "./NotifyButton";
import { cancelAll, Primary, pauseVariant, rerunFailed, rerunVariants } from "./Primary";
import { Slots } from "./Slots";

export function Toolbar({ session }: { session: Session }) {
  const isLive = canAct(session);
  const total = countOf(session.traits.counts.value);
  return (
    <div class="toolbar" role="toolbar" aria-label="Group" {...roving}>
      {isLive && total > 0 && <Primary session={session} />}
      {isLive && <Slots session={session} />}
      <span class="buttons">
        <Exports session={session} />
        <NotifyButton session={session} />
        {isLive && (
          <Menu label="More" testid="more" icon="more" kind="button" variants={moreOf(session)} />
        )}
      </span>
    </div>
  );
}

/** Less frequent actions, each shown only while it is possible. */
function moreOf(session: Session): Variant[] {
  const { counts, sender } = session.traits;
  const { error = 0, waiting = 0, unsent = 0 } = counts.value;
  const active = countWhere(counts.value, isCancelable);
  const isFinished = !sender.value && unsent === 0 && active === 0;
  const isFilled = sender.value && unsent > 0; // a run sends the next jobs instead of canceled ones
  const all = Array.from({ length: session.rows.value.table.total }, (_, position) => position);
  const list: (Variant | false)[] = [
    all.length > 0 && {
      label: "Repeat all jobs…",
      testid: "repeat-all",
      hint: "more samples of the same points",
      onClick: () => {
        session.asking.value = { what: "repeat", positions: all, from: "group" };
      },
    },
    error > 0 &&
      !isFinished && {
        label: `Rerun the ${format.whole(error)} failed`,
        testid: "rerun-failed",
        onClick: rerunFailed(session),
      },
    ...(error > 0 && !isFinished ? rerunVariants(session) : []),
    waiting > 0 &&
      !isFilled && {
        label: `Cancel the ${format.whole(waiting)} queued`,
        testid: "cancel-queued",
        hint: "running jobs continue",
        onClick: cancelAll(session, "waiting"),
      },
    active > 0 &&
      !isFilled && {
        label: `Cancel all ${format.whole(active)} on the cloud`,
        testid: "cancel-all",
        onClick: cancelAll(session),
      },
    !sender.value && unsent > 0 && pauseVariant(session),
    {
      label: "Delete group…",
      testid: "delete",
      hint: `you can restore it for ${TRASH_RETENTION_DAYS} days`,
      onClick: sets(session.panel, "delete"),
    },
  ];
  return list.filter((each) => each !== false);
}

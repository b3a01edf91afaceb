/** Failed and refused jobs by cause, with the actions for each cause. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { canAct } from "../canAct";
import { type Cause, causesOf } from "../data/causes";
import * as format from "../format";
import { useWidth } from "../plot/PlotArea";
import type { Session } from "../session";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import type { IconName } from "../ui/icons";
import { roving } from "../ui/roving";
import { Asked } from "./Asked";
import { runOrAsk } from "./Consent";

const MAX_CAUSES = 3;

export function Causes({ session }: { session: Session }) {
  const isWhole = useSignal(false);
  const causes = causesOf(session.rows.value.table);
  if (causes.length === 0) return null;
  const shown = isWhole.value ? causes : causes.slice(0, MAX_CAUSES);
  return (
    <section class="causes" data-testid="causes" aria-label="Failures by cause">
      <ul>
        {shown.map((cause, n) => (
          <Line key={`${cause.state} ${cause.positions[0]}`} {...{ session, cause, n }} />
        ))}
      </ul>
      {causes.length > shown.length && (
        <button
          class="link"
          data-testid="more-causes"
          onClick={() => {
            isWhole.value = true;
          }}
        >
          {format.count(causes.length - shown.length, "more cause")}
        </button>
      )}
      <Asked session={session} from="causes" />
    </section>
  );
}

function Line({ session, cause, n }: { session: Session; cause: Cause; n: number }) {
  const { sentence, isExact, state, positions } = cause;
  const count = positions.length;
  const word = state === "refused" ? "refused" : "failed";
  const show = () => {
    session.show(state);
    session.select(positions);
  };
  return (
    <li data-status={state} data-testid={`cause-${n}`}>
      <b class="count">
        <Icon name={state as IconName} />
        {format.whole(count)} {word}
      </b>
      <span class="cause">
        <Sentence text={sentence || "The cloud gave no reason."} />
        {!isExact && <small>and {format.count(count - 1, "more")} like it</small>}
      </span>
      <span class="buttons" role="toolbar" aria-label={`Jobs of cause ${n + 1}`} {...roving}>
        <Button kind="small" label={`Show the ${format.whole(count)} ${word}`} onClick={show}>
          Show
        </Button>
        {canAct(session) && (
          <>
            {state === "error" && (
              <Button
                kind="small"
                testid={`rerun-cause-${n}`}
                isPending={session.pending.value.has("rerun")}
                onClick={() =>
                  runOrAsk(session, "causes", "rerun", positions, { positions, mode: "queue" })
                }
              >
                Rerun {format.whole(count)}
              </Button>
            )}
            <Button
              kind="small"
              testid={`rerun-cause-with-${n}`}
              onClick={() => {
                session.asking.value = { what: "rerun", positions, from: "causes" };
              }}
            >
              Rerun with…
            </Button>
          </>
        )}
      </span>
    </li>
  );
}

/** The first lines of a text, and a button for the others. */
function Sentence({ text }: { text: string }) {
  const place = useRef<HTMLElement>(null);
  const width = useWidth(place).value;
  const isCut = useSignal(false);
  const isWhole = useSignal(false);
  useEffect(() => {
    const { scrollHeight = 0, clientHeight = 0 } = place.current ?? {};
    isCut.value = scrollHeight > clientHeight;
  }, [text, width, isWhole.value]);
  return (
    <>
      <span ref={place} class={isWhole.value ? undefined : "clamped"}>
        {text}
      </span>
      {(isCut.value || isWhole.value) && (
        <button
          class="link"
          aria-expanded={isWhole.value}
          onClick={() => {
            isWhole.value = !isWhole.value;
          }}
        >
          {isWhole.value ? "less" : "more"}
        </button>
      )}
    </>
  );
}

/** A note on the results: whether many are missing, the progress of fetching them, and errors. */

import { canAct } from "../canAct";
import * as format from "../format";
import type { SizeAnswer } from "../kernel/answers";
import type { Session } from "../session";
import { Button } from "../ui/Button";
import { sets } from "../ui/hooks";
import { FailedResults } from "./FailedResults";
import { lacksToken } from "./TokenField";
import { useAnswer } from "./useAnswer";

/** Fewer missing results than this are fetched without a note. */
const MANY = 200;

export function MeasuredNote({ session }: { session: Session }) {
  const { missing, known, isHeld, secondsLeft, failed } = session.measurements.state.value;
  const others = [...failed].filter(([, why]) => !lacksToken(session, why));
  const [first] = others;
  const left = secondsLeft >= 5 ? `, about ${format.roughly(secondsLeft)}` : "";
  return (
    <>
      {isHeld && !session.isSaved() && (
        <p class="buttons" data-testid="results-missing">
          <Button testid="load-results" onClick={sets(session.measurements.isWanted, true)}>
            Load {format.count(missing, "result")}
            {left}
          </Button>
          {canAct(session) && <KeepResults session={session} />}
          <i>Until then, only visible rows get their results.</i>
        </p>
      )}
      {!isHeld && missing > MANY && (
        <p class="quiet" data-testid="loading">
          {format.whole(known)} of {format.count(known + missing, "result")} loaded{left}…
        </p>
      )}
      {first && (
        <FailedResults
          {...{ first, testid: "no-results", count: others.length, isSaved: session.isSaved() }}
          retry={() => session.measurements.retry()}
        />
      )}
    </>
  );
}

/** Clouds may delete results, and a later session would have to load them again. */
function KeepResults({ session }: { session: Session }) {
  const isPending = session.pending.value.has("keep");
  const { value } = useAnswer<SizeAnswer>(session, "size", {}, String(isPending));
  return (
    <label>
      <input
        type="checkbox"
        data-testid="keep-results"
        checked={value?.keeps_results ?? false}
        disabled={value === null || isPending}
        onChange={({ currentTarget }) => session.run("keep", { keep: currentTarget.checked })}
      />{" "}
      Keep them in the group's file
    </label>
  );
}

/** The number of results in a figure, and actions for the missing ones. */

import { MAX_UNASKED } from "../data/limits";
import type { Figures } from "../figures";
import * as format from "../format";
import type { FigureProgress } from "../kernel/answers";
import type { Session } from "../session";
import { Button } from "../ui/Button";
import { FailedResults } from "./FailedResults";
import { lacksToken } from "./TokenField";

interface Props {
  session: Session;
  figures: Figures;
  progress: FigureProgress;
}

export function PlotProgress({ session, figures, progress }: Props) {
  const { loaded, of, missing, failed } = progress;
  const isHeldBack = missing > MAX_UNASKED && !figures.isLoading();
  return (
    <>
      {isHeldBack ? (
        <p class="notice" data-testid="load-many">
          <span>
            {format.whole(loaded)} of {format.count(of, "result")} are loaded.
          </span>
          <Button kind="primary" testid="load-figure" onClick={() => figures.load()}>
            Load {format.count(missing, "result")}
          </Button>
        </p>
      ) : (
        missing > 0 && (
          <p class="quiet" data-testid="plot-loading">
            {format.whole(loaded)} of {format.count(of, "result")} loaded…
          </p>
        )
      )}
      {failed.first && !lacksToken(session, failed.first[1]) && (
        <FailedResults
          {...{ first: failed.first, testid: "plot-failed", count: failed.count }}
          isSaved={session.isSaved()}
          retry={() => figures.load(true)}
        />
      )}
    </>
  );
}

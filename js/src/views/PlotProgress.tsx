/** How many results a figure has, and what to do about those that are missing. */

import { type Figures, MOST_UNASKED } from "../figures";
import * as format from "../format";
import type { FigureProgress } from "../kernel/answers";
import { Button } from "../ui/Button";

interface Props {
  figures: Figures;
  progress: FigureProgress;
  isSaved: boolean;
}

export function PlotProgress({ figures, progress, isSaved }: Props) {
  const { loaded, of, missing, failed } = progress;
  const [position, why] = failed.first ?? [];
  const isHeldBack = missing > MOST_UNASKED && !figures.isLoading();
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
      {failed.count > 0 && (
        <p class="notice" data-testid="plot-failed">
          <span>
            {format.count(failed.count, "result")} could not be loaded. Job {position}: {why}
          </span>
          {!isSaved && (
            <Button kind="small" onClick={() => figures.load(true)}>
              Try again
            </Button>
          )}
        </p>
      )}
    </>
  );
}

/** The selected groups in one figure, with their distances from the first one at common points. */

import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { chanceOf, pValueOf } from "../../data/compare";
import { newFigures } from "../../figures";
import * as format from "../../format";
import type { Distance, GroupComparisonAnswer } from "../../kernel/answers";
import type { PlotChoices } from "../../kernel/model";
import type { Session } from "../../session";
import { Button } from "../../ui/Button";
import { DataTable } from "../../ui/DataTable";
import { DrawnFigure } from "../DrawnFigure";
import { PlotChoiceRow } from "../PlotChoices";
import { PlotProgress } from "../PlotProgress";

interface Props {
  session: Session;
  names: readonly string[];
  close: () => void;
}

export function GroupComparison({ session, names, close }: Props) {
  const plot = useSignal<PlotChoices>({});
  const figures = useMemo(() => newFigures(session.link, "compare_groups", { names }), []);
  const choices = plot.value;
  useEffect(() => figures.want(choices, 0));
  useEffect(() => figures.clear, []);
  const { answer, progress, error } = figures.state.value;
  return (
    <section class="plot-panel" data-testid="group-comparison" aria-label="Comparison of groups">
      <div class="comparison-head">
        <b>Comparison of {format.count(names.length, "group")}</b>
        <span class="spacer" />
        <Button kind="small" onClick={close}>
          Close
        </Button>
      </div>
      {error && (
        <p class="notice">
          <span>{error}</span>
          <Button kind="small" onClick={() => figures.load(true)}>
            Try again
          </Button>
        </p>
      )}
      {answer && <PlotChoiceRow {...{ plot, answer }} />}
      {progress && <PlotProgress {...{ session, figures, progress }} />}
      {!answer && !error && <p class="quiet">Reading the results…</p>}
      {answer?.figure && (
        <DrawnFigure
          {...{ session, choices }}
          figure={answer.figure}
          testid="group-plot"
          name={`${names.join(" and ")} ${answer.figure.y}`}
        />
      )}
      {answer?.notes.map((note) => (
        <p key={note} class="notice" data-testid="plot-note">
          {note}
        </p>
      ))}
      {answer && !answer.figure && <p class="empty">These groups have no jobs.</p>}
      {answer && <Differences answer={answer as GroupComparisonAnswer} first={names[0] ?? ""} />}
    </section>
  );
}

/** The number of points that differ and the number expected by chance, and the greatest distances. */
function Differences({ answer, first }: { answer: GroupComparisonAnswer; first: string }) {
  const { matched, unmatched, compared, low_p, by_chance, apart } = answer;
  const isOfTwo = new Set(apart.map(({ group }) => group)).size < 2;
  return (
    <>
      <p data-testid="group-distances">
        {matched === 0
          ? `No point of ${first} also has a result in another group.`
          : `${format.count(matched, "point")} with results in ${isOfTwo ? "both groups" : `${first} and another group`}.`}{" "}
        {compared < matched && `${format.whole(compared)} of them are compared. `}
        {by_chance > 0 &&
          `${format.whole(low_p)} have p ≤ 0.05; chance alone gives about ${format.number(Number(by_chance.toPrecision(2)))}. `}
        {unmatched > 0 && `${format.count(unmatched, "point")} only in one group.`}
      </p>
      {apart.length > 0 && (
        <p class="quiet">Total variation distance from {first}, the greatest first.</p>
      )}
      {apart.length > 0 && (
        <DataTable
          head={[
            ...(isOfTwo ? [] : [{ title: "Group" }]),
            { title: "Point" },
            { title: "Distance", isNumber: true },
            { title: "By chance alone", isNumber: true },
            { title: "p-value", isNumber: true },
          ]}
          rows={apart.map(({ group, point, comparison, problem }) => ({
            key: `${group} ${point}`,
            cells: [...(isOfTwo ? [] : [group]), point, ...numbersOf(comparison, problem)],
          }))}
        />
      )}
    </>
  );
}

function numbersOf(comparison: Distance | null, problem: string): string[] {
  if (!comparison) return [problem, "", ""];
  return [comparison.distance.toFixed(3), chanceOf(comparison), pValueOf(comparison)];
}

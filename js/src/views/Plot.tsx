/** Measured quantities against swept values; each point is drawn or counted. */

import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Figure, FigureAnswer } from "../kernel/answers";
import { pythonOf } from "../plot/axes";
import type { Session } from "../session";
import { Button } from "../ui/Button";
import { Snippet } from "../ui/Snippet";
import { Compare } from "./Compare";
import { Definition } from "./Definition";
import { DrawnFigure } from "./DrawnFigure";
import { PlotChoiceRow } from "./PlotChoices";
import { PlotProgress } from "./PlotProgress";

export function Plot({ session }: { session: Session }) {
  const choices = session.plot.value;
  const version = session.traits.version.value;
  useEffect(() => session.figures.want(choices, version));
  useEffect(() => () => session.figures.rest(), []);
  const { answer, progress, error } = session.figures.state.value;
  return (
    <section class="plot-panel" aria-label="Plot">
      {answer && <PlotChoiceRow plot={session.plot} answer={answer} />}
      {progress && <PlotProgress {...{ session, figures: session.figures, progress }} />}
      {error && (
        <p class="notice" data-testid="plot-error">
          <span>{error}</span>
          <Button kind="small" onClick={() => session.figures.load(true)}>
            Try again
          </Button>
        </p>
      )}
      {!answer && !error && <p class="quiet">Reading the results…</p>}
      {answer?.figure && <Drawing {...{ session, answer, figure: answer.figure }} />}
      {answer && !answer.figure && <p class="empty">There is nothing to plot yet.</p>}
      <Compare session={session} />
    </section>
  );
}

interface DrawingProps {
  session: Session;
  answer: FigureAnswer;
  figure: Figure;
}

function Drawing({ session, answer, figure }: DrawingProps) {
  const isDefining = useSignal(false);
  const { points } = figure;
  const selected = useComputed(() => {
    const chosen = session.selected.value;
    return new Set(
      chosen.size === 0
        ? []
        : points.jobs.flatMap((jobs, rank) => (jobs.some((job) => chosen.has(job)) ? [rank] : [])),
    );
  }).value;
  const jobsOf = (ranks: number[]) => ranks.flatMap((rank) => points.jobs[rank] ?? []);
  return (
    <DrawnFigure
      {...{ session, figure, selected }}
      choices={session.plot.value}
      testid="plot"
      name={`${session.traits.group.value} ${figure.y}`}
      table={session.rows.peek().table}
      select={(ranks, isMore) => {
        const before = isMore ? session.selected.peek() : [];
        session.select(new Set([...before, ...jobsOf(ranks)]));
      }}
      open={(rank) => {
        session.opened.value = points.jobs[rank]?.[0] ?? null;
      }}
    >
      {answer.notes.map((note) => (
        <p key={note} class="notice" data-testid="plot-note">
          {note}
        </p>
      ))}
      <p class="snippet">
        <Snippet text={pythonOf(figure, session.plot.value)} testid="plot-python" />
        <span class="spacer" />
        {!session.traits.read_only.value && (
          <Button
            kind="small"
            testid="define"
            isOpen={isDefining.value}
            onClick={() => {
              isDefining.value = !isDefining.value;
            }}
          >
            Define a quantity…
          </Button>
        )}
      </p>
      {isDefining.value && (
        <Definition
          session={session}
          definitions={answer.choices.definitions}
          close={() => {
            isDefining.value = false;
          }}
        />
      )}
    </DrawnFigure>
  );
}

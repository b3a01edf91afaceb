/** Measured quantities against swept values; each point is drawn or counted. */

import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { wordOf } from "../data/states";
import type { Table } from "../data/table";
import * as format from "../format";
import type { Figure, FigureAnswer } from "../kernel/answers";
import type { PlotChoices } from "../kernel/model";
import type { Chart } from "../plot/chart";
import { PlotArea, WHOLE, type Zoom } from "../plot/PlotArea";
import type { Session } from "../session";
import { Button } from "../ui/Button";
import { Copy } from "../ui/Copy";
import { Compare } from "./Compare";
import { CopyFigure } from "./CopyFigure";
import { Definition } from "./Definition";
import { PlotChoiceRow } from "./PlotChoices";
import { PlotProgress } from "./PlotProgress";

/** The text style of figures on the page. */
const TEXT_PX = 12;

export function Plot({ session }: { session: Session }) {
  const choices = session.plot.value;
  const version = session.traits.version.value;
  useEffect(() => session.figures.want(choices, version));
  useEffect(() => () => session.figures.rest(), []);
  const { answer, progress, error } = session.figures.state.value;
  const isSaved = session.isSaved();
  return (
    <section class="plot-panel" aria-label="Plot">
      {answer && <PlotChoiceRow plot={session.plot} answer={answer} />}
      {progress && <PlotProgress {...{ figures: session.figures, progress, isSaved }} />}
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
  const choices = session.plot.value;
  const zoom = useSignal<Zoom>(WHOLE);
  const chart = useRef<Chart | null>(null);
  const zoomBy = useRef<(factor: number) => void>(() => {});
  const isDefining = useSignal(false);
  const axes = [figure.kind, figure.x, figure.curves, figure.y, choices.is_log_x, choices.is_log_y];
  // Another axis has another range.
  useEffect(() => {
    zoom.value = WHOLE;
  }, axes);
  const { points } = figure;
  const selected = useComputed(() => {
    const chosen = session.selected.value;
    return new Set(
      chosen.size === 0
        ? []
        : points.jobs.flatMap((jobs, rank) => (jobs.some((job) => chosen.has(job)) ? [rank] : [])),
    );
  }).value;
  const look = lookOf(figure, choices);
  const jobsOf = (ranks: number[]) => ranks.flatMap((rank) => points.jobs[rank] ?? []);
  const undrawn = chart.current?.undrawn ?? 0;
  return (
    <figure
      class="plot"
      data-testid="plot"
      data-kind={figure.kind}
      data-x={figure.x}
      data-y={figure.y}
      data-curves={figure.curves}
      data-points={points.value.filter((value) => value !== null).length}
      ref={(element) => {
        if (element) Object.assign(element, { points: () => drawn(figure, chart.current) });
      }}
    >
      {figure.gone.length > 0 && (
        <p class="notice" data-testid="plot-gone">
          {figure.gone.join(" and ")} {figure.gone.length > 1 ? "are" : "is"} no longer there. The
          plot shows what is selected above.
        </p>
      )}
      <PlotArea
        {...{ figure, look, zoom, selected }}
        label={`${figure.y_label} over ${figure.x_label}: ${figure.caption}`}
        describe={(rank) => readout(figure, rank, session.rows.peek().table)}
        select={(ranks, isMore) => {
          const before = isMore ? session.selected.peek() : [];
          session.select(new Set([...before, ...jobsOf(ranks)]));
        }}
        open={(rank) => {
          session.opened.value = points.jobs[rank]?.[0] ?? null;
        }}
        drawn={(now, by) => {
          chart.current = now;
          zoomBy.current = by;
        }}
      />
      <figcaption class="plot-caption" data-testid="plot-caption">
        <span>
          {figure.caption}
          {undrawn > 0 &&
            `; ${format.count(undrawn, "point")} at 0 or below not on the logarithmic axis`}
        </span>
        <span class="spacer" />
        <span class="buttons">
          <Button kind="small" label="Zoom in" testid="zoom-in" onClick={() => zoomBy.current(0.6)}>
            +
          </Button>
          <Button
            kind="small"
            label="Zoom out"
            testid="zoom-out"
            onClick={() => zoomBy.current(1 / 0.6)}
          >
            −
          </Button>
          <Button
            kind="small"
            testid="zoom-reset"
            reason={zoom.value.x || zoom.value.y ? "" : "The whole figure is shown"}
            onClick={() => {
              zoom.value = WHOLE;
            }}
          >
            Show all
          </Button>
        </span>
      </figcaption>
      {answer.notes.map((note) => (
        <p key={note} class="notice" data-testid="plot-note">
          {note}
        </p>
      ))}
      <p class="snippet">
        <code data-testid="plot-python">{figure.python}</code>
        <Copy text={figure.python} label="Copy Python" />
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
      <CopyFigure
        {...{ session, figure, look, zoom: zoom.value }}
        name={`${session.traits.group.value} ${figure.y}`}
      />
    </figure>
  );
}

export function lookOf({ is_share, points }: Figure, choices: PlotChoices) {
  const isNegative = points.value.some((value) => (value ?? 0) < 0);
  return {
    size: TEXT_PX,
    fromZero: choices.from_zero ?? (is_share && !isNegative),
    isLogX: choices.is_log_x ?? false,
    isLogY: choices.is_log_y ?? false,
    decimals: null,
    hasCaption: false,
  };
}

/** "phi 1.428, indist 0.60: 0.196 ± 0.018, 500 samples, job 5" */
export function readout(figure: Figure, rank: number, table: Table | null): string {
  const { points, xs, x, curves, legend, title } = figure;
  const jobs = points.jobs[rank] ?? [];
  const [first = 0] = jobs;
  const place = [
    ...(x === "job" ? [] : [`${x} ${xs.texts[points.x[rank] ?? 0]}`]),
    ...(curves ? [legend[points.curve[rank] ?? 0] ?? ""] : []),
    ...(title ? [title] : []),
  ].join(", ");
  const value = points.value[rank] ?? null;
  const samples = points.samples[rank] ?? null;
  const state = points.state[rank];
  const message = table?.text(first, "message");
  const what =
    value !== null
      ? format.measured(value, points.error[rank] ?? null)
      : state === "failed"
        ? ["failed", message].filter(Boolean).join(": ")
        : state === "to come"
          ? table
            ? wordOf(table.state(first))
            : "to come"
          : "no value";
  return [
    `${place}${place ? ": " : ""}${what}`,
    ...(samples === null ? [] : [format.count(samples, "sample")]),
    `${jobs.length > 1 ? "jobs" : "job"} ${jobs.slice(0, 6).join(", ")}${jobs.length > 6 ? ", …" : ""}`,
  ].join(", ");
}

/** The content of the drawing, for tests. */
function drawn({ points, xs, groups, curves }: Figure, chart: Chart | null) {
  const at = new Map(chart?.marks.map((mark) => [mark.rank, [mark.x, mark.y]]));
  return points.x.map((place, rank) => ({
    x: xs.values[place] ?? null,
    curve: curves ? (groups.values[points.curve[rank] ?? 0] ?? null) : null,
    value: points.value[rank] ?? null,
    error: points.error[rank] ?? null,
    low: points.low[rank] ?? null,
    high: points.high[rank] ?? null,
    samples: points.samples[rank] ?? null,
    state: points.state[rank],
    jobs: points.jobs[rank] ?? [],
    at: at.get(rank) ?? null,
  }));
}

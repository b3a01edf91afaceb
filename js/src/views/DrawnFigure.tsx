/** A figure with its readout, zoom, caption and exports: the plot of a group, or of several groups. */

import { type Signal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { wordOf } from "../data/states";
import type { Table } from "../data/table";
import * as format from "../format";
import type { Figure } from "../kernel/answers";
import type { PlotChoices } from "../kernel/model";
import { axesOf } from "../plot/axes";
import type { Chart } from "../plot/chart";
import { PlotArea, WHOLE, type Zoom } from "../plot/PlotArea";
import type { Session } from "../session";
import { Button } from "../ui/Button";
import { CopyFigure } from "./CopyFigure";

/** The text style of figures on the page. */
const TEXT_PX = 12;
const NONE: ReadonlySet<number> = new Set();

interface Props {
  session: Session;
  figure: Figure;
  choices: PlotChoices;
  testid: string;
  /** The name of exported files. */
  name: string;
  /** The jobs of the points, to describe points without a value. */
  table?: Table;
  /** Points with a selected job. */
  selected?: ReadonlySet<number>;
  select?(ranks: number[], isMore: boolean): void;
  open?(rank: number): void;
  /** Shown between the caption and the exports. */
  children?: ComponentChildren;
}

export function DrawnFigure(props: Props) {
  const { session, figure, choices, testid, name, table, selected = NONE, children } = props;
  const zoom = useSignal<Zoom>(WHOLE);
  const undrawn = useSignal(0);
  const chart = useRef<Chart | null>(null);
  const zoomBy = useRef<(factor: number) => void>(() => {});
  const axes = [figure.kind, figure.x, figure.curves, figure.y, choices.is_log_x, choices.is_log_y];
  // Another axis has another range.
  useEffect(() => {
    zoom.value = WHOLE;
  }, axes);
  const { isLogX, isLogY, fromZero } = axesOf(figure, choices);
  const look = { size: TEXT_PX, isLogX, isLogY, fromZero, decimals: null, hasCaption: false };
  return (
    <figure
      class="plot"
      data-testid={testid}
      data-kind={figure.kind}
      data-x={figure.x}
      data-y={figure.y}
      data-curves={figure.curves}
      data-points={figure.points.value.filter((value) => value !== null).length}
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
        {...(props.select && { select: props.select })}
        {...(props.open && { open: props.open })}
        label={`${figure.y_label} over ${figure.x_label}: ${figure.caption}`}
        describe={(rank) => readout(figure, rank, table ?? null)}
        drawn={(now, by) => {
          chart.current = now;
          zoomBy.current = by;
          undrawn.value = now.undrawn;
        }}
      />
      <figcaption class="plot-caption">
        <Caption {...{ figure, undrawn }} />
        <span class="spacer" />
        <ZoomButtons {...{ zoom }} by={(factor) => zoomBy.current(factor)} />
      </figcaption>
      {children}
      <CopyFigure {...{ session, figure, look, zoom, name }} />
    </figure>
  );
}

function Caption({ figure, undrawn }: { figure: Figure; undrawn: Signal<number> }) {
  return (
    <span data-testid="plot-caption">
      {figure.caption}
      {undrawn.value > 0 &&
        `; ${format.count(undrawn.value, "point")} at 0 or below not on the logarithmic axis`}
    </span>
  );
}

function ZoomButtons({ zoom, by }: { zoom: Signal<Zoom>; by(factor: number): void }) {
  return (
    <span class="buttons">
      <Button kind="small" label="Zoom in" testid="zoom-in" onClick={() => by(0.6)}>
        +
      </Button>
      <Button kind="small" label="Zoom out" testid="zoom-out" onClick={() => by(1 / 0.6)}>
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
  );
}

/** "phi 1.428, indist 0.60: 0.196 ± 0.018, 500 samples, job 5" */
function readout(figure: Figure, rank: number, table: Table | null): string {
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
      : state === "failed" || state === "canceled"
        ? [state, message].filter(Boolean).join(": ")
        : state === "to come"
          ? table
            ? wordOf(table.state(first))
            : "to come"
          : state === "not loaded"
            ? state
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

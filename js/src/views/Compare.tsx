/** Distributions of selected jobs on one scale, with errors and distances. */

import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { comparisonCsv, distanceOf, lineUp, titleOf } from "../data/compare";
import { MAX_SIDES } from "../data/limits";
import * as format from "../format";
import type { CompareAnswer, Side } from "../kernel/answers";
import { INKS } from "../plot/colours";
import { comparisonOf, seriesColour } from "../plot/comparison";
import { useTheme, useWidth } from "../plot/PlotArea";
import { CanvasSurface } from "../plot/surface";
import type { Session } from "../session";
import { ticked } from "../ui/hooks";
import { Snippet } from "../ui/Snippet";
import { ExportRow } from "./CopyFigure";
import { Loaded } from "./Loaded";
import { useAnswer } from "./useAnswer";

const TOP = 12;
const TEXT_PX = 12;

export function Compare({ session }: { session: Session }) {
  const { table } = session.rows.value;
  const chosen = [...session.selected.value]
    .filter((position) => table.state(position) === "success")
    .sort((a, b) => a - b);
  if (chosen.length === 0) return null;
  return <Comparison session={session} positions={chosen} />;
}

function Comparison({ session, positions }: { session: Session; positions: number[] }) {
  const isIdeal = useSignal(false);
  const some = positions.slice(0, MAX_SIDES);
  const { table } = session.rows.value;
  const attempts = some.map((position) => table.text(position, "remote_id"));
  const args = { positions: some, ideal: isIdeal.value };
  const answer = useAnswer<CompareAnswer>(session, "compare", args, `${attempts}/${isIdeal.value}`);
  const place = useRef<HTMLElement>(null);
  useArrival(session, place, answer.value !== null);
  return (
    <figure
      ref={place}
      class="comparison"
      data-testid="comparison"
      aria-label="Comparison"
      tabIndex={-1}
    >
      <figcaption>
        <b>Comparison</b>
        <span class="spacer" />
        {!session.isSaved() && (
          <label title="Compare each job with its own noiseless, lossless result, computed by Perceval">
            <input data-testid="ideal" {...ticked(isIdeal)} /> Compare with ideal
          </label>
        )}
      </figcaption>
      <Loaded answer={answer}>
        {({ sides, more, failed }) => (
          <>
            {isIdeal.value && sides.length > 0 && !sides.some(isBesideIdeal) && (
              <p class="quiet">Computing ideal results…</p>
            )}
            <Sides sides={sides} more={more + positions.length - some.length} />
            {Object.entries(failed).map(([position, why]) => (
              <p key={position} class="notice">
                Job {position}: {why}
              </p>
            ))}
            {sides.length > 0 && <Chart {...{ session, sides }} />}
          </>
        )}
      </Loaded>
    </figure>
  );
}

/** A requested comparison gets the focus, and is in view even after the plot above it has grown. */
function useArrival(
  session: Session,
  place: RefObject<HTMLElement | null>,
  isAnswered: boolean,
): void {
  const isPlotted = session.figures.state.value.answer !== null;
  useLayoutEffect(() => {
    if (session.isComparing.peek()) place.current?.focus({ preventScroll: true });
    session.isComparing.value = false;
  }, []);
  useEffect(() => {
    const figure = place.current as HTMLElement;
    if ((figure.getRootNode() as ShadowRoot).activeElement === figure) figure.scrollIntoView();
  }, [isPlotted, isAnswered]);
}

/** An answer stays until the next one arrives, so the answer itself names the reference of its distances. */
const isBesideIdeal = ({ ideal, no_ideal }: Side): boolean => ideal !== null || no_ideal !== "";

function Sides({ sides, more }: { sides: Side[]; more: number }) {
  return (
    <>
      <ol class="sides">
        {sides.map((side, i) => (
          <li key={`${side.position}.${side.iteration}`}>
            <span class="swatch" style={{ background: seriesColour(i) }} />
            <span>{titleOf(side)}</span>
            <i>
              {side.samples === null ? "not sampled" : format.count(side.samples, "sample")}
              {distanceOf(side) && `; ${isBesideIdeal(side) ? "from ideal: " : "from the first: "}`}
              <span data-testid="distance">{distanceOf(side)}</span>
              {side.no_ideal && `; ${side.no_ideal}`}
            </i>
          </li>
        ))}
      </ol>
      {sides.some(({ comparison }) => comparison?.p_value != null) && (
        <p class="quiet">
          Total variation distance, from 0 to 1. A p-value holds for a pair that was chosen before
          its results were seen.
          {sides.some(({ ideal }) => ideal !== null) &&
            " The line across each bar marks its ideal value."}
        </p>
      )}
      {more > 0 && <p class="quiet">{format.count(more, "more distribution")} not drawn.</p>}
    </>
  );
}

function Chart({ session, sides }: { session: Session; sides: Side[] }) {
  const place = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(place).value;
  const theme = useTheme(place).value;
  const { lines, rest } = lineUp(sides, TOP);
  const shown = comparisonOf(lines, { width, size: TEXT_PX, decimals: null, legend: [] });
  useLayoutEffect(() => {
    const paper = canvas.current?.getContext("2d");
    if (!paper || width === 0) return;
    const scale = devicePixelRatio;
    [paper.canvas.width, paper.canvas.height] = [width * scale, shown.height * scale];
    paper.scale(scale, scale);
    shown.draw(new CanvasSurface(paper), INKS[theme]);
  });
  const others = rest.some((share) => share > 5e-4);
  const titles = sides.map(titleOf);
  return (
    <>
      <div ref={place} class="comparison-area" style={{ height: `${shown.height}px` }}>
        <canvas
          ref={canvas}
          role="img"
          aria-label={`Shares of ${lines.length} states in ${format.count(sides.length, "distribution")}; the table below has the numbers`}
        />
      </div>
      {others && (
        <p class="quiet">
          All other states:{" "}
          {rest.map((share) => format.number(Number(share.toPrecision(2)))).join(" · ")}
        </p>
      )}
      <details class="numbers">
        <summary>Numbers</summary>
        <div class="table-frame">
          <table data-testid="comparison-numbers">
            <thead>
              <tr>
                <th>state</th>
                {titles.map((title) => (
                  <th key={title} class="number">
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {lines.map(({ label, bars }) => (
                <tr key={label}>
                  <td>
                    <code>{label}</code>
                  </td>
                  {bars.map((bar, i) => (
                    <td key={titles[i]} class="number">
                      {bar?.share != null && format.measured(bar.share, bar.error)}
                      {bar?.ideal != null && ` (ideal ${format.number(bar.ideal)})`}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
      {sides.length === 2 && (
        <p class="snippet">
          <Snippet text={pythonOf(sides)} />
        </p>
      )}
      <ExportRow
        session={session}
        name={`${session.traits.group.value} comparison`}
        csv={() => comparisonCsv(sides)}
        sheet={(widthMm, decimals) => {
          const width = Math.round((widthMm * 96) / 25.4);
          const drawn = comparisonOf(lines, { width, size: 10.67, decimals, legend: titles });
          return {
            width,
            height: Math.round(drawn.height),
            title: "Shares of states",
            draw: (surface) => drawn.draw(surface, INKS.light),
          };
        }}
      />
    </>
  );
}

function pythonOf([a, b]: readonly Side[]): string {
  const more = a?.iteration || b?.iteration ? `, iteration=${a?.iteration ?? b?.iteration}` : "";
  return `jg.compare(${a?.position}, ${b?.position}${more})`;
}

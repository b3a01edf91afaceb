/** The timeline: a lane for each job that ran at the same time, with its time in the queue. */

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { wordOf } from "../data/states";
import { type Stay, timelineOf } from "../data/timeline";
import * as format from "../format";
import { axisOf, timeZoneOf } from "../plot/axis";
import { useWidth } from "../plot/PlotArea";
import { widthOf } from "../plot/surface";
import type { Session } from "../session";
import { sets } from "../ui/hooks";

const MAX_JOBS = 1000;
const MAX_LANES = 40;
const LANE_PX = 14;
const EDGE_PX = 12;
/** The size of the labels along the axis, `--text-s`. */
const LABEL_PX = 11;

export function Timeline({ session }: { session: Session }) {
  const place = useRef<HTMLElement>(null);
  const width = useWidth(place).value;
  const looked = useSignal<Stay | null>(null);
  const now = session.now.value;
  const { table, positions } = session.rows.value;
  const { from, to, lanes, waiting, total } = timelineOf(table, positions, now, MAX_JOBS);
  const right = Math.max(EDGE_PX + 1, width - EDGE_PX);
  const axis = axisOf([from * 1000, to * 1000], [EDGE_PX, right], { kind: "time", room: 90 });
  const at = (seconds: number) => axis.at(seconds * 1000);
  const shown = lanes.slice(0, MAX_LANES);
  const bottom = shown.length * (LANE_PX + 1) + 6;
  const most = lanes.length;
  const isFiltered = positions.length < table.total - table.first;
  const isCut = total > MAX_JOBS;
  const those = isCut || isFiltered ? `${format.whole(most)} of these` : format.count(most, "job");
  const facts = [
    ...(isCut ? [`The last ${format.whole(MAX_JOBS)} of ${format.count(total, "job")}`] : []),
    ...(most > 0 ? [`At most ${those} ran at once`] : []),
    ...(waiting.length > 0 ? [`${format.count(waiting.length, "job")} without a known start`] : []),
  ];
  const readout = looked.value;
  return (
    <figure class="slots" data-testid="slots" ref={place}>
      <figcaption>
        <span data-testid="timeline-most">
          {facts.join(". ") || (isFiltered ? "None of these jobs has run" : "No job has run yet")}
        </span>
        <span class="spacer" />
        <i>faint: queued; solid: running</i>
      </figcaption>
      <svg
        width={width}
        height={bottom + 40}
        role="img"
        aria-label={`${format.count(lanes.flat().length, "run")} in ${format.count(most, "lane")}`}
      >
        {axis.ticks.map(({ at: x, label }) => (
          <g key={`${x}${label}`} class="tick">
            <line x1={x} x2={x} y2={bottom} />
            <text x={within(x, label, width)} y={bottom + 14} text-anchor="middle">
              {label}
            </text>
          </g>
        ))}
        {shown.flatMap((lane, i) =>
          lane.map((stay, nth) => {
            const ran = stay.ran ?? stay.ended;
            // If a job waited while another had the lane, it is drawn from the end of that one.
            const free = Math.max(stay.sent, lane[nth - 1]?.ended ?? 0);
            return (
              // biome-ignore lint/a11y/noStaticElementInteractions: the table opens jobs by keyboard
              <g
                key={stay.position}
                class="stay"
                data-status={stay.state}
                transform={`translate(0,${i * (LANE_PX + 1) + 2})`}
                onClick={sets(session.opened, stay.position)}
                onPointerEnter={sets(looked, stay)}
                onPointerLeave={sets(looked, null)}
              >
                <rect
                  class="wait"
                  x={at(free)}
                  width={Math.max(0, at(ran) - at(free))}
                  height={LANE_PX}
                />
                <rect
                  x={at(ran)}
                  width={Math.max(2, at(stay.ended) - at(ran) - 1)}
                  height={LANE_PX}
                />
              </g>
            );
          }),
        )}
        <text class="axis" x={width / 2} y={bottom + 34} text-anchor="middle">
          time ({timeZoneOf(from * 1000, to * 1000)})
        </text>
      </svg>
      <figcaption>
        <span aria-live="off">{readout ? wordsOf(readout) : "Point at a run to read it."}</span>
        <span class="spacer" />
        {most > MAX_LANES && <i>and {format.count(most - MAX_LANES, "more lane")}</i>}
      </figcaption>
    </figure>
  );
}

/** The middle of a label, so that it is not cut at an end of the axis. */
function within(x: number, label: string, width: number): number {
  const half = widthOf(label, LABEL_PX) / 2 + 1;
  return Math.max(half, Math.min(width - half, x));
}

/** "job 5: done, queued 1.4 s, ran 0.8 s" */
function wordsOf({ position, state, sent, ran, ended }: Stay): string {
  const start = ran ?? ended;
  const parts = [wordOf(state), `queued ${format.duration(start - sent)}`];
  if (ran !== null) parts.push(`ran ${format.duration(ended - ran)}`);
  return `job ${position}: ${parts.join(", ")}`;
}

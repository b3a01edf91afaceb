/** Chosen jobs' distributions in one chart: a line for each state, a bar for each job. */

import type { Distribution } from "../answers";
import { distance, lineUp, sharesOf } from "../compare";
import * as format from "../format";
import { BarLine } from "./Distribution";

export interface Compared {
  position: number;
  title: string;
  distribution: Distribution;
}

const MOST_JOBS = 6;
const TOP = 12;

export function Comparison({ jobs }: { jobs: Compared[] }) {
  const shown = jobs.slice(0, MOST_JOBS);
  const all = shown.map(({ distribution }) => sharesOf(distribution));
  const { lines, rest } = lineUp(all, TOP);
  const largest = Math.max(...lines.flatMap(({ shares }) => shares), Number.MIN_VALUE);
  const others = { label: "all others", shares: rest };
  return (
    <figure testid="comparison">
      <figcaption>
        {shown.map(({ position, title }, i) => (
          <span key={position} class="series" data-series={i}>
            {title}
            {i > 0 && all[0] && all[i] && (
              <i title="Total variation distance from the first, 0 to 1">
                {" "}
                distance {format.number(round(distance(all[0], all[i])))}
              </i>
            )}
          </span>
        ))}
        {jobs.length > MOST_JOBS && <i>and {jobs.length - MOST_JOBS} more that are not drawn</i>}
      </figcaption>
      <table class="bars">
        <tbody>
          {[...lines, ...(rest.some((share) => share > 5e-4) ? [others] : [])].map((line) => (
            <BarLine
              key={line.label}
              label={<code>{line.label}</code>}
              numbers={[line.shares.map(format.percent).join(" · ")]}
            >
              {line.shares.map((share, i) => (
                <div
                  key={shown[i]?.position ?? i}
                  class="series"
                  data-series={i}
                  style={{ width: `${(100 * share) / largest}%` }}
                />
              ))}
            </BarLine>
          ))}
        </tbody>
      </table>
    </figure>
  );
}

const round = (value: number): number => Math.round(value * 1000) / 1000;

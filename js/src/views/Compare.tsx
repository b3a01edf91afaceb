/** Distributions of selected jobs in one chart: a line for each state, a bar for each distribution. */

import { useSignal } from "@preact/signals";
import { lineUp, sharesOf, sizeOf } from "../data/compare";
import * as format from "../format";
import type { Distribution, JobResult } from "../kernel/answers";
import type { Session } from "../session";
import { ticked } from "../ui/hooks";
import { BarLine } from "./Job/Distribution";
import { Loaded } from "./Loaded";
import { useAnswer } from "./useAnswer";

interface Compared {
  key: string;
  /** "job 3: phi 0.25, circuit Ralph CNOT" */
  title: string;
  distribution: Distribution;
}

const MOST = 6;
const TOP = 12;

export function Compare({ session, positions }: { session: Session; positions: number[] }) {
  const ideal = useSignal(false);
  const some = positions.slice(0, MOST);
  const answer = useAnswer<{ results: JobResult[] }>(
    session,
    "results",
    { positions: some, ideal: ideal.value },
    `${some}/${ideal.value}`,
  );
  return (
    <figure data-testid="comparison">
      {!session.isSaved() && (
        <label title="Without noise and loss, computed by Perceval on this machine">
          <input data-testid="ideal" {...ticked(ideal)} /> Compare with ideal
        </label>
      )}
      <Loaded answer={answer}>
        {({ results }) => {
          const first = results[0];
          const all = results.flatMap((each) => comparedOf(session, each));
          const compared =
            ideal.value && first?.ideal
              ? [
                  {
                    key: "ideal",
                    title: `ideal of job ${first.position}`,
                    distribution: first.ideal,
                  },
                  ...all,
                ]
              : all;
          return (
            <>
              {ideal.value && !first?.ideal && (
                <p class="quiet">{first?.no_ideal ?? "Computing…"}</p>
              )}
              <Bars
                compared={compared.slice(0, MOST)}
                more={positions.length - some.length + Math.max(0, compared.length - MOST)}
              />
            </>
          );
        }}
      </Loaded>
    </figure>
  );
}

function Bars({ compared, more }: { compared: Compared[]; more: number }) {
  const all = compared.map(({ distribution }) => sharesOf(distribution));
  const { lines, rest } = lineUp(all, TOP);
  const greatest = Math.max(...lines.flatMap(({ shares }) => shares), ...rest, Number.MIN_VALUE);
  const others = { label: "all others", shares: rest };
  return (
    <>
      <figcaption>
        {compared.map(({ key, title, distribution }, i) => {
          const size = sizeOf(distribution);
          return (
            <span key={key} class="series" data-series={i}>
              {title}
              {size !== null && <i> {format.count(size, "sample")}</i>}
              {distribution.distance && i > 0 && (
                <i title="Total variation distance, from 0 to 1">
                  , {distanceText(...distribution.distance)}
                </i>
              )}
            </span>
          );
        })}
        {more > 0 && <i>and {format.count(more, "more distribution")} not drawn</i>}
      </figcaption>
      <table class="bars" aria-label={`Shares, bars from 0 to ${format.percent(greatest)}`}>
        <tbody>
          {[...lines, ...(rest.some((share) => share > 5e-4) ? [others] : [])].map((line) => (
            <BarLine
              key={line.label}
              label={<code>{line.label}</code>}
              numbers={[line.shares.map(format.percent).join(" · ")]}
            >
              {line.shares.map((share, i) => (
                <div
                  key={compared[i]?.key ?? i}
                  class="series"
                  data-series={i}
                  style={{ width: `${(100 * share) / greatest}%` }}
                />
              ))}
            </BarLine>
          ))}
        </tbody>
      </table>
    </>
  );
}

/** "distance 0.024 (chance alone gives 0.036)" */
function distanceText(value: number, chance: number | null): string {
  const text = `distance ${value.toFixed(3)}`;
  return chance === null ? text : `${text} (chance alone gives ${chance.toFixed(3)})`;
}

/** Each distribution of a job, named by what tells the job and the iteration apart. */
function comparedOf({ rows, layout }: Session, { position, distributions }: JobResult): Compared[] {
  const { table } = rows.value;
  const labels = layout.value.differing.map(
    ({ name, title }) => `${title} ${format.cell(table.cell(position, name))}`,
  );
  return distributions.map((distribution, i) => {
    const parts = [...labels, ...(distribution.title ? [distribution.title] : [])].join(", ");
    return {
      key: `${position}.${i}`,
      title: parts ? `job ${position}: ${parts}` : `job ${position}`,
      distribution,
    };
  });
}

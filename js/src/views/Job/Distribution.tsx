/** A distribution as a table with a bar in each row, to read and to copy. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { csvOf } from "../../data/csv";
import { fileName, save } from "../../data/exports";
import * as format from "../../format";
import type { Distribution } from "../../kernel/answers";
import { Button } from "../../ui/Button";
import { Copy } from "../../ui/Copy";
import { sets } from "../../ui/hooks";

const TOP = 12;

interface Props {
  distribution: Distribution;
  /** The name of its file. */
  name: string;
}

export function DistributionView({ distribution, name }: Props) {
  const isWhole = useSignal(false);
  const { title, unit, entries, rest, scalars } = distribution;
  const shown = isWhole.value ? entries : entries.slice(0, TOP);
  const hidden = entries.slice(shown.length);
  const others = hidden.length + rest.n;
  const total = sum(entries) + rest.value;
  const csv = csvOf(["state", unit, "share", "error"], entries);
  return (
    <figure>
      <figcaption>
        {title && <b>{title}</b>}
        {Object.entries(scalars).map(([scalar, value]) => (
          <span key={scalar}>
            <i>{scalar}</i> {format.number(value)}
          </span>
        ))}
        <span class="spacer" />
        <span class="buttons">
          <Copy text={csv} label="Copy as CSV" />
          <Button
            icon="export"
            label="Save as CSV"
            onClick={() => save(csv, fileName(name, "csv"), "text/csv")}
          />
        </span>
      </figcaption>
      <table class="bars" aria-label="Shares, bars from 0 to 1">
        <tbody>
          {shown.map(([label, value, share, error]) => (
            <BarLine
              key={label}
              label={<code>{label}</code>}
              numbers={[
                unit === "counts" ? format.whole(value) : "",
                share === null ? "" : format.measured(share, error),
              ]}
            >
              <ShareBar share={share ?? 0} error={share === null ? null : error} />
            </BarLine>
          ))}
          {others > 0 && (
            <BarLine
              label={`${format.whole(others)} others`}
              numbers={[
                unit === "counts" ? format.whole(sum(hidden) + rest.value) : "",
                total > 0 ? format.number((sum(hidden) + rest.value) / total) : "",
              ]}
            >
              {hidden.length > 0 && (
                <Button kind="small" onClick={sets(isWhole, true)}>
                  Show all
                </Button>
              )}
            </BarLine>
          )}
        </tbody>
      </table>
    </figure>
  );
}

/** On a scale from 0 to 1; its whisker goes from one standard error below the share to one above. */
function ShareBar({ share, error }: { share: number; error: number | null }) {
  const low = Math.max(0, share - (error ?? 0));
  const high = Math.min(1, share + (error ?? 0));
  return (
    <span class="share">
      <i style={{ width: `${100 * share}%` }} />
      {error !== null && (
        <i class="whisker" style={{ left: `${100 * low}%`, width: `${100 * (high - low)}%` }} />
      )}
    </span>
  );
}

interface BarLineProps {
  label: ComponentChildren;
  numbers: string[];
  children: ComponentChildren;
}

/** A row of a table with bars. */
export const BarLine = ({ label, numbers, children }: BarLineProps) => (
  <tr>
    <th scope="row">{label}</th>
    <td class="track">{children}</td>
    {numbers.map((number, i) => (
      <td key={i} class="number">
        {number}
      </td>
    ))}
  </tr>
);

const sum = (entries: Distribution["entries"]): number =>
  entries.reduce((total, [, value]) => total + value, 0);

/** A distribution as a table with a bar in each row: readable, and to copy. */

import type { Distribution } from "../answers";
import { csvOf } from "../csv";
import { fileName, save } from "../exports";
import * as format from "../format";
import { Button } from "./Button";
import { Copy } from "./Copy";
import type { Children } from "./dom";
import { sets, useSignal } from "./hooks";

const TOP = 12;

interface Props {
  distribution: Distribution;
  /** What a file of it is called. */
  name: string;
}

export function DistributionView({ distribution, name }: Props) {
  const isWhole = useSignal(false);
  const { title, unit, entries, rest, scalars } = distribution;
  const shown = isWhole.current ? entries : entries.slice(0, TOP);
  const hidden = entries.slice(shown.length);
  const others = hidden.length + rest.n;
  const total = sum(entries) + rest.value;
  const csv = csvOf(["state", unit], entries);
  const largest = shown[0]?.[1] || 1;
  return (
    <figure>
      <figcaption>
        {title && <b>{title}</b>}
        {Object.entries(scalars).map(([scalar, value]) => (
          <span key={scalar}>
            <i>{scalar.replaceAll("_", " ")}</i> {format.number(value)}
          </span>
        ))}
        <span class="spacer" />
        <Copy text={csv} label="Copy as CSV" />
        <Button
          icon="export"
          label="Save as CSV"
          onClick={() => save(csv, fileName(name, "csv"), "text/csv")}
        />
      </figcaption>
      <table class="bars">
        <tbody>
          {shown.map(([label, value]) => (
            <Line key={label} value={value} total={total} label={<code>{label}</code>}>
              <div style={{ width: `${(100 * value) / largest}%` }} />
            </Line>
          ))}
          {others > 0 && (
            <Line
              value={sum(hidden) + rest.value}
              total={total}
              label={`${format.whole(others)} others`}
            >
              {hidden.length > 0 && (
                <Button kind="small" onClick={sets(isWhole, true)}>
                  Show all
                </Button>
              )}
            </Line>
          )}
        </tbody>
      </table>
    </figure>
  );
}

interface LineProps {
  label: Children;
  value: number;
  total: number;
  children: Children;
}

function Line({ label, value, total, children }: LineProps) {
  const share = total > 0 ? format.percent(value / total) : "";
  return (
    <BarLine label={label} numbers={[format.number(value), share]}>
      {children}
    </BarLine>
  );
}

interface BarLineProps {
  label: Children;
  numbers: string[];
  children: Children;
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

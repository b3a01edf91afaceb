/** A sweep as points that land as jobs finish; dragging over some chooses their jobs. */

import * as format from "../format";
import type { Session } from "../session";
import { type Corner, choicesOf, plotOf, type Sheet, within } from "../sweep";
import { useSignal } from "./hooks";

/** How near a press has to be, as a share of the plot. */
const NEAR = 0.02;

export function Sweep({ session, sheet }: { session: Session; sheet: Sheet }) {
  const picked = useSignal<(number | undefined)[]>([]);
  const drag = useSignal<[Corner, Corner] | null>(null);
  const { across, numbers } = choicesOf(sheet);
  if (numbers.length === 0) return null;
  const main = numbers.includes(sheet.main) ? sheet.main : (numbers.at(-1) as number);
  const first = across.find((i) => i > 0 && i !== main) ?? 0;
  const [x = first, y = main, by = -1] = picked.current;
  const { points, wide, high, deep, names } = plotOf(sheet, x, y, by);
  const select = (nth: number, label: string, choices: number[]) => (
    <label>
      {label}{" "}
      <select
        onChange={(event) => {
          picked.current = Object.assign([x, y, by], { [nth]: Number(event.currentTarget.value) });
        }}
      >
        {choices.map((i) => (
          <option key={i} value={i} selected={[x, y, by][nth] === i}>
            {sheet.header[i] ?? "nothing else"}
          </option>
        ))}
      </select>
    </label>
  );
  const cornerOf = (event: PointerEvent & { currentTarget: Element }): Corner => {
    const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
    return [(event.clientX - left) / width, (event.clientY - top) / height];
  };
  const [from, to] = drag.current ?? [];
  return (
    <figure testid="sweep">
      <figcaption>
        {select(1, "Show", numbers)}
        {select(0, "over", across)}
        {select(2, "and", [-1, ...across])}
        {names.map((name, i) => (
          <span key={i} class="series" data-series={i % 6}>
            {name}
          </span>
        ))}
        {deep && (
          <i>
            light {format.cell(deep.ends[0])}, dark {format.cell(deep.ends[1])}
          </i>
        )}
      </figcaption>
      <div class="plot">
        <i>{format.cell(high.ends[1])}</i>
        <i>{format.cell(high.ends[0])}</i>
        <svg
          role="img"
          aria-label={`${sheet.header[y]} over ${sheet.header[x]}: ${points.length} points`}
          onPointerDown={(event) => {
            const corner = cornerOf(event);
            drag.current = [corner, corner];
          }}
          onPointerMove={(event) => {
            if (from) drag.current = [from, cornerOf(event)];
          }}
          onPointerUp={() => {
            if (from && to) session.select(within(points, from, to, NEAR));
            drag.current = null;
          }}
        >
          {points.map(({ position, left, top, series, shade }) => (
            <circle
              key={position}
              class={session.selected.current.has(position) ? "series chosen" : "series"}
              data-series={series % 6}
              cx={`${100 * left}%`}
              cy={`${100 * top}%`}
              r={shade === null ? 4 : 7}
              style={{ fillOpacity: shade === null ? 1 : 0.1 + 0.9 * shade }}
            />
          ))}
          {from && to && (
            <rect
              x={`${100 * Math.min(from[0], to[0])}%`}
              y={`${100 * Math.min(from[1], to[1])}%`}
              width={`${100 * Math.abs(from[0] - to[0])}%`}
              height={`${100 * Math.abs(from[1] - to[1])}%`}
            />
          )}
        </svg>
        <i>{format.cell(wide.ends[0])}</i>
        <i>{format.cell(wide.ends[1])}</i>
      </div>
    </figure>
  );
}

/** A small histogram in a header. A click on bars, or a drag over them, filters by their range. */

import { useSignal } from "@preact/signals";
import { type Histogram, rangeOf } from "../data/histogram";
import * as format from "../format";
import { capture } from "./capture";

interface Props {
  histogram: Histogram;
  title: string;
  choose(low: number, high: number): void;
}

export function Bars({ histogram, title, choose }: Props) {
  const dragged = useSignal<[number, number] | null>(null);
  const { counts, low, high } = histogram;
  const most = Math.max(...counts);
  const barAt = (event: PointerEvent & { currentTarget: Element }): number => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    const at = Math.floor((counts.length * (event.clientX - left)) / width);
    return Math.max(0, Math.min(counts.length - 1, at));
  };
  const ends = dragged.value && ordered(...dragged.value);
  return (
    <svg
      class="bars-of-column"
      data-testid={`histogram-${title}`}
      viewBox={`0 0 ${counts.length} 1`}
      preserveAspectRatio="none"
      aria-hidden="true"
      onClick={(event) => event.stopPropagation()}
      onPointerDown={(event) => {
        capture(event);
        dragged.value = [barAt(event), barAt(event)];
      }}
      onPointerMove={(event) => {
        if (dragged.peek()) dragged.value = [dragged.peek()?.[0] ?? 0, barAt(event)];
      }}
      onPointerUp={() => {
        const found = dragged.peek();
        dragged.value = null;
        if (found) choose(...rangeOf(histogram, ...ordered(...found)));
      }}
      onPointerCancel={() => {
        dragged.value = null;
      }}
    >
      <title>{`${title}: ${format.given(low)} to ${format.given(high)}. Drag to filter.`}</title>
      <rect class="ground" width={counts.length} height={1} />
      {counts.map((count, i) => {
        const height = count === 0 ? 0 : 0.12 + (0.88 * count) / most;
        const isIn = !ends || (ends[0] <= i && i <= ends[1]);
        return (
          <rect
            key={`${i}`}
            class={isIn ? undefined : "out"}
            x={i + 0.08}
            y={1 - height}
            width={0.84}
            height={height}
          />
        );
      })}
    </svg>
  );
}

const ordered = (a: number, b: number): [number, number] => (a < b ? [a, b] : [b, a]);

/** The layer over a chart: the mark under the pointer with its readout, and the dragged box. */

import type { ReadonlySignal } from "@preact/signals";
import type { Mark } from "./look";

export type Drag = readonly [left: number, top: number, right: number, bottom: number];

/** The distance in pixels below which a press is a click. */
const CLICK_PX = 4;

export const isClick = ([left, top, right, bottom]: Drag): boolean =>
  Math.hypot(right - left, bottom - top) < CLICK_PX;

interface Props {
  near: ReadonlySignal<number | null>;
  /** Whether the readout is spoken, because keys move it. */
  isSpoken: ReadonlySignal<boolean>;
  drag: ReadonlySignal<Drag | null>;
  width: number;
  height: number;
  markOf(rank: number | null): Mark | undefined;
  describe(rank: number): string;
}

export function Pointed({ near, isSpoken, drag, width, height, markOf, describe }: Props) {
  const mark = markOf(near.value);
  const box = drag.value;
  return (
    <>
      <svg width={width} height={height} aria-hidden="true">
        {mark?.box && (
          <rect
            class="near"
            x={mark.box.left}
            y={mark.box.top}
            width={mark.box.right - mark.box.left}
            height={mark.box.bottom - mark.box.top}
          />
        )}
        {mark && !mark.box && <circle class="near" cx={mark.x} cy={mark.y} r={7} />}
        {box && !isClick(box) && (
          <rect
            class="brush"
            x={Math.min(box[0], box[2])}
            y={Math.min(box[1], box[3])}
            width={Math.abs(box[0] - box[2])}
            height={Math.abs(box[1] - box[3])}
          />
        )}
      </svg>
      <output
        class={mark && mark.x > width / 2 ? "readout before" : "readout"}
        data-testid="plot-readout"
        aria-live={isSpoken.value ? "polite" : "off"}
        hidden={!mark}
        style={mark && { left: `${mark.x}px`, top: `${mark.y}px` }}
      >
        {mark && describe(mark.rank)}
      </output>
    </>
  );
}

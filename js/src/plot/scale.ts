/** Scales for what a column holds: numbers on a line, texts each at its place; and the colours. Pure. */

import { scaleLinear, scalePoint } from "d3-scale";

export type Value = number | string;

export interface Axis {
  title: string;
  ticks: { at: number; label: string }[];
  /** Pixels. */
  at(value: Value): number;
}

const TICK_PX = { x: 80, y: 44 };

export function axisOf(
  title: string,
  values: readonly Value[],
  [from, to]: readonly [number, number],
  options: { fromZero?: boolean; isVertical?: boolean } = {},
): Axis {
  const room = Math.abs(to - from);
  const count = Math.max(2, Math.floor(room / (options.isVertical ? TICK_PX.y : TICK_PX.x)));
  const numbers = values.filter((value) => typeof value === "number");
  if (numbers.length < values.length) {
    const scale = scalePoint<Value>([...new Set(values)], [from, to]).padding(0.5);
    const all = scale.domain().map((value) => ({ at: scale(value) ?? 0, label: String(value) }));
    const every = Math.ceil(all.length / count);
    return {
      title,
      ticks: all.filter((_, i) => i % every === 0),
      at: (v) => scale(v) ?? Number.NaN,
    };
  }
  const [low, high] = extent(options.fromZero ? [0, ...numbers] : numbers);
  const scale = scaleLinear([low, high], [from, to]).nice(count);
  const format = scale.tickFormat(count);
  const ticks = scale.ticks(count).map((value) => ({ at: scale(value), label: format(value) }));
  return { title, ticks, at: (value) => scale(Number(value)) };
}

/** The least and the greatest; one apart if they are equal, to make a scale possible. */
export function extent(numbers: readonly number[]): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const number of numbers) {
    if (number < low) low = number;
    if (number > high) high = number;
  }
  if (low > high) return [0, 1];
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

/** Viridis: its order is read without colour vision, on light and on dark ground alike. */
const VIRIDIS = ["#440154", "#3b528b", "#21918c", "#5ec962", "#fde725"].map((colour) =>
  [1, 3, 5].map((i) => Number.parseInt(colour.slice(i, i + 2), 16)),
);

export const GRADIENT = `linear-gradient(to right, ${VIRIDIS.map((rgb) => `rgb(${rgb})`).join(", ")})`;

/** The colour of a share of the way, 0 to 1. */
export function colourAt(share: number): string {
  const way = Math.max(0, Math.min(1, share)) * (VIRIDIS.length - 1);
  const first = Math.min(Math.floor(way), VIRIDIS.length - 2);
  const [a, b] = [VIRIDIS[first] ?? [], VIRIDIS[first + 1] ?? []];
  return `rgb(${a.map((from, i) => Math.round(from + (way - first) * ((b[i] ?? 0) - from)))})`;
}

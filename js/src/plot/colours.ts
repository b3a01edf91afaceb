/**
 * Colors of figures. They are the same on light and dark backgrounds, so that their meaning does
 * not change.
 */

import { isSameNumber } from "../data/rounding";

/** Colors of everything except the values, by background. */
export interface Ink {
  ground: string;
  ink: string;
  quiet: string;
  grid: string;
}

export const INKS: Readonly<Record<"light" | "dark", Ink>> = {
  light: { ground: "#ffffff", ink: "#1b2027", quiet: "#57606b", grid: "#e3e7eb" },
  dark: { ground: "#16191e", ink: "#e7eaee", quiet: "#a3adb9", grid: "#2c333c" },
};

/**
 * Colors for curves without an order. They are distinct without red and green, with 3:1 contrast on
 * both backgrounds.
 */
export const PALETTE = [
  "#2f7fd6",
  "#d9601e",
  "#12977a",
  "#a565b8",
  "#b5820a",
  "#7c8896",
  "#0f93a8",
  "#cf4f6a",
];

type Rgb = readonly number[];
const parse = (colours: string): Rgb[] =>
  colours
    .split(" ")
    .map((colour) => [0, 2, 4].map((i) => Number.parseInt(colour.slice(i, i + 2), 16)));

/**
 * From blue to amber. The order is visible with all kinds of color vision, with 3:1 contrast on
 * both backgrounds.
 */
const ORDER = parse("2e7be4 7d68dd b054bd d0467f d9542f bf8000");
const VIRIDIS = parse("440154 472d7b 3b528b 2c728e 21918c 28ae80 5ec962 addc30 fde725");
const SIGNED = parse(
  "053061 2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b 67001f",
);

/** The color at a fraction of the scale, 0 to 1. */
function along(stops: readonly Rgb[], share: number): string {
  const way = Math.max(0, Math.min(1, share)) * (stops.length - 1);
  const first = Math.min(Math.floor(way), stops.length - 2);
  const [a, b] = [stops[first] ?? [], stops[first + 1] ?? []];
  const mixed = a.map((from, i) => Math.round(from + (way - first) * ((b[i] ?? 0) - from)));
  return `#${mixed.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

export const ordered = (share: number): string => along(ORDER, share);

/** The color of a value on a map. A range that reaches below and above 0 is symmetric about 0. */
export function mapColour(value: number, [low, high]: readonly [number, number]): string {
  const share = high > low ? (value - low) / (high - low) : 0.5;
  return along(low < 0 && high === -low ? SIGNED : VIRIDIS, share);
}

/** The range of a map's colors. An end that differs from 0 only by rounding is not beyond 0. */
export function colourRange(values: readonly number[]): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return [0, 1];
  const span = high - low;
  if (low < 0 && high > 0 && ![low, high].some((end) => isSameNumber(end, 0, span))) {
    const limit = Math.max(-low, high);
    return [-limit, limit];
  }
  return [low, high];
}

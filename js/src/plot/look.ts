/** The style of a figure, and the positions of its parts. Pure. */

import type { Figure, PointState } from "../kernel/answers";
import type { Axis } from "./axis";
import type { Box } from "./surface";

export interface Look {
  width: number;
  height: number;
  /** The size of a text, in pixels. */
  size: number;
  fromZero: boolean;
  isLogX: boolean;
  isLogY: boolean;
  zoomX: readonly [number, number] | null;
  zoomY: readonly [number, number] | null;
  /** Decimals of numbers along axes; null for as many as needed. */
  decimals: number | null;
  /** Whether the line below the axes is part of the drawing. */
  hasCaption: boolean;
}

export interface Mark {
  /** The index of the point in the figure. */
  rank: number;
  x: number;
  y: number;
  state: PointState;
  /** The cell or bar of the point. */
  box: Box | null;
}

export interface Layout {
  figure: Figure;
  look: Look;
  frame: Box;
  /** The strip below the axis for points without a value. Its height is 0 if there are none. */
  strip: number;
  /** The height of a row of the strip. */
  row: number;
  x: Axis;
  y: Axis;
  xs: number[];
  ys: number[];
  colourOf: (curve: number) => string;
  /** The color bar of a map or of many curves. */
  range: [number, number] | null;
  legend: Legend;
  yTitle: string;
}

export interface Legend {
  title: string;
  entries: { label: string; whole: string; colour: string; curve: number }[];
  /** The number of curves that have no room. */
  more: number;
  reasons: PointState[];
  /** The width at the right in pixels, or the rows at the top. */
  right: number;
  rows: number;
}

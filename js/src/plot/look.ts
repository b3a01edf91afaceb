/** How a figure is to look, and where its parts are. Pure. */

import type { Figure, PointState } from "../kernel/answers";
import type { Axis } from "./axis";
import type { Box } from "./surface";

export interface Look {
  width: number;
  height: number;
  /** Pixels of a text. */
  size: number;
  fromZero: boolean;
  isLogX: boolean;
  isLogY: boolean;
  zoomX: readonly [number, number] | null;
  zoomY: readonly [number, number] | null;
  /** Decimals of numbers along axes; null for as many as they need. */
  decimals: number | null;
  /** Whether the line below the axes is part of the drawing. */
  hasCaption: boolean;
}

export interface Mark {
  /** Which point of the figure it is. */
  rank: number;
  x: number;
  y: number;
  state: PointState;
  /** The cell or bar that it is. */
  box: Box | null;
}

export interface Layout {
  figure: Figure;
  look: Look;
  frame: Box;
  /** Where points without a value are shown, below the axis; its height is 0 if there are none. */
  strip: number;
  x: Axis;
  y: Axis;
  xs: number[];
  ys: number[];
  colourOf: (curve: number) => string;
  /** Of a map, or of many curves. */
  range: [number, number] | null;
  legend: Legend;
  yTitle: string;
}

export interface Legend {
  title: string;
  entries: { label: string; colour: string; curve: number }[];
  reasons: PointState[];
  /** Pixels at the right, or rows at the top. */
  right: number;
  rows: number;
}

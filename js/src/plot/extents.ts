/** The ranges of a figure's numbers. Pure. */

import { isSameNumber } from "../data/rounding";
import { colourRange } from "./colours";
import { perFigure } from "./perFigure";
import { extent } from "./values";

const numbers = (values: readonly (number | null)[]): number[] =>
  values.filter((value) => value !== null);

/** A range without a width if its ends differ only by rounding. */
const settled = ([low, high]: [number, number]): [number, number] =>
  isSameNumber(low, high) ? [low, low] : [low, high];

/** The extents of values and of the ends of their error bars, and the range of colors. */
export const extentsOf = perFigure(({ points: { value, low, high, error } }) => {
  const ends = numbers([...value, ...low, ...high]);
  const highs = numbers(high);
  // A logarithmic axis does not draw the other points, so their error bars have no part in it.
  const positive = value
    .flatMap((each, i) => (each && each > 0 ? [each, low[i] ?? each, high[i] ?? each] : []))
    .filter((end) => end > 0);
  return {
    isEmpty: ends.length === 0,
    isEmptyLog: positive.length === 0,
    ends: settled(extent(ends)),
    positive: extent(positive, true),
    highs: extent(highs),
    colours: settled(colourRange(numbers(value))),
    greatestError: numbers(error).reduce((most, each) => Math.max(most, each), 0),
  };
});

/** The mark at a position of a chart. The index is created when it is first needed. Pure. */

import { quadtree } from "d3-quadtree";
import type { Chart } from "./chart";
import type { Mark } from "./look";
import type { Box } from "./surface";

const REACH_PX = 24;

type Boxed = Mark & { box: Box };

export function finderOf(chart: Chart): (x: number, y: number) => Mark | undefined {
  let find: ((x: number, y: number) => Mark | undefined) | undefined;
  return (x, y) => {
    find ??= indexOf(chart);
    return find(x, y);
  };
}

function indexOf(chart: Chart): (x: number, y: number) => Mark | undefined {
  const inside = chart.marks.filter((mark) => isInside(chart, mark));
  const tree = quadtree<Mark>(
    inside,
    (mark) => mark.x,
    (mark) => mark.y,
  );
  const boxed = inside.filter((mark): mark is Boxed => mark.box !== null);
  boxed.sort(({ box: a }, { box: b }) => a.left - b.left || a.top - b.top);
  return (x, y) => boxAt(boxed, x, y) ?? tree.find(x, y, REACH_PX);
}

/**
 * The box that contains a position. Boxes are sorted, and either share their left side or do not
 * overlap.
 */
function boxAt(boxed: readonly Boxed[], x: number, y: number): Mark | undefined {
  const left = lastBelow(boxed, ({ box }) => box.left <= x)?.box.left;
  const found = lastBelow(
    boxed,
    ({ box }) => box.left < (left ?? 0) || (box.left === left && box.top <= y),
  );
  const { box } = found ?? {};
  return box && box.left === left && x < box.right && y < box.bottom ? found : undefined;
}

/** The last of sorted items for which `isBelow` is true. It is true up to some item. */
function lastBelow<T>(items: readonly T[], isBelow: (item: T) => boolean): T | undefined {
  let [first, end] = [0, items.length];
  while (first < end) {
    const middle = (first + end) >> 1;
    if (isBelow(items[middle] as T)) first = middle + 1;
    else end = middle;
  }
  return items[first - 1];
}

export function isInside({ frame }: Chart, { x, y, box }: Mark): boolean {
  const isAcross = box
    ? box.right > frame.left && box.left < frame.right
    : x >= frame.left - 1 && x <= frame.right + 1;
  return isAcross && (box ? box.bottom > frame.top && box.top < frame.bottom : y >= frame.top - 1);
}

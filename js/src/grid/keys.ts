/** Where a key moves the focus in a grid, the header being row -1. Pure. */

export interface Place {
  row: number;
  column: number;
}

export interface Extent {
  rows: number;
  columns: number;
  page: number;
}

/** The new place; undefined where the key does not move. */
export function moved(
  key: string,
  toEnd: boolean,
  { row, column }: Place,
  extent: Extent,
): Place | undefined {
  const to = target(key, toEnd, row, column, extent);
  return (
    to && { row: clamp(to[0], -1, extent.rows - 1), column: clamp(to[1], 0, extent.columns - 1) }
  );
}

function target(
  key: string,
  toEnd: boolean,
  row: number,
  column: number,
  { rows, columns, page }: Extent,
): [number, number] | undefined {
  switch (key) {
    case "ArrowUp":
      return [row - 1, column];
    case "ArrowDown":
      return [row + 1, column];
    case "ArrowLeft":
      return [row, column - 1];
    case "ArrowRight":
      return [row, column + 1];
    case "PageUp":
      return [Math.max(0, row - page), column];
    case "PageDown":
      return [row + page, column];
    case "Home":
      return toEnd ? [0, 0] : [row, 0];
    case "End":
      return toEnd ? [rows - 1, columns - 1] : [row, columns - 1];
  }
  return undefined;
}

const clamp = (value: number, low: number, high: number): number =>
  Math.max(low, Math.min(high, value));

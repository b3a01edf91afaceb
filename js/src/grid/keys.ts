/** The moves of the focus in a grid by keys; the header is row -1. Pure. */

export interface Place {
  row: number;
  column: number;
}

export interface Extent {
  rows: number;
  columns: number;
  page: number;
}

/** The new cell; undefined if the key does not move the focus. */
export function moved(
  key: string,
  toEnd: boolean,
  { row, column }: Place,
  { rows, columns, page }: Extent,
): Place | undefined {
  const target = {
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    PageUp: [Math.max(0, row - page), column],
    PageDown: [row + page, column],
    Home: [toEnd ? 0 : row, 0],
    End: [toEnd ? rows - 1 : row, columns - 1],
  }[key] as [number, number] | undefined;
  return (
    target && { row: clamp(target[0], -1, rows - 1), column: clamp(target[1], 0, columns - 1) }
  );
}

const clamp = (value: number, low: number, high: number): number =>
  Math.max(low, Math.min(high, value));

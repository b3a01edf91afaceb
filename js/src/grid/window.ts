/** The rows of a long table that are kept in the document. Pure. */

export interface Rows {
  first: number;
  /** One past the last row. */
  end: number;
}

/** Tables up to this length are in the document in full, for page search and screen readers. */
const WHOLE = 60;
const MARGIN = 3;

export function visibleRows(
  count: number,
  rowHeight: number,
  scrollTop: number,
  height: number,
): Rows {
  if (count <= WHOLE) return { first: 0, end: count };
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - MARGIN);
  const end = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + MARGIN);
  return { first: Math.min(first, end), end };
}

/** The scroll position at which a row is fully visible; the current one if it already is. */
export function scrollFor(
  row: number,
  rowHeight: number,
  scrollTop: number,
  height: number,
): number {
  const top = row * rowHeight;
  if (top < scrollTop) return top;
  return Math.max(scrollTop, top + rowHeight - height);
}

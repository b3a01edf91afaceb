/**
 * Numbers that differ only by rounding, as in `src/jobgroup/rounding.py`; tests run both on
 * `tests/rounding_examples.json`. Pure.
 */

const RELATIVE_TOLERANCE = 1e-9;
const SPAN_TOLERANCE = 1e-12;

/** `span` is the difference of the greatest and the least value of the same name. */
export function isSameNumber(one: number, other: number, span = 0): boolean {
  if (one === other) return true;
  if (Number.isSafeInteger(one) && Number.isSafeInteger(other)) return false;
  const largest = Math.max(Math.abs(one), Math.abs(other));
  return Math.abs(one - other) <= Math.max(RELATIVE_TOLERANCE * largest, SPAN_TOLERANCE * span);
}

export const isSameValue = (one: unknown, other: unknown): boolean =>
  typeof one === "number" && typeof other === "number" ? isSameNumber(one, other) : one === other;

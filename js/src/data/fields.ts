/** The numbers that users type into fields. Pure. */

/** The finite number in a field; null if it has none. */
export function numberIn(text: string): number | null {
  const number = Number(text);
  return text.trim() !== "" && Number.isFinite(number) ? number : null;
}

/** The whole number of at least 1 in a field; null if it has none. */
export function countIn(text: string): number | null {
  const number = numberIn(text) ?? 0;
  return Number.isSafeInteger(number) && number > 0 ? number : null;
}

export const NO_COUNT = "Enter a whole number of at least 1";

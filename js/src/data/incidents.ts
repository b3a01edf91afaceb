/** Problems in one sentence. Pure. */

/** The strip for a kind of problem: "cloud" for an unreachable cloud and for problems without a kind. */
export const stripOf = (kind: string): string =>
  kind === "" || kind === "unreachable" ? "cloud" : kind;

/** The first sentence of a text, without texts in brackets; the details have the rest. */
export function firstSentence(text: string): string {
  const plain = text.replace(/\s*\([^()]*(?:\([^()]*\)[^()]*)*\)/g, "");
  return /^.*?[.!?](?=\s|$)/s.exec(plain)?.[0] ?? plain;
}

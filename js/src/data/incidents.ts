/** Problems in one sentence. Pure. */

/** The strip of a kind of problem: "cloud" for one that is away, and for whatever has no kind. */
export const stripOf = (kind: string): string =>
  kind === "" || kind === "unreachable" ? "cloud" : kind;

/** The first sentence of a text, without texts in brackets: the rest is for the details. */
export function firstSentence(text: string): string {
  const plain = text.replace(/\s*\([^()]*(?:\([^()]*\)[^()]*)*\)/g, "");
  return /^.*?[.!?](?=\s|$)/s.exec(plain)?.[0] ?? plain;
}

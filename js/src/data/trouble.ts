/** Problems in one sentence. Pure. */

/** The strip of a kind of problem: "cloud" for one that is away, and for whatever has no kind. */
export const causeOf = (trouble: string): string =>
  trouble === "" || trouble === "unreachable" ? "cloud" : trouble;

/** The first sentence of a text, without what stands in brackets: the rest is for the details. */
export function firstSentence(text: string): string {
  const plain = text.replace(/\s*\([^()]*(?:\([^()]*\)[^()]*)*\)/g, "");
  return /^.*?[.!?](?=\s|$)/s.exec(plain)?.[0] ?? plain;
}

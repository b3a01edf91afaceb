/** The grammar of searches, with the examples of Python's tests. */

import { describe, expect, it } from "vitest";
import examples from "../../../tests/search_examples.json";
import { completionsOf, searchFor, sourceOf } from "../../src/data/search";
import type { Cell } from "../../src/data/table";
import { tableOf } from "./rows";

const prefixed = (prefix: string, values: object = {}): [string, Cell][] =>
  Object.entries(values).map(([key, value]) => [`${prefix}.${key}`, value]);

const table = tableOf(
  examples.jobs.map(({ labels, params, ...fixed }: Record<string, unknown>) => ({
    name: null,
    ...(fixed as Record<string, Cell>),
    ...Object.fromEntries(prefixed("label", labels as object)),
    ...Object.fromEntries(prefixed("param", params as object)),
  })),
);
const all = examples.jobs.map((_, position) => position);

describe("a search", () => {
  it.each(examples.examples)("for $query finds its jobs or reports an error", (example) => {
    const { matches, problem } = searchFor(example.query, sourceOf(table));
    if ("problem" in example) {
      expect(problem.slice(0, example.problem?.length)).toBe(example.problem);
      expect(all.filter(matches)).toEqual(all); // a wrong term never hides jobs
    } else {
      expect(problem).toBe("");
      expect(all.filter(matches)).toEqual(example.finds);
    }
  });

  it("keeps the valid terms beside an invalid one", () => {
    const { matches, problem } = searchFor("is:done ph>3", sourceOf(table));
    expect(problem).toContain('No column is called "ph"');
    expect(all.filter(matches)).toEqual([0]);
  });

  it("explains each invalid term", () => {
    const { problem } = searchFor("is:nowhere #x phi>0", sourceOf(table));
    expect(problem).toContain('No state is called "nowhere".');
    expect(problem).toContain("got #x.");
  });

  it("completes names of columns and states", () => {
    const { names } = sourceOf(table);
    expect(completionsOf("n=1 ph", names)).toEqual(["n=1 phi"]);
    expect(completionsOf("is:qu", names)).toEqual(["is:queued"]);
    expect(completionsOf("", names)).toEqual([]);
    expect(completionsOf("phi>1 ", names)).toEqual([]);
  });
});

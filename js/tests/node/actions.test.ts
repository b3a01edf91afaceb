import { describe, expect, it } from "vitest";
import { askedFor, deletionOf } from "../../src/data/actions";
import { csvOf } from "../../src/data/csv";
import { chipsOf, countOf, FILTERS, STATES, wordOf } from "../../src/data/states";

describe("states", () => {
  it("are each in exactly one chip besides All", () => {
    const { all, ...others } = FILTERS;
    expect(Object.values(others).flat().sort()).toEqual([...all].sort());
  });

  it("have rare chips only if a job is in them", () => {
    const shown = (counts: object) => chipsOf(counts, "all").map(({ filter }) => filter);
    expect(shown({})).toEqual(["all", "unsent", "waiting", "running", "success", "error"]);
    expect(shown({ canceled: 1, refused: 1 })).toEqual(
      expect.arrayContaining(["canceled", "refused"]),
    );
    expect(shown({ unconfirmed: 1, unknown: 1 })).toContain("unconfirmed");
    expect(shown({ unknown: 1 })).toContain("other");
    expect(chipsOf({}, "refused")).toContainEqual({ filter: "refused", count: 0 });
  });

  it("are counted in the chips", () => {
    const counts = Object.fromEntries(STATES.map((state, i) => [state, i + 1]));
    const [all, ...others] = chipsOf(counts, "all");
    expect(others.reduce((sum, { count }) => sum + count, 0)).toBe(all?.count);
    expect(all?.count).toBe(countOf(counts));
  });
});

describe("the text of a state", () => {
  it("includes the place of a prioritized job that can be sent", () => {
    expect(wordOf("cancel_requested")).toBe("canceling");
    expect(wordOf("unsent", 2)).toBe("to send · next 2");
    expect(wordOf("error", 1)).toBe("failed · next 1");
    expect(wordOf("running", 1)).toBe("running");
  });
});

describe("actions", () => {
  it("say what was requested, and for which jobs", () => {
    expect(askedFor("run", {})).toBe("Run requested…");
    expect(askedFor("rerun", { positions: [0] })).toBe("Rerun requested for job 0…");
    expect(askedFor("annotate", { position: 3 })).toBe("Annotate requested for job 3…");
    expect(askedFor("prioritize", { positions: [4, 3] })).toBe("Prioritize requested for 2 jobs…");
  });

  it("say which jobs a deletion leaves on the cloud", () => {
    expect(deletionOf({ success: 1, running: 2, waiting: 3 })).toEqual({ jobs: 6, onCloud: 5 });
  });
});

describe("comma-separated values", () => {
  it("are never formulas if a spreadsheet separates cells by semicolons", () => {
    const rows = [
      ["dark counts;=1+1;x", "a\n@x\nb"],
      ["1;2; 3", "a-b"],
    ];
    expect(csvOf(["n;-1", "t"], rows)).toBe(
      "n;'-1,t\r\ndark counts;'=1+1;x,\"a\n'@x\nb\"\r\n1;2; 3,a-b",
    );
  });

  it("are never formulas if quotes at the start of a cell disappear", () => {
    const texts = ['a;"=1+1;b', '\n""@x', ';"b"', '"=1'];
    expect(csvOf(["t"], [texts])).toBe('t\r\n"a;\'""=1+1;b","\'\n\'""""@x",";""b""","""=1"');
  });

  it("are quoted if necessary, and are never formulas", () => {
    const rows = [
      [1, 'a "b", c', "=1+1"],
      [null, "@x", -2.5],
      ["\n=1", "\uff1d1", "\uff20x"],
    ];
    expect(csvOf(["n", "text", "more"], rows)).toBe(
      'n,text,more\r\n1,"a ""b"", c",\'=1+1\r\n,\'@x,-2.5\r\n"\'\n\'=1",\'\uff1d1,\'\uff20x',
    );
  });
});

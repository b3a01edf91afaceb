import { describe, expect, it } from "vitest";
import { askedFor, deletionOf } from "../../src/data/actions";
import { csvOf } from "../../src/data/csv";
import { chipsOf, countOf, FILTERS, STATES, wordOf } from "../../src/data/states";

describe("states", () => {
  it("are each in exactly one chip beside All", () => {
    const { all, ...others } = FILTERS;
    expect(Object.values(others).flat().sort()).toEqual([...all].sort());
  });

  it("show rare chips only when a job is in them", () => {
    const shown = (counts: object) => chipsOf(counts).map(({ filter }) => filter);
    expect(shown({})).toEqual(["all", "unsent", "waiting", "running", "success", "error"]);
    expect(shown({ canceled: 1, refused: 1 })).toEqual(
      expect.arrayContaining(["canceled", "refused"]),
    );
    expect(shown({ unconfirmed: 1, unknown: 1 })).toContain("unconfirmed");
    expect(shown({ unknown: 1 })).toContain("other");
  });

  it("add up in the chips", () => {
    const counts = Object.fromEntries(STATES.map((state, i) => [state, i + 1]));
    const [all, ...others] = chipsOf(counts);
    expect(others.reduce((sum, { count }) => sum + count, 0)).toBe(all?.count);
    expect(all?.count).toBe(countOf(counts));
  });
});

describe("a state's words", () => {
  it("tell a job's place among those that are sent next, where it can be sent", () => {
    expect(wordOf("cancel_requested")).toBe("canceling");
    expect(wordOf("unsent", 2)).toBe("to send · next 2");
    expect(wordOf("error", 1)).toBe("failed · next 1");
    expect(wordOf("running", 1)).toBe("running");
  });
});

describe("actions", () => {
  it("say what was asked, and of which jobs", () => {
    expect(askedFor("run", {})).toBe("Run requested…");
    expect(askedFor("rerun", { positions: [0] })).toBe("Rerun requested for job 0…");
    expect(askedFor("annotate", { position: 3 })).toBe("Annotate requested for job 3…");
    expect(askedFor("prioritize", { positions: [4, 3] })).toBe("Prioritize requested for 2 jobs…");
  });

  it("tell what a deletion leaves on the cloud", () => {
    expect(deletionOf({ success: 1, running: 2, waiting: 3 })).toEqual({ jobs: 6, onCloud: 5 });
  });
});

describe("comma-separated values", () => {
  it("are quoted where they must be, and never formulas", () => {
    const rows = [
      [1, 'a "b", c', "=1+1"],
      [null, "@x", -2.5],
    ];
    expect(csvOf(["n", "text", "more"], rows)).toBe(
      'n,text,more\r\n1,"a ""b"", c",\'=1+1\r\n,\'@x,-2.5',
    );
  });
});

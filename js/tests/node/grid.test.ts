import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type Column, layOut, NOTHING_MEASURED } from "../../src/data/columns";
import { toggled } from "../../src/data/immutableSet";
import { sorting } from "../../src/data/order";
import { fromRanges, toRanges } from "../../src/data/ranges";
import { isMeasured, keyOf } from "../../src/data/table";
import { titleText } from "../../src/grid/cells";
import { moved } from "../../src/grid/keys";
import { extended, hasAll, nextSort, withShown } from "../../src/grid/selection";
import { scrollFor, visibleRows } from "../../src/grid/window";
import { tableOf } from "./rows";

describe("a column of numbers", () => {
  it("is as wide as its longest value in any row", () => {
    const rows = Array.from({ length: 1500 }, (_, i) => ({
      "label.phi": i === 1400 ? -257.1234 : 1,
    }));
    const { all } = layOut(tableOf(rows), []);
    const width = (name: string) => all.find((column) => column.name === name)?.width ?? 0;
    expect(width("label.phi")).toBeGreaterThanOrEqual(8 * 7.5);
    expect(width("position")).toBeGreaterThanOrEqual(4 * 7.5 + 16);
  });
});

describe("the tooltip of a time", () => {
  it("has the date and the offset, in the same form in every language", () => {
    const table = tableOf([{ sent_at: Date.UTC(2026, 9, 25, 0, 30) / 1000 }]);
    const column = layOut(table, []).all.find(({ name }) => name === "sent_at") as Column;
    vi.stubEnv("TZ", "Europe/Berlin");
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(titleText(0, column, "02:30:00", table)).toBe("2026-10-25 02:30:00 UTC+2");
  });
});

describe("the column of job numbers", () => {
  it.each([4, 12, 250, 1000])("has room for the last of %i iterations", (of) => {
    const table = tableOf(Array.from({ length: 1001 }, () => ({})));
    const rows = Array.from({ length: of }, (_, iteration) => ({
      ...{ position: 1000, iteration, of, params: {}, samples: 1, values: {} },
    }));
    table.take([1000], rows);
    const name = table.nameOf(table.linesOf(1000).at(-1) as number);
    expect(name).toBe(`1000 · ${of}/${of}`);
    const { width } = layOut(table, []).all.find((column) => column.name === "position") ?? {};
    expect(width).toBeGreaterThanOrEqual(name.length * 7.5 + 16);
  });
});

describe("the rows in the document", () => {
  it("are all rows of a short table", () => {
    expect(visibleRows(60, 32, 0, 400)).toEqual({ first: 0, end: 60 });
  });

  it("are the visible rows and a margin, also at both ends", () => {
    expect(visibleRows(100_000, 32, 0, 320)).toEqual({ first: 0, end: 13 });
    expect(visibleRows(100_000, 32, 32_000, 320)).toEqual({ first: 997, end: 1013 });
    expect(visibleRows(100_000, 32, 99_999 * 32, 320).end).toBe(100_000);
  });

  it("scroll no further than necessary", () => {
    expect(scrollFor(5, 32, 0, 320)).toBe(0);
    expect(scrollFor(10, 32, 0, 320)).toBe(32);
    expect(scrollFor(2, 32, 320, 320)).toBe(64);
  });
});

describe("keys in the grid", () => {
  const extent = { rows: 100, columns: 8, page: 10 };
  it.each([
    ["ArrowDown", false, { row: -1, column: 2 }, { row: 0, column: 2 }],
    ["ArrowUp", false, { row: 0, column: 2 }, { row: -1, column: 2 }],
    ["ArrowUp", false, { row: -1, column: 2 }, { row: -1, column: 2 }],
    ["PageDown", false, { row: 95, column: 0 }, { row: 99, column: 0 }],
    ["PageUp", false, { row: 5, column: 0 }, { row: 0, column: 0 }],
    ["End", false, { row: 3, column: 0 }, { row: 3, column: 7 }],
    ["Home", true, { row: 50, column: 5 }, { row: 0, column: 0 }],
    ["End", true, { row: 0, column: 0 }, { row: 99, column: 7 }],
  ])("%s (with Ctrl: %s) moves from %o to %o", (key, toEnd, from, to) => {
    expect(moved(key, toEnd, from, extent)).toEqual(to);
  });

  it("ignore other keys", () => {
    expect(moved("Tab", false, { row: 0, column: 0 }, extent)).toBeUndefined();
  });
});

describe("a selection of rows", () => {
  it("toggles one row, extends over shown rows, and adds or removes all that are shown", () => {
    expect(toggled(new Set([1]), 2)).toEqual(new Set([1, 2]));
    expect(toggled(new Set([1, 2]), 2)).toEqual(new Set([1]));
    expect(extended(new Set([9]), [4, 2, 7, 1], 7, 4)).toEqual(new Set([9, 4, 2, 7]));
    expect(extended(new Set([9]), [4, 2, 7, 1], 9, 7)).toEqual(new Set([9, 7]));
    expect(hasAll(new Set([8, 9]), [1, 2])).toBe(false);
    expect(hasAll(new Set([1, 2, 9]), [1, 2])).toBe(true);
    expect(hasAll(new Set([1]), [])).toBe(false);
    expect(withShown(new Set([1, 9]), [1, 2])).toEqual(new Set([1, 2, 9]));
    expect(withShown(new Set([1, 2, 9]), [1, 2])).toEqual(new Set([9]));
  });

  it("is sent as ranges and read back unchanged", () => {
    const positions = [7, 3, 4, 5, 99_999];
    expect(toRanges(positions)).toEqual([
      [3, 5],
      [7, 7],
      [99_999, 99_999],
    ]);
    expect(fromRanges(toRanges(positions))).toEqual(new Set(positions));
  });

  it("sorts up, then down, then not at all", () => {
    expect(["", "name", "-name"].map((now) => nextSort(now, "name"))).toEqual([
      "name",
      "-name",
      "",
    ]);
  });

  it("sorts by several columns: Shift adds, reverses and removes one", () => {
    const steps = ["phi", "eta", "eta", "eta"];
    let now = "";
    const seen = steps.map((column, i) => {
      now = nextSort(now, column, i > 0);
      return now;
    });
    expect(seen).toEqual(["phi", "phi; eta", "phi; -eta", "phi"]);
    expect(nextSort("phi; -eta", "eta")).toBe("eta");
  });

  it.each(["label.a; b", "label.a\\", "label.a\\; b", "\\phi"])(
    "sorts by the column %s",
    (name) => {
      const sort = nextSort(nextSort(nextSort("", name), name), "phi", true);
      expect(sorting(sort)).toEqual([
        { column: name, isDescending: true },
        { column: "phi", isDescending: false },
      ]);
    },
  );
});

describe("columns", () => {
  const names = (columns: { name: string }[]) => columns.map(({ name }) => name);
  const rows = [
    { platform: "sim:altair", "label.phi": 0.1, "param.max_samples": 10_000, sent_at: 5 },
    { platform: "sim:altair", "label.phi": 0.2, "param.max_samples": 10_000, sent_at: null },
  ];

  it("show the values that differ and move equal ones to the heading", () => {
    const { shown, folded } = layOut(tableOf(rows), []);
    expect(names(shown)).toEqual(["position", "state", "label.phi", "sent_at", "message"]);
    expect(folded.map(({ title, value }) => `${title} ${value}`.trim())).toEqual([
      "sim:altair",
      "job",
      "10,000 samples",
    ]);
  });

  it("leave out a performance that differs only by rounding, and show it in the heading", () => {
    const table = tableOf(rows);
    const measured = { ...NOTHING_MEASURED, scalars: ["global_perf", "logical_perf"] };
    table.take(
      [0, 1],
      [1, 1 - 1e-14].map((global, position) => ({
        ...{ position, iteration: null, of: 1, params: {}, samples: 10 + position },
        values: { global_perf: [global, null], logical_perf: [global - position / 100, null] },
      })),
    );
    const { shown, folded } = layOut(table, [], measured);
    const found = names(shown).filter(isMeasured).map(keyOf);
    expect(found).toEqual(["logical_perf", "samples"]);
    expect(folded.at(-1)).toEqual({
      name: "measured.global_perf",
      title: "global_perf",
      value: "1",
    });
  });

  it("show a parameter that equals a label once, under the label's name", () => {
    const swept = [0.6, 0.6, 1].map((indist, i) => ({
      "label.indist": indist,
      "param.noise.indistinguishability": indist,
      "param.noise.g2": indist + (i === 1 ? 0.1 : 0),
    }));
    const { shown, all } = layOut(tableOf(swept), []);
    const told = names(shown);
    expect(told).toContain("label.indist");
    expect(told).toContain("param.noise.g2");
    expect(told).not.toContain("param.noise.indistinguishability");
    expect(names(all)).toContain("param.noise.indistinguishability");
  });

  it("show the name if nothing else distinguishes the jobs", () => {
    expect(names(layOut(tableOf([{}, {}]), []).shown)).toContain("name");
  });

  it("are the ones that the user chose", () => {
    const { shown } = layOut(tableOf(rows), ["param.max_samples"]);
    expect(names(shown)).toEqual(["position", "state", "param.max_samples"]);
  });
});

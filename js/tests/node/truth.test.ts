/** The page shows the values, errors and columns of `jg.results_table()` for recorded groups. */

import { describe, expect, it } from "vitest";
import examples from "../../../tests/dashboard/table.json";
import { layOut } from "../../src/data/columns";
import { iterationOf, positionOf } from "../../src/data/lines";
import { orderOf } from "../../src/data/order";
import { type Cell, isMeasured, Table } from "../../src/data/table";
import { cellText } from "../../src/grid/cells";
import type { MeasuredAnswer } from "../../src/kernel/answers";
import type { Block } from "../../src/kernel/protocol";

interface Example {
  rows: Block;
  measured: MeasuredAnswer;
  /** Of Python's table: the columns that it shows, and all that it has. */
  columns: string[];
  table: Record<string, Cell[]>;
}

const SHARE = /^(p|p_err)\((.*)\)$/;
/** Columns of Python's table that the page shows elsewhere or in another column. */
const ELSEWHERE = [
  "job",
  "name",
  "iteration",
  "status",
  "attempts",
  "error",
  "duration_s",
  "visibility_err",
];

function shown({ rows, measured }: Example) {
  const table = new Table();
  table.apply(rows, []);
  table.total = rows.n;
  const positions = Array.from({ length: rows.n }, (_, p) => p);
  table.take(positions, measured.rows);
  const order = orderOf(table);
  order.reset({ filter: "all", search: "", sort: "position" });
  const layout = layOut(table, [], measured);
  return { table, layout, lines: order.lines };
}

describe.each((examples as unknown as Example[]).map((each, i) => [i, each] as const))(
  "recorded group %i",
  (_, example) => {
    const { table, layout, lines } = shown(example);
    const byTitle = (title: string) => layout.all.find((column) => column.title === title);

    it("has one row per job or iteration", () => {
      expect(lines.map(positionOf)).toEqual(example.table["job"]);
      const iterations = lines.map((line) =>
        table.iterations(positionOf(line)) > 1 ? iterationOf(line) : null,
      );
      expect(iterations).toEqual(example.table["iteration"]);
    });

    it("has the table's values and their errors", () => {
      for (const [name, cells] of Object.entries(example.table)) {
        const [, form, state] = SHARE.exec(name) ?? [];
        const column = byTitle(state ?? name);
        if (column?.group === "measured") {
          const of = (line: number) =>
            form === "p_err" ? table.error(line, column.name) : table.cell(line, column.name);
          expect(lines.map(of), name).toEqual(cells);
          continue;
        }
        if (column?.group === "swept") {
          expect(
            lines.map((line) => table.cell(line, column.name)),
            name,
          ).toEqual(cells);
        }
      }
      const visibility = byTitle("visibility");
      if (visibility && example.table["visibility_err"])
        expect(lines.map((line) => table.error(line, visibility.name))).toEqual(
          example.table["visibility_err"],
        );
    });

    it("shows the table's columns, labels first", () => {
      const mine = [
        ...layout.shown.filter(({ group }) => group === "swept" || group === "measured"),
        // values that all results share are in the heading
        ...layout.folded.filter(({ name }) => isMeasured(name)),
      ].map(({ title }) => title);
      const theirs = example.columns
        .filter((name) => !ELSEWHERE.includes(name) && SHARE.exec(name)?.[1] !== "p_err")
        .map((name) => SHARE.exec(name)?.[2] ?? name);
      // the heading shows the samples once if all jobs got what they requested
      const said = layout.folded.some(({ name }) => name === "param.max_samples");
      const samples = said && !mine.includes("samples") ? ["samples"] : [];
      expect([...mine, ...samples].toSorted()).toEqual(theirs.toSorted());
      const groups = layout.shown.map(({ group }) => group);
      expect(groups.lastIndexOf("swept")).toBeLessThan(
        groups.includes("measured") ? groups.indexOf("measured") : groups.length,
      );
    });

    it("writes a value and its error with equal decimals", () => {
      const context = {
        ...{ table, summarized: [], now: 0, isNarrow: false, nextUp: new Map(), problem: "" },
      };
      for (const column of layout.shown.filter(({ kind }) => kind === "measured"))
        for (const line of lines) {
          const [value, error] = [table.cell(line, column.name), table.error(line, column.name)];
          const text = cellText(line, column, context);
          if (value === null) expect(text).toBe("");
          if (typeof value !== "number") continue;
          const [, written = text, uncertainty] = /^(.*) ± (.*)$/.exec(text) ?? [];
          const close = error ? error / 10 : Math.abs(value) * 1e-5;
          expect(Math.abs(Number(written) - value)).toBeLessThanOrEqual(close);
          expect(uncertainty === undefined).toBe(!error);
        }
    });
  },
);

import { describe, expect, it } from "vitest";
import { layOut, NOTHING_MEASURED } from "../../src/data/columns";
import { type Choices, plotOf } from "../../src/data/plot";
import { type ResultColumn, type Sheet, sheetOf } from "../../src/data/results";
import type { Cell } from "../../src/data/table";
import type { MeasuredRow } from "../../src/kernel/answers";
import { tableOf } from "./rows";

const column = (id: string, role: ResultColumn["role"], isNumber = true): ResultColumn => ({
  id,
  title: id,
  role,
  isNumber,
});

const COLUMNS = [
  column("position", "job"),
  column("phi", "swept"),
  column("eta", "swept"),
  column("circuit", "swept", false),
  column("|1>", "share"),
];

function sheet(values: Cell[][], columns = COLUMNS): Sheet {
  return {
    columns,
    rows: values.map((cells, position) => ({
      key: `${position}.`,
      position,
      name: String(position),
      cells: Object.fromEntries([
        ["position", position],
        ...columns.slice(1).map(({ id }, i) => [id, cells[i] ?? null]),
      ]),
      errors: { "|1>": 0.01 },
    })),
  };
}

/** Every combination of two phases, efficiencies and circuits. */
const GRID = [0, 1].flatMap((phi) =>
  [0.5, 0.9].flatMap((eta) =>
    ["Ralph", "Knill"].map((circuit, i) => [phi, eta, circuit, phi + eta + i]),
  ),
);
const chosen = (choices: Partial<Choices> = {}): Choices => ({ at: {}, ...choices });
const drawn = (values: Cell[][], choices: Partial<Choices> = {}) => {
  const plot = plotOf(sheet(values), chosen(choices));
  return plot?.points.map(({ row }) => row.position);
};

describe("a plot", () => {
  it("holds every other swept value, so that points that look alike are alike", () => {
    const plot = plotOf(sheet(GRID), chosen({ y: "|1>", x: "phi", curves: "eta" }));
    expect(plot?.held.map(({ column, value }) => [column.id, value])).toEqual([
      ["circuit", "Ralph"],
    ]);
    expect(plot?.points.map(({ row }) => row.position)).toEqual([0, 2, 4, 6]);
    expect(drawn(GRID, { x: "phi", curves: "eta", at: { circuit: "Knill" } })).toEqual([
      1, 3, 5, 7,
    ]);
  });

  it("draws or counts every row that it is about", () => {
    const gaps = [
      ...GRID.slice(0, 3),
      [1, 0.5, "Ralph", null],
      [null, 0.5, "Ralph", 2],
      [1, 0.5, null, 2],
    ];
    const plot = plotOf(sheet(gaps), chosen({ x: "phi", curves: "eta" }));
    expect([plot?.points.length, plot?.gaps]).toEqual([2, 3]);
  });

  it("is about the columns of these names, wherever they stand", () => {
    const order = [0, 4, 3, 2, 1];
    const columns = order.map((i) => COLUMNS[i] as ResultColumn);
    const shuffled = GRID.map((cells) => order.slice(1).map((i) => cells[i - 1] ?? null));
    const before = plotOf(sheet(GRID), chosen({ y: "|1>", x: "eta", curves: "phi" }));
    const after = plotOf(sheet(shuffled, columns), chosen({ y: "|1>", x: "eta", curves: "phi" }));
    const told = (plot: typeof before) => plot?.points.map(({ x, y, curve }) => [x, y, curve]);
    expect(told(after)).toEqual(told(before));
  });

  it("says which chosen column is gone, and shows another one", () => {
    const columns = COLUMNS.filter(({ id }) => id !== "eta");
    const plot = plotOf(sheet(GRID, columns), chosen({ x: "eta" }));
    expect([plot?.gone, plot?.x.id]).toEqual([["eta"], "phi"]);
  });

  it("asks for no choice about what the others set already", () => {
    const paired = [0, 1, 2].map((phi) => [phi, phi * 2, "Ralph", phi]);
    const plot = plotOf(sheet(paired), chosen());
    expect([plot?.held, plot?.curves, plot?.points.length]).toEqual([[], null, 3]);
  });

  it("is a map of numbers of which there are more than curves can be told apart", () => {
    const many = [0, 1].flatMap((phi) =>
      Array.from({ length: 9 }, (_, eta) => [phi, eta, "R", phi]),
    );
    const plot = plotOf(sheet(many), chosen({ x: "phi", curves: "eta" }));
    expect([plot?.isMap, plot?.names, plot?.points[1]?.y]).toEqual([true, [], 1]);
  });

  it("shows nothing where nothing was measured: never a label over a label", () => {
    expect(plotOf(sheet(GRID, COLUMNS.slice(0, 4)), chosen())).toBeNull();
  });
});

describe("the rows of a plot", () => {
  it("are one for each iteration, with what it varied as columns", () => {
    const row = (iteration: number, phi: number): MeasuredRow => ({
      ...{ position: 1, iteration, of: 2, params: { phi }, samples: 10 },
      values: { "|1>": [phi, 0.1] },
    });
    const table = tableOf([{}, { "label.phi": 7 }]);
    table.take([1], [row(0, 0.1), row(1, 0.2)]);
    const found = sheetOf(table, layOut(table, []).differing, {
      ...NOTHING_MEASURED,
      states: ["|1>"],
    });
    expect(
      found.rows.map(({ name, cells }) => [name, cells["label.phi"], cells["param.phi"]]),
    ).toEqual([
      ["1 · 1/2", 7, 0.1],
      ["1 · 2/2", 7, 0.2],
    ]);
  });
});

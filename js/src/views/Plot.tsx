/** A measured value over what was swept; every row is drawn or counted. */

import { type Plot as Figure, NO_CURVES, type Point, plotOf } from "../data/plot";
import type { ResultColumn, Sheet } from "../data/results";
import type { Cell } from "../data/table";
import * as format from "../format";
import { type Mark, Scatter } from "../plot/Scatter";
import { colourAt, extent, GRADIENT } from "../plot/scale";
import type { Session } from "../session";

/** Texts as curves: neighbours differ in more than red and green. */
const PALETTE = ["--blue", "--orange", "--green", "--purple", "--yellow", "--quiet"];

export function Plot({ session, sheet }: { session: Session; sheet: Sheet }) {
  const figure = plotOf(sheet, session.plot.value);
  if (!figure) return null;
  const { points, isMap, x, y, curves, held, gaps, gone } = figure;
  const [low, high] = extent(points.map(({ value }) => value));
  const colourOf = colours(figure, low, high);
  const marks: Mark[] = points.map((point, id) => ({
    id,
    x: point.x,
    y: point.y,
    error: isMap ? null : point.error,
    curve: point.curve,
    colour: colourOf(point),
  }));
  const selected = session.selected.value;
  const chosen = new Set(
    marks.filter(({ id }) => selected.has(points[id]?.row.position ?? -1)).map(({ id }) => id),
  );
  const positionOf = (id: number) => points[id]?.row.position ?? 0;
  return (
    <figure
      data-testid="plot"
      data-x={x.id}
      data-y={y.id}
      data-curves={curves?.id ?? ""}
      data-points={points.length}
      ref={(element) => {
        if (element) Object.assign(element, { points: () => drawn(figure) });
      }}
    >
      <figcaption>
        <Choice
          label="Y"
          value={y.id}
          columns={figure.choices.y}
          choose={(id) => set(session, { y: id })}
        />
        <Choice
          label="X"
          value={x.id}
          columns={figure.choices.x}
          choose={(id) => set(session, { x: id })}
        />
        <Choice
          label="Curves"
          value={curves?.id ?? NO_CURVES}
          columns={figure.choices.x.filter(({ id, role }) => id !== x.id && role === "swept")}
          none="none"
          choose={(id) => set(session, { curves: id })}
        />
        {held.map(({ column, values, value }) => (
          <Held key={column.id} {...{ session, column, values, value }} />
        ))}
      </figcaption>
      {gone.length > 0 && (
        <p class="notice" data-testid="plot-gone">
          {gone.map(titleOf).join(" and ")} is no longer a column. The plot shows what is selected
          above.
        </p>
      )}
      <Scatter
        marks={marks}
        xTitle={x.title}
        yTitle={isMap && curves ? curves.title : axisTitle(y)}
        label={`${y.title} over ${x.title}: ${format.count(points.length, "point")}`}
        isMap={isMap}
        isJoined={figure.isJoined}
        fromZero={!isMap && isShare(y)}
        chosen={chosen}
        describe={(id) => readout(figure, points[id])}
        choose={(ids) => session.select(new Set(ids.map(positionOf)))}
        open={(id) => {
          session.opened.value = positionOf(id);
        }}
      />
      <figcaption>
        {curves &&
          figure.names.map((name, i) => (
            <span key={String(name)} class="series" style={{ "--series": swatch(figure, i) }}>
              {curves.title} {format.cell(name)}
            </span>
          ))}
        {isMap && (
          <span class="colour-bar" data-testid="colour-bar">
            {axisTitle(y)} {format.number(low)}
            <span style={{ background: GRADIENT }} />
            {format.number(high)}
          </span>
        )}
        {gaps > 0 && <i>{format.count(gaps, "row")} without a value</i>}
      </figcaption>
    </figure>
  );
}

const set = (session: Session, choices: Partial<Session["plot"]["value"]>) => {
  session.plot.value = { ...session.plot.peek(), ...choices };
};

/** "max_samples" of "param.max_samples". */
const titleOf = (id: string) => id.slice(id.indexOf(".") + 1).replaceAll("_", " ");

const isShare = ({ role }: ResultColumn) => role === "share";

const axisTitle = (column: ResultColumn) =>
  isShare(column) ? `share of ${column.title} among selected` : column.title;

function colours({ isMap, names, curves }: Figure, low: number, high: number) {
  if (isMap) return ({ value }: Point) => colourAt((value - low) / (high - low));
  if (curves?.isNumber)
    return ({ curve }: Point) => colourAt(curve / Math.max(1, names.length - 1));
  return ({ curve }: Point) => `var(${PALETTE[curve % PALETTE.length]})`;
}

const swatch = (figure: Figure, curve: number) =>
  colours(figure, 0, 1)({ curve, value: 0 } as Point);

/** "phi 1.428, indist 0.6: 0.196 ± 0.018, 500 samples, job 5" */
function readout({ x, y, curves, held }: Figure, point: Point | undefined): string {
  if (!point) return "";
  const { row, value, error } = point;
  const place = [x, ...(curves ? [curves] : []), ...held.map(({ column }) => column)]
    .filter(({ id }) => id !== "position")
    .map(({ id, title }) => `${title} ${format.cell(row.cells[id] ?? null)}`);
  const samples = row.cells["samples"];
  return [
    `${place.join(", ")}${place.length > 0 ? ": " : ""}${y.title} ${format.measured(value, error)}`,
    ...(typeof samples === "number" ? [format.count(samples, "sample")] : []),
    `job ${row.name}`,
  ].join(", ");
}

/** What is drawn, for tests. */
const drawn = ({ points }: Figure) =>
  points.map(({ row, x, y, value, error, curve }) => ({
    job: row.name,
    ...{ x, y, value, error, curve },
  }));

interface ChoiceProps {
  label: string;
  value: string;
  columns: ResultColumn[];
  /** What no choice is called, if there is such a choice. */
  none?: string;
  choose(id: string): void;
}

function Choice({ label, value, columns, none, choose }: ChoiceProps) {
  return (
    <label>
      {label}{" "}
      <select
        data-testid={`plot-${label.toLowerCase()}`}
        value={value}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        {none && <option value={NO_CURVES}>{none}</option>}
        {columns.map(({ id, title }) => (
          <option key={id} value={id} selected={id === value}>
            {title}
          </option>
        ))}
      </select>
    </label>
  );
}

interface HeldProps {
  session: Session;
  column: ResultColumn;
  values: Cell[];
  value: Cell;
}

/** Another swept column: the plot shows the jobs with one of its values. */
function Held({ session, column, values, value }: HeldProps) {
  return (
    <label>
      at {column.title}{" "}
      <select
        data-testid={`plot-at-${column.title}`}
        onChange={({ currentTarget }) => {
          const { at } = session.plot.peek();
          const wanted = values[currentTarget.selectedIndex] ?? null;
          set(session, { at: { ...at, [column.id]: wanted } });
        }}
      >
        {values.map((each) => (
          <option key={String(each)} selected={each === value}>
            {format.cell(each)}
          </option>
        ))}
      </select>
    </label>
  );
}

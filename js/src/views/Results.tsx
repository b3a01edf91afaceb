/** Results across jobs: a plot, a row for each job or iteration, and distributions side by side. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { csvOf } from "../data/csv";
import { toggled } from "../data/immutableSet";
import { type ResultRow, type Sheet, sheetOf } from "../data/results";
import * as format from "../format";
import type { Session } from "../session";
import { Button } from "../ui/Button";
import { Copy } from "../ui/Copy";
import { DataTable, type Sort } from "../ui/DataTable";
import { sets } from "../ui/hooks";
import { Compare } from "./Compare";
import { Plot } from "./Plot";

/** The states whose shares are columns of the table; the plot can show more. */
const TOP = 4;
/** More jobs than this are loaded only on request. */
const MOST_UNASKED = 2000;
/** Rows of the table; the plot has all. */
const MOST_ROWS = 500;

export function Results({ session }: { session: Session }) {
  const sort = useSignal("");
  const isAsked = useSignal(false);
  const { table } = session.rows.value;
  const { rows, scalars, states, failed, isLoading } = session.measurements.state.value;
  const done = table.where((state) => state === "success");
  const y = session.plot.value.y ?? "";
  const isState = y !== "" && !states.includes(y) && !scalars.includes(y);
  const wanted = isState ? [...states, y] : states;
  const missing = session.measurements.missing(table, done, wanted);
  const isHeldBack = missing.length > MOST_UNASKED && !isAsked.value;
  useEffect(() => {
    if (missing.length > 0 && !isHeldBack && !isLoading)
      session.measurements.load(table, missing, wanted);
  });
  const { differing } = session.layout.value;
  const known = new Map([...rows].filter(([position]) => table.state(position) === "success"));
  const sheet = sheetOf({ table, differing, rows: known, scalars, states: wanted });
  const selected = done.filter((position) => session.selected.value.has(position));
  return (
    <section class="results" data-testid="results" aria-label="Results">
      <p class="quiet">
        {format.whole(known.size)} of {format.count(table.total, "job")} measured{" "}
        <Copy text={csvOf(...csvParts(sheet))} label="Copy the table as CSV" />
      </p>
      {isHeldBack ? (
        <p class="buttons">
          <Button kind="primary" testid="load-results" onClick={sets(isAsked, true)}>
            Load {format.count(missing.length, "result")}
          </Button>
        </p>
      ) : (
        missing.length > 0 && (
          <p class="quiet" data-testid="loading">
            {format.whole(done.length - missing.length)} of {format.count(done.length, "result")}{" "}
            loaded…
          </p>
        )
      )}
      {failed.size > 0 && <Failures session={session} failed={failed} />}
      <Plot session={session} sheet={sheet} />
      {sheet.rows.length > 0 && <ResultTable session={session} sort={sort} sheet={sheet} />}
      {selected.length > 0 ? (
        <Compare session={session} positions={selected} />
      ) : (
        <p class="quiet">Select jobs to compare their distributions.</p>
      )}
    </section>
  );
}

interface FailuresProps {
  session: Session;
  failed: ReadonlyMap<number, string>;
}

function Failures({ session, failed }: FailuresProps) {
  const [first] = failed;
  if (!first) return null;
  const [position, why] = first;
  return (
    <p class="notice" data-testid="no-results">
      <span>
        {format.count(failed.size, "result")} could not be loaded. Job {position}: {why}
      </span>
      {!session.isSaved() && (
        <Button kind="small" onClick={() => session.measurements.retry()}>
          Try again
        </Button>
      )}
    </p>
  );
}

interface TableProps {
  session: Session;
  sort: Sort;
  sheet: Sheet;
}

function ResultTable({ session, sort, sheet }: TableProps) {
  const chosen = session.selected.value;
  const columns = columnsOf(sheet);
  return (
    <>
      <DataTable
        head={[
          { id: "chosen", title: "Selected" },
          ...columns.map(({ id, title, isNumber }) => ({ id, title, isNumber })),
        ]}
        sort={sort}
        most={MOST_ROWS}
        rows={sheet.rows.map((row) => {
          const { position, name, key } = row;
          const isChosen = chosen.has(position);
          return {
            key,
            testid: row.key.endsWith(".") ? `result-${position}` : `result-${key}`,
            isChosen,
            values: [Number(isChosen), ...columns.map(({ id }) => row.cells[id] ?? null)],
            cells: () => [
              <input
                key="box"
                type="checkbox"
                aria-label={`Select job ${name}`}
                checked={isChosen}
                onChange={() => session.select(toggled(session.selected.value, position))}
              />,
              ...columns.map(({ id }) => (id === "position" ? name : cellOf(row, id))),
            ],
          };
        })}
      />
      {sheet.rows.length > MOST_ROWS && (
        <p class="quiet">
          {format.whole(MOST_ROWS)} of {format.count(sheet.rows.length, "row")}, in this order. The
          plot and the CSV have all.
        </p>
      )}
    </>
  );
}

/** All but the rarer states, which only the plot shows. */
function columnsOf({ columns }: Sheet) {
  const shares = columns.filter(({ role }) => role === "share").slice(0, TOP);
  return columns.filter((column) => column.role !== "share" || shares.includes(column));
}

function cellOf({ cells, errors }: ResultRow, id: string): string {
  const value = cells[id] ?? null;
  return typeof value === "number"
    ? format.measured(value, errors[id] ?? null)
    : format.cell(value);
}

/** Each measured value with its error in a column of its own. */
function csvParts({ columns, rows }: Sheet) {
  const hasError = (id: string) => rows.some(({ errors }) => (errors[id] ?? null) !== null);
  const parts = columns.flatMap(({ id, title }) => [
    { title, of: ({ cells }: ResultRow) => cells[id] ?? null },
    ...(hasError(id)
      ? [{ title: `${title} error`, of: ({ errors }: ResultRow) => errors[id] ?? null }]
      : []),
  ]);
  const header = ["iteration", ...parts.map(({ title }) => title)];
  const iterationOf = ({ key }: ResultRow) => key.slice(key.indexOf(".") + 1);
  return [
    header,
    rows.map((row) => [iterationOf(row) || null, ...parts.map(({ of }) => of(row))]),
  ] as const;
}

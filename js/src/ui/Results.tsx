/** Results across jobs: one row for each job, with what tells it apart and its scalars. */

import type { JobResult } from "../answers";
import { csvOf } from "../csv";
import * as format from "../format";
import { toggled } from "../grid/selection";
import type { Session } from "../session";
import { type Cell, isDynamic } from "../table";
import { type Compared, Comparison } from "./Comparison";
import { Copy } from "./Copy";
import { DataTable, type Sort } from "./DataTable";
import { Known } from "./Detail";
import { useAnswer, useSignal } from "./hooks";
import { Panel } from "./Panel";

const MOST = 200;

interface Sheet {
  header: string[];
  rows: Cell[][];
}

export function Results({ session }: { session: Session }) {
  session.revision.value;
  const sort = useSignal(0);
  const done = session.table.where((state) => state === "success");
  const chosen = done.filter((position) => session.selected.value.has(position));
  const positions = [...new Set([...done.slice(0, MOST), ...chosen.slice(0, MOST)])];
  const answer = useAnswer<{ results: JobResult[] }>(
    session,
    "results",
    { positions },
    positions.join(),
  );
  const results = answer.value?.results ?? [];
  const sheet = sheetOf(session, results);
  return (
    <Panel
      session={session}
      testid="results"
      title="Results"
      note={`${format.count(done.length, "job")}${
        done.length > MOST ? `, the first ${MOST} and the chosen ones shown` : ""
      }`}
      tools={<Copy text={csvOf(sheet.header, sheet.rows)} label="Copy the table as CSV" />}
    >
      <Known answer={answer}>
        {() => <ResultTable session={session} sort={sort} {...sheet} />}
      </Known>
      {chosen.length > 0 ? (
        <Comparison jobs={comparedOf(session, results, chosen)} />
      ) : (
        <p class="quiet">Choose jobs to see their distributions side by side.</p>
      )}
    </Panel>
  );
}

function ResultTable({ session, sort, header, rows }: Sheet & { session: Session; sort: Sort }) {
  const chosen = session.selected.value;
  const kinds = header.map((_, i) => rows.every((row) => typeof (row[i] ?? 0) === "number"));
  const head = header.map((title, i) => ({
    title: title.replaceAll("_", " "),
    isNumber: kinds[i] ?? false,
  }));
  return (
    <DataTable
      head={[{ title: "Chosen" }, ...head]}
      sort={sort}
      rows={rows.map((row) => {
        const position = Number(row[0]);
        const isChosen = chosen.has(position);
        return {
          key: position,
          testid: `result-${position}`,
          isChosen,
          values: [Number(isChosen), ...row],
          cells: [
            <input
              key="box"
              type="checkbox"
              aria-label={`Choose job ${position}`}
              checked={isChosen}
              onChange={() => session.select(toggled(chosen, position))}
            />,
            ...row.map(format.cell),
          ],
        };
      })}
    />
  );
}

function sheetOf({ table, layout }: Session, results: JobResult[]): Sheet {
  const labels = layout.value.shown.filter(({ name }) => isDynamic(name) || name === "name");
  const scalars = [
    ...new Set(results.flatMap(({ distributions: [first] }) => Object.keys(first?.scalars ?? {}))),
  ];
  const rows = results.map(({ position, error, distributions: [first] }): Cell[] => [
    position,
    ...labels.map(({ name }) => table.cell(position, name)),
    ...scalars.map((name) => first?.scalars[name] ?? null),
    error || (first?.entries[0]?.[0] ?? ""),
  ]);
  return { header: ["#", ...labels.map(({ title }) => title), ...scalars, "most frequent"], rows };
}

/** "#3 · 0.25 · Ralph CNOT", each with its first distribution. */
function comparedOf(
  { table, layout }: Session,
  results: JobResult[],
  chosen: number[],
): Compared[] {
  const labels = layout.value.shown.filter(({ name }) => isDynamic(name));
  return results
    .filter(({ position }) => chosen.includes(position))
    .flatMap(({ position, distributions: [distribution] }) => {
      const told = labels.map(({ name }) => format.cell(table.cell(position, name)));
      const title = [`#${position}`, ...told].join(" · ");
      return distribution ? [{ position, title, distribution }] : [];
    });
}

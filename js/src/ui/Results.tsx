/** Results across jobs: one row for each job, with what tells it apart and its scalars. */

import type { JobResult } from "../answers";
import { csvOf } from "../csv";
import * as format from "../format";
import type { Session } from "../session";
import { type Cell, isDynamic } from "../table";
import { Button } from "./Button";
import { Copy } from "./Copy";
import { DataTable } from "./DataTable";
import { Known } from "./Detail";
import { useAnswer } from "./hooks";

const MOST = 200;

interface Comparison {
  header: string[];
  rows: Cell[][];
}

export function Results({ session }: { session: Session }) {
  session.revision.value;
  const done = session.table.where((state) => state === "success");
  const positions = done.slice(0, MOST);
  const answer = useAnswer<{ results: JobResult[] }>(
    session,
    "results",
    { positions },
    positions.join(),
  );
  const table = compare(session, answer.value?.results ?? []);
  return (
    <section class="panel" data-testid="results" aria-label="Results">
      <div class="panel-head">
        <h3>
          Results{" "}
          <span>
            {format.count(done.length, "job")}
            {done.length > MOST && `, the first ${MOST} shown`}
          </span>
        </h3>
        <span class="spacer" />
        <Copy text={csvOf(table.header, table.rows)} label="Copy the table as CSV" />
        <Button
          icon="close"
          label="Close the results"
          onClick={() => {
            session.panel.value = "";
          }}
        />
      </div>
      <Known answer={answer}>{() => <ComparisonTable {...table} />}</Known>
    </section>
  );
}

function ComparisonTable({ header, rows }: Comparison) {
  return (
    <DataTable
      head={header.map((title, i) => ({
        title: title.replaceAll("_", " "),
        isNumber: rows.every((row) => typeof (row[i] ?? 0) === "number"),
      }))}
      rows={rows.map((row) => ({ key: String(row[0]), cells: row.map(format.cell) }))}
    />
  );
}

function compare({ table, layout }: Session, results: JobResult[]): Comparison {
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

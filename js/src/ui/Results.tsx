/** Results across jobs: one row for each job, with what tells it apart and its scalars. */

import type { JobResult } from "../answers";
import { distance, lineUp, sharesOf } from "../compare";
import { csvOf } from "../csv";
import * as format from "../format";
import type { Session } from "../session";
import { toggled } from "../sets";
import type { Sheet } from "../sweep";
import { type Cell, isDynamic } from "../table";
import { type Compared, Comparison } from "./Comparison";
import { Copy } from "./Copy";
import { DataTable, type Sort } from "./DataTable";
import { Known } from "./Detail";
import { ticked, useAnswer, useSignal } from "./hooks";
import { Panel } from "./Panel";
import { Sweep } from "./Sweep";

const MOST = 200;
/** States whose shares are columns. */
const TOP = 4;

export function Results({ session }: { session: Session }) {
  session.revision.current;
  const sort = useSignal(0);
  const ideal = useSignal(false);
  const done = session.table.where((state) => state === "success");
  const chosen = done.filter((position) => session.selected.current.has(position));
  const positions = [...new Set([...done.slice(0, MOST), ...chosen.slice(0, MOST)])];
  const answer = useAnswer<{ results: JobResult[] }>(
    session,
    "results",
    { positions, ideal: ideal.current },
    `${positions}/${ideal.current}`,
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
      tools={
        <>
          {!session.isSaved() && (
            <label title="Without noise and loss, computed by Perceval beside this notebook">
              <input testid="ideal" {...ticked(ideal)} /> Ideal
            </label>
          )}
          <Copy text={csvOf(sheet.header, sheet.rows)} label="Copy the table as CSV" />
        </>
      }
    >
      <Known answer={answer}>
        {() => (
          <>
            {ideal.current && !results.some((each) => each.ideal) && (
              <p class="quiet">{results[0]?.no_ideal ?? "Computing…"}</p>
            )}
            <Sweep session={session} sheet={sheet} />
            <ResultTable session={session} sort={sort} {...sheet} />
          </>
        )}
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
  const chosen = session.selected.current;
  const kinds = header.map((_, i) => rows.every((row) => typeof (row[i] ?? 0) === "number"));
  const head = header.map((title, i) => ({
    title,
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
  const labels = layout.current.shown.filter(({ name }) => isDynamic(name) || name === "name");
  const firsts = results.map(({ distributions: [first] }) => first);
  const scalars = [...new Set(firsts.flatMap((first) => Object.keys(first?.scalars ?? {})))];
  const { lines } = lineUp(
    firsts.map((first) => (first ? sharesOf(first) : new Map())),
    TOP,
  );
  const hasIdeal = results.some((each) => each.ideal);
  const rows = results.map(({ position, error, ideal }, i): Cell[] => [
    position,
    ...labels.map(({ name }) => table.cell(position, name)),
    ...scalars.map((name) => firsts[i]?.scalars[name] ?? null),
    ...lines.map(({ shares }) => (firsts[i] ? (shares[i] ?? null) : null)),
    ...(hasIdeal
      ? [firsts[i] && ideal ? distance(sharesOf(firsts[i]), sharesOf(ideal)) : null]
      : []),
    error || (firsts[i]?.entries[0]?.[0] ?? ""),
  ]);
  const header = [
    "#",
    ...labels.map(({ title }) => title),
    ...scalars.map((name) => name.replaceAll("_", " ")),
    ...lines.map(({ label }) => label),
    ...(hasIdeal ? ["distance from ideal"] : []),
    "most frequent",
  ];
  return { header, rows, main: 1 + labels.length + scalars.length };
}

/** "#3 · 0.25 · Ralph CNOT", each with its first distribution; before them the ideal of the first. */
function comparedOf(
  { table, layout }: Session,
  results: JobResult[],
  chosen: number[],
): Compared[] {
  const labels = layout.current.shown.filter(({ name }) => isDynamic(name));
  return results
    .filter(({ position }) => chosen.includes(position))
    .flatMap(({ position, distributions: [distribution], ideal }, i) => {
      const told = labels.map(({ name }) => format.cell(table.cell(position, name)));
      const title = [`#${position}`, ...told].join(" · ");
      const before =
        ideal && i === 0 ? [{ position: -1, title: `ideal of ${title}`, distribution: ideal }] : [];
      return distribution ? [...before, { position, title, distribution }] : [];
    });
}

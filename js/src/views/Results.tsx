/** Results across jobs: a plot, and distributions side by side. */

import * as format from "../format";
import type { Session } from "../session";
import { Compare } from "./Compare";
import { Plot } from "./Plot";

export function Results({ session }: { session: Session }) {
  const { table } = session.rows.value;
  const selected = table
    .where((state) => state === "success")
    .filter((position) => session.selected.value.has(position));
  return (
    <section class="results" data-testid="results" aria-label="Results">
      <p class="quiet">
        {format.whole(table.measuredPositions.size)} of {format.count(table.total, "job")} measured
      </p>
      <Plot session={session} sheet={session.sheet.value} />
      {selected.length > 0 ? (
        <Compare session={session} positions={selected} />
      ) : (
        <p class="quiet">Select jobs to compare their distributions.</p>
      )}
    </section>
  );
}

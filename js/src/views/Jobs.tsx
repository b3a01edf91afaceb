/** The table of jobs, or advice if it is empty. */

import { countOf } from "../data/states";
import * as format from "../format";
import { Grid } from "../grid/Grid";
import type { SizeAnswer } from "../kernel/answers";
import type { Session } from "../session";
import { Button } from "../ui/Button";
import { useAnswer } from "./useAnswer";

export function JobTable({ session }: { session: Session }) {
  const open = (position: number) => {
    const { opened } = session;
    opened.value = opened.peek() === position ? null : position;
  };
  const rerun = (position: number) =>
    session.run("rerun", { positions: [position], mode: "queue" });
  const total = countOf(session.traits.counts.value);
  const shown = session.rows.value.positions.length;
  const { table } = session.rows.value;
  const known = table.total;
  return (
    <div>
      {table.first > 0 && (
        <p class="quiet" data-testid="newest">
          The newest {format.whole(table.total - table.first)} of {format.whole(table.total)} jobs
          are shown. In Python, <code>jg.find("phi&gt;1.4 is:failed")</code> finds the others.
        </p>
      )}
      <Grid {...{ session, open, rerun }} hidden={known === 0} />
      {total === 0 && <EmptyGroup session={session} />}
      {total > 0 && known === 0 && <p class="empty">Fetching {format.whole(total)} jobs…</p>}
      {known > 0 && shown === 0 && <EmptyView session={session} />}
    </div>
  );
}

/** A new group, whose name may be a misspelling of an existing one. */
function EmptyGroup({ session }: { session: Session }) {
  const name = session.traits.group.value;
  const near = useAnswer<SizeAnswer>(session, "size", {}, name).value?.similar_names ?? [];
  return (
    <div class="empty">
      <p>This group has no jobs yet. Add the first one:</p>
      <pre>
        {`jg = JobGroup(${JSON.stringify(name)})\njg.add(sampler.sample_count, max_samples=10_000, once=True)`}
      </pre>
      {near.length > 0 && (
        <p class="buttons" data-testid="near-names">
          Did you mean
          {near.map((other) => (
            <Button key={other} onClick={() => session.run("open", { name: other })}>
              {other}
            </Button>
          ))}
        </p>
      )}
    </div>
  );
}

function EmptyView({ session }: { session: Session }) {
  const search = session.search.value;
  return (
    <div class="empty">
      <p>No job {search ? <>matches “{search}” here</> : "is in that state"}.</p>
      <Button onClick={() => session.show("all")}>Show all jobs</Button>
    </div>
  );
}

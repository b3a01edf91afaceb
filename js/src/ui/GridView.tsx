/** The table of jobs, or what to do where there is nothing to show. */

import type { SizeAnswer } from "../answers";
import * as format from "../format";
import { showGrid } from "../grid/grid";
import type { Session } from "../session";
import { countOf } from "../states";
import { Button } from "./Button";
import { useEffect, useRef } from "./dom";
import { useAnswer } from "./hooks";

export function GridView({ session }: { session: Session }) {
  const element = useRef<HTMLDivElement>();
  useEffect(() => {
    const end = new AbortController();
    const open = (position: number) => {
      const { opened } = session;
      opened.current = opened.peek() === position ? null : position;
    };
    const rerun = (position: number) => session.run("rerun", { positions: [position] });
    if (element.current) showGrid(element.current, session, { open, rerun }, end.signal);
    return () => end.abort();
  }, [session]);
  const total = countOf(session.traits.counts.current);
  session.revision.current;
  const shown = session.order.positions.length;
  const known = session.table.total;
  return (
    <div>
      {/* biome-ignore lint/a11y/useSemanticElements: only the rows in sight exist, no <table> bears that */}
      <div
        ref={element}
        class="grid"
        testid="grid"
        role="grid"
        aria-label="Jobs"
        aria-multiselectable
        hidden={known === 0}
      />
      {total === 0 && <EmptyGroup session={session} />}
      {total > 0 && known === 0 && <p class="empty">Fetching {format.whole(total)} jobs…</p>}
      {known > 0 && shown === 0 && <EmptyView session={session} />}
    </div>
  );
}

/** A new group, which may be an old one misspelt. */
function EmptyGroup({ session }: { session: Session }) {
  const name = session.traits.group.current;
  const near = useAnswer<SizeAnswer>(session, "size", {}, name).value?.similar_names ?? [];
  return (
    <div class="empty">
      <p>This group has no jobs yet. Add the first one:</p>
      <pre>
        {`jg = JobGroup(${JSON.stringify(name)})\njg.add(sampler.sample_count, max_samples=10_000)`}
      </pre>
      {near.length > 0 && (
        <p class="buttons" testid="near-names">
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
  const search = session.search.current;
  const clear = () => {
    session.filter.current = "all";
    if (search) session.search.current = "";
  };
  return (
    <div class="empty">
      <p>No job {search ? <>matches “{search}” here</> : "is in that state"}.</p>
      <Button onClick={clear}>Show all jobs</Button>
    </div>
  );
}

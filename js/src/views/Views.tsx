/** The views below the group's controls: the jobs as a table, as a plot, as both, or over time. */

import type { Session, View } from "../session";
import { Boundary } from "../ui/Boundary";
import { sets } from "../ui/hooks";
import { roving } from "../ui/roving";
import { Filters } from "./Filters";
import { JobTable } from "./Jobs";
import { MeasuredNote } from "./MeasuredNote";
import { Plot } from "./Plot";
import { Timeline } from "./Timeline";

const TITLES: Readonly<Record<View, string>> = {
  table: "Table",
  plot: "Plot",
  both: "Table + plot",
  timeline: "Timeline",
};

export function Views({ session }: { session: Session }) {
  const view = session.view.value;
  return (
    <>
      <ViewTabs session={session} />
      {/* The plot is of all jobs. */}
      {view !== "plot" && <Filters session={session} />}
      <div class="view" role="tabpanel" aria-label={TITLES[view]}>
        {(view === "table" || view === "both") && <MeasuredNote session={session} />}
        {(view === "table" || view === "both") && (
          <Boundary name="The table">
            <JobTable session={session} />
          </Boundary>
        )}
        {(view === "plot" || view === "both") && (
          <Boundary name="The plot">
            <Plot session={session} />
          </Boundary>
        )}
        {view === "timeline" && (
          <Boundary name="The timeline">
            <Timeline session={session} />
          </Boundary>
        )}
      </div>
    </>
  );
}

function ViewTabs({ session }: { session: Session }) {
  const { view } = session;
  return (
    <div class="tabs" role="tablist" aria-label="View" {...roving}>
      {(Object.keys(TITLES) as View[]).map((each) => (
        <button
          key={each}
          role="tab"
          data-testid={`view-${each}`}
          aria-selected={view.value === each}
          tabIndex={view.value === each ? 0 : -1}
          onClick={sets(view, each)}
        >
          {TITLES[each]}
        </button>
      ))}
    </div>
  );
}

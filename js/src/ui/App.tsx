/** One group, or the list of all groups. */

import type { Session } from "../session";
import { Causes } from "./Causes";
import { Deleted, DeleteStep } from "./Deletion";
import { Detail } from "./Detail";
import { Filters } from "./Filters";
import { GridView } from "./GridView";
import { Groups } from "./Groups";
import { Header } from "./Header";
import { InTurn } from "./InTurn";
import { Banner, BusyNote, Doubt, Live } from "./Notices";
import { Progress } from "./Progress";
import { Results } from "./Results";
import { Slots } from "./Slots";
import { Toolbar } from "./Toolbar";

export function App({ session }: { session: Session }) {
  const { group, deleted } = session.traits;
  const name = group.value;
  const isGone = deleted.value;
  return (
    <section
      class="jobgroup"
      data-testid="jobgroup"
      aria-label={name ? `Job group ${name}` : "Job groups"}
    >
      {!name && <Groups session={session} />}
      {name && isGone && <Deleted session={session} />}
      {name && !isGone && <Controls session={session} />}
      <BusyNote session={session} />
      <Live session={session} />
      {name && !isGone && <Jobs session={session} />}
    </section>
  );
}

function Controls({ session }: { session: Session }) {
  const panel = session.traits.read_only.value ? "" : session.panel.value;
  return (
    <>
      <Header session={session} />
      <Banner session={session} />
      <Progress session={session} />
      <Toolbar session={session} />
      {panel === "delete" && <DeleteStep session={session} />}
      {(panel === "run" || panel === "rerun") && <InTurn session={session} command={panel} />}
    </>
  );
}

function Jobs({ session }: { session: Session }) {
  const opened = session.opened.value;
  return (
    <>
      {session.panel.value === "results" && <Results session={session} />}
      {session.panel.value === "slots" && <Slots session={session} />}
      {session.panel.value === "causes" && <Causes session={session} />}
      <Doubt session={session} />
      <Filters session={session} />
      <GridView session={session} />
      {opened !== null && <Detail key={opened} session={session} position={opened} />}
    </>
  );
}

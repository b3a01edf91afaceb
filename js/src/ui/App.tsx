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
  const name = group.current;
  const isGone = deleted.current;
  return (
    <section
      class="jobgroup"
      testid="jobgroup"
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
  const panel = session.traits.read_only.current ? "" : session.panel.current;
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
  const opened = session.opened.current;
  return (
    <>
      {session.panel.current === "results" && <Results session={session} />}
      {session.panel.current === "slots" && <Slots session={session} />}
      {session.panel.current === "causes" && <Causes session={session} />}
      <Doubt session={session} />
      <Filters session={session} />
      <GridView session={session} />
      {opened !== null && <Detail key={opened} session={session} position={opened} />}
    </>
  );
}

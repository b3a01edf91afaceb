/** One group, or the list of all groups. */

import type { Session } from "../session";
import { Boundary } from "../ui/Boundary";
import { Asked } from "./Asked";
import { Causes } from "./Causes";
import { Deleted, DeleteForm } from "./Deletion";
import { Groups } from "./Groups/Groups";
import { Header } from "./Header";
import { WithDrawer } from "./Job/Drawer";
import { Progress } from "./Progress";
import { SelectionBar } from "./SelectionBar";
import { SendForm } from "./SendForm";
import { SequentialRun } from "./SequentialRun";
import { StatusLine } from "./StatusLine";
import { Strips } from "./Strips";
import { Toolbar } from "./Toolbar";
import { Views } from "./Views";

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
      {!name && (
        <Boundary name="The list of groups">
          <Groups session={session} />
        </Boundary>
      )}
      {name && isGone && <Deleted session={session} />}
      {name && !isGone && (
        <Boundary name="The group">
          <Controls session={session} />
        </Boundary>
      )}
      <StatusLine session={session} />
      {name && !isGone && <Body session={session} />}
    </section>
  );
}

function Controls({ session }: { session: Session }) {
  const panel = session.traits.read_only.value ? "" : session.panel.value;
  return (
    <>
      <Header key={session.traits.group.value} session={session} />
      <Progress session={session} />
      <Toolbar session={session} />
      {panel === "delete" && <DeleteForm session={session} />}
      {panel === "send" && <SendForm session={session} />}
      {(panel === "run" || panel === "rerun") && (
        <SequentialRun session={session} command={panel} />
      )}
      <Asked session={session} from="group" />
      <Strips session={session} />
    </>
  );
}

function Body({ session }: { session: Session }) {
  return (
    <>
      <Boundary name="The list of causes">
        <Causes session={session} />
      </Boundary>
      <WithDrawer session={session}>
        <Views session={session} />
      </WithDrawer>
      <SelectionBar session={session} />
    </>
  );
}

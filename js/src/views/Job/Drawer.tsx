/** The drawer with one job, beside the views or below them; up and down move from job to job. */

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { positionOf } from "../../data/lines";
import type { Session } from "../../session";
import { Boundary } from "../../ui/Boundary";
import { Button } from "../../ui/Button";
import { Pill } from "../../ui/Icon";
import { roving } from "../../ui/roving";
import { Job } from "./Job";
import { revealRow } from "./revealRow";

interface Props {
  session: Session;
  children: ComponentChildren;
}

/** The views, and the drawer if a job is open. */
export function WithDrawer({ session, children }: Props) {
  const position = session.opened.value;
  const stage = useRef<HTMLElement>(null);
  const close = () => {
    const hadFocus = drawerOf(stage.current)?.contains(focusedIn(stage.current));
    session.opened.value = null;
    if (hadFocus)
      stage.current?.querySelector<HTMLElement>(".cell[tabindex='0'], .plot-area")?.focus();
  };
  return (
    <section
      ref={stage}
      aria-label="Jobs"
      class={position === null ? "stage" : "stage with-job"}
      onKeyDown={(event) => {
        const isOther = (event.target as Element).closest(".step, .menu, input, select, dialog");
        if (event.key === "Escape" && position !== null && !isOther && !event.defaultPrevented)
          close();
      }}
    >
      <div class="stage-main">{children}</div>
      {position !== null && <Drawer {...{ session, position, close }} />}
    </section>
  );
}

interface DrawerProps {
  session: Session;
  position: number;
  close: () => void;
}

function Drawer({ session, position, close }: DrawerProps) {
  const { table, lines, positions } = session.rows.value;
  const place = useRef<HTMLElement>(null);
  const index = positions.indexOf(position);
  const walk = (step: number) => {
    const next = positions[index + step];
    if (next !== undefined) session.opened.value = next;
  };
  useLayoutEffect(() => {
    const drawer = place.current as HTMLElement;
    const line = lines.findIndex((each) => positionOf(each) === position);
    revealRow(drawer.parentElement as HTMLElement, line);
    drawer.scrollIntoView({ block: "nearest" });
    drawer.scrollTop = 0;
  }, [position]);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || (event.target as Element).closest("input, textarea, select, .menu")) return;
    walk(step);
    event.preventDefault();
  };
  const nothing = (step: number) =>
    positions[index + step] === undefined ? "There are no more jobs in this direction" : "";
  return (
    <aside
      ref={place}
      class="job"
      data-testid="job"
      aria-label={`Job ${position}`}
      tabIndex={-1}
      onKeyDown={onKeyDown}
    >
      <div class="job-head">
        <h3>
          Job {position} <span class="clip">{table.text(position, "name")}</span>
        </h3>
        <Pill state={table.state(position)} next={session.nextUp.value.get(position)} />
        <span class="spacer" />
        <span class="buttons" role="toolbar" aria-label={`Job ${position}`} {...roving}>
          <Button icon="up" label="Previous job" reason={nothing(-1)} onClick={() => walk(-1)} />
          <Button icon="caret" label="Next job" reason={nothing(1)} onClick={() => walk(1)} />
          <Button icon="error" label="Close the job" onClick={close} />
        </span>
      </div>
      <Boundary key={position} name={`Job ${position}`}>
        <Job session={session} position={position} />
      </Boundary>
    </aside>
  );
}

const drawerOf = (stage: Element | null) => stage?.querySelector(".job");
const focusedIn = (stage: Element | null) =>
  (stage?.getRootNode() as ShadowRoot | undefined)?.activeElement ?? null;

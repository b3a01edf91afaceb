import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import type { Session } from "../session";
import { Button } from "../ui/Button";
import { sets, useFocus } from "../ui/hooks";

interface Props {
  session: Session;
  testid: string;
  title: string;
  note?: ComponentChildren;
  tools?: ComponentChildren;
  children?: ComponentChildren;
}

/** What stands open below the toolbar: it takes the focus, and Escape closes it and gives it back. */
export function Panel({ session, testid, title, note, tools, children }: Props) {
  const close = sets(session.panel, "");
  const place = useRef<HTMLElement>(null);
  useFocus(place, "h3");
  return (
    <section
      ref={place}
      class="panel"
      data-testid={testid}
      aria-label={title}
      onKeyDown={(event) => event.key === "Escape" && close()}
    >
      <div class="panel-head">
        <h3 tabIndex={-1}>
          {title} <span>{note}</span>
        </h3>
        <span class="spacer" />
        {tools}
        <Button icon="error" label={`Close: ${title}`} onClick={close} />
      </div>
      {children}
    </section>
  );
}

import type { Session } from "../session";
import { Button } from "./Button";
import { type Children, useEffect, useRef } from "./dom";
import { sets } from "./hooks";

interface Props {
  session: Session;
  testid: string;
  title: string;
  note?: Children;
  tools?: Children;
  children?: Children;
}

/** What stands open below the toolbar: it takes the focus, and Escape closes it. */
export function Panel({ session, testid, title, note, tools, children }: Props) {
  const close = sets(session.panel, "");
  const heading = useRef<HTMLHeadingElement>();
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <section
      class="panel"
      testid={testid}
      aria-label={title}
      onKeyDown={(event) => event.key === "Escape" && close()}
    >
      <div class="panel-head">
        <h3 ref={heading} tabIndex={-1}>
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

/** Words that people write themselves, a group's description or a job's note: shown, and edited in place. */

import type { Session } from "../session";
import type { Signal } from "../signals";
import { Button } from "./Button";
import { sets } from "./hooks";
import { Step } from "./Step";

interface Props {
  /** "description" or "note"; names for tests begin with it. */
  what: string;
  text: string;
  /** What is being written; null while nothing is. */
  draft: Signal<string | null>;
}

export function OwnWords({
  what,
  text,
  draft,
  onKeep,
}: Props & { onKeep: (text: string) => void }) {
  const close = sets(draft, null);
  if (draft.current === null) {
    return text ? (
      <p class="own" testid={what}>
        {text}
      </p>
    ) : null;
  }
  const keep = () => {
    onKeep(draft.current?.trim() ?? "");
    close();
  };
  return (
    <Step
      label={`The ${what}`}
      isPlain
      go={{ testid: `${what}-save`, onClick: keep, children: "Save" }}
      close={close}
    >
      <textarea
        rows={2}
        testid={`${what}-field`}
        aria-label={`The ${what}`}
        value={draft.current}
        onInput={(event) => {
          draft.current = event.currentTarget.value;
        }}
      />
    </Step>
  );
}

export function EditWords({ session, what, text, draft }: Props & { session: Session }) {
  if (session.traits.read_only.current) return null;
  return (
    <Button
      icon="edit"
      testid={`${what}-edit`}
      label={`${text ? "Edit" : "Add"} the ${what}`}
      onClick={sets(draft, text)}
    />
  );
}

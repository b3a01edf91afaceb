/** Text that users write, a group's description or a job's note, which is edited in place. */

import type { Signal } from "@preact/signals";
import { canAct } from "../canAct";
import type { Session } from "../session";
import { Button } from "../ui/Button";
import { sets } from "../ui/hooks";
import { InlineForm } from "../ui/InlineForm";

interface Props {
  /** "description" or "note"; test ids begin with it. */
  what: string;
  text: string;
  /** The text that is being edited; null if there is none. */
  draft: Signal<string | null>;
}

export function EditableText({
  what,
  text,
  draft,
  onKeep,
}: Props & { onKeep: (text: string) => void }) {
  const close = sets(draft, null);
  if (draft.value === null) {
    return text ? (
      <p class="own" data-testid={what}>
        {text}
      </p>
    ) : null;
  }
  const keep = () => {
    onKeep(draft.value?.trim() ?? "");
    close();
  };
  return (
    <InlineForm
      label={`The ${what}`}
      isPlain
      go={{ testid: `${what}-save`, onClick: keep, children: "Save" }}
      close={close}
    >
      <textarea
        rows={2}
        data-testid={`${what}-field`}
        aria-label={`The ${what}`}
        value={draft.value}
        onInput={(event) => {
          draft.value = event.currentTarget.value;
        }}
      />
    </InlineForm>
  );
}

export function EditButton({ session, what, text, draft }: Props & { session: Session }) {
  if (!canAct(session)) return null;
  return (
    <Button
      icon="edit"
      testid={`${what}-edit`}
      label={`${text ? "Edit" : "Add"} the ${what}`}
      onClick={sets(draft, text)}
    />
  );
}

/** Text that users write, a group's description or a job's note, which is edited in place. */

import type { Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Draft } from "../asking";
import { canAct } from "../canAct";
import type { Session } from "../session";
import { Button } from "../ui/Button";
import { sets } from "../ui/hooks";
import { InlineForm } from "../ui/InlineForm";

interface Props {
  /** "description" or "note"; test ids begin with it. */
  what: string;
  text: string;
  draft: Signal<Draft>;
}

export function EditableText({
  what,
  text,
  draft,
  onKeep,
}: Props & { onKeep: (text: string) => Promise<unknown> }) {
  const close = sets(draft, null);
  const edited = draft.value;
  useEffect(() => {
    if (edited) edited.isNew = false;
  });
  if (!edited) {
    return text ? (
      <p class="own" data-testid={what}>
        {text}
      </p>
    ) : null;
  }
  const words = edited.text.trim();
  const keep = async () => {
    if (await onKeep(words)) close();
  };
  return (
    <InlineForm
      label={`The ${what}`}
      isPlain
      isQuiet={!edited.isNew}
      go={{ testid: `${what}-save`, onClick: keep, children: "Save" }}
      close={close}
    >
      <textarea
        rows={2}
        data-testid={`${what}-field`}
        aria-label={`The ${what}`}
        value={edited.text}
        onInput={(event) => {
          draft.value = { ...edited, text: event.currentTarget.value };
        }}
      />
      {text !== edited.before && text !== words && (
        <p class="problem" data-testid={`${what}-changed`} role="status">
          The {what} has changed since you began to edit it. <i>Save</i> replaces this text: “{text}
          ”
        </p>
      )}
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
      onClick={sets(draft, { text, before: text, isNew: true })}
    />
  );
}

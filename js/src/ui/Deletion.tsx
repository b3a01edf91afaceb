/** Deleting a group: one extra step that says what goes and what stays, and the way back. */

import { deletionOf } from "../actions";
import type { SizeAnswer } from "../answers";
import * as format from "../format";
import type { Session } from "../session";
import { Button } from "./Button";
import { useEffect, useRef } from "./dom";
import { useAnswer } from "./hooks";
import { Icon } from "./Icon";

export function DeleteStep({ session }: { session: Session }) {
  const { jobs, onCloud } = deletionOf(session.traits.counts.value);
  const size = useAnswer<SizeAnswer>(session, "size", {}, "").value;
  const first = useRef<HTMLButtonElement>();
  useEffect(() => first.current?.focus(), []);
  const close = () => {
    session.panel.value = "";
  };
  const remove = (cancel: boolean) => {
    close();
    session.run("delete", { cancel }, "Deletion asked…");
  };
  return (
    <div
      class="step"
      role="alertdialog"
      aria-label="Delete this group?"
      onKeyDown={(event) => event.key === "Escape" && close()}
    >
      <p>
        <b>Delete {session.traits.group.value}?</b> {format.count(jobs, "job")}
        {size && `, ${format.bytes(size.size_bytes)},`} leave this list. Undo brings them back;
        results on the cloud stay.{" "}
        {onCloud > 0 && <b>{format.count(onCloud, "job")} still on the cloud.</b>}
      </p>
      <div class="buttons">
        <Button
          buttonRef={first}
          kind="filled"
          testid="delete-confirm"
          onClick={() => remove(false)}
        >
          {onCloud > 0 ? `Delete, leave ${onCloud} there` : "Delete"}
        </Button>
        {onCloud > 0 && (
          <Button kind="danger" onClick={() => remove(true)}>
            Cancel {onCloud} and delete
          </Button>
        )}
        <Button onClick={close}>Keep</Button>
      </div>
    </div>
  );
}

export function Deleted({ session }: { session: Session }) {
  const undo = useRef<HTMLButtonElement>();
  useEffect(() => undo.current?.focus({ preventScroll: true }), []);
  return (
    <div class="deleted">
      <Icon name="trash" />
      <p>
        <b>{session.traits.group.value}</b> was deleted. Its jobs are in the trash.
      </p>
      <Button
        buttonRef={undo}
        icon="undo"
        kind="primary"
        testid="undo"
        isPending={session.pending.value.has("restore")}
        onClick={() => session.run("restore", {}, "Undo asked…")}
      >
        Undo
      </Button>
    </div>
  );
}

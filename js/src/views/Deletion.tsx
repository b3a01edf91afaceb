/** Delete a group: one extra step that shows what is deleted and what stays, and the way back. */

import { deletionOf } from "../data/actions";
import { TRASH_RETENTION_DAYS } from "../data/limits";
import * as format from "../format";
import type { SizeAnswer } from "../kernel/answers";
import type { Session } from "../session";
import { Button } from "../ui/Button";
import { sets } from "../ui/hooks";
import { Icon } from "../ui/Icon";
import { InlineForm } from "../ui/InlineForm";
import { AllGroups } from "./Header";
import { useAnswer } from "./useAnswer";

export function DeleteForm({ session }: { session: Session }) {
  const { jobs, onCloud } = deletionOf(session.traits.counts.value);
  const size = useAnswer<SizeAnswer>(session, "size", {}, "").value;
  const close = sets(session.panel, "");
  const removing = (cancel: boolean) => () => {
    close();
    session.run("delete", { cancel });
  };
  return (
    <InlineForm
      label="Delete this group?"
      role="alertdialog"
      go={{
        testid: "delete-confirm",
        onClick: removing(false),
        children: onCloud > 0 ? "Delete group only" : "Delete",
      }}
      others={
        onCloud > 0 && (
          <Button kind="danger" onClick={removing(true)}>
            Cancel {format.count(onCloud, "job")} and delete
          </Button>
        )
      }
      close={close}
    >
      <p>
        <b>
          Delete <bdi>{session.traits.group.value}</bdi>?
        </b>{" "}
        {format.count(jobs, "job")}
        {size && `, ${format.bytes(size.size_bytes)},`} will move to the trash. You can undo this.
        Results on the cloud are not affected.{" "}
        {onCloud > 0 && <b>{format.count(onCloud, "job")} will continue on the cloud.</b>}
      </p>
    </InlineForm>
  );
}

export function Deleted({ session }: { session: Session }) {
  return (
    <div class="deleted">
      <Icon name="trash" />
      <p>
        <b>
          <bdi>{session.traits.group.value}</bdi>
        </b>{" "}
        was deleted or renamed. A deleted group can be restored for {TRASH_RETENTION_DAYS} days.
      </p>
      <Button
        icon="undo"
        kind="primary"
        testid="undo"
        isPending={session.pending.value.has("restore")}
        onClick={() => session.run("restore", {})}
      >
        Undo
      </Button>
      <AllGroups session={session} label="All groups" />
    </div>
  );
}

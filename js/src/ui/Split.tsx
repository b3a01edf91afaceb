/** A button with a menu of its variants beside it. */

import type { IconName } from "../icons";
import { Button } from "./Button";
import { Menu, type Note, type Variant } from "./Menu";

interface Props {
  testid: string;
  label: string;
  icon: IconName;
  kind?: string;
  reason: string;
  isPending: boolean;
  onClick: () => void;
  variants: Variant[];
  note?: Note;
}

export function Split({ label, variants, note, ...button }: Props) {
  const kind = button.reason ? "" : (button.kind ?? "");
  const hasMenu = variants.length > 0 && !button.reason;
  return (
    <span class="split">
      <Button {...button} kind={kind}>
        {label}
      </Button>
      {hasMenu && (
        <Menu
          label={`More ways: ${label}`}
          icon="caret"
          kind={`button caret ${kind}`}
          variants={variants}
          note={note}
        />
      )}
    </span>
  );
}

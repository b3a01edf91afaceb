/** A button with a menu of variants next to it. */

import { Button } from "./Button";
import type { IconName } from "./icons";
import { Menu, type Note, type Variant } from "./Menu";

export interface Props {
  testid: string;
  label: string;
  icon: IconName;
  kind?: string;
  reason: string;
  isPending: boolean;
  onClick: () => void;
  /** Empty if there is only one way. */
  variants?: Variant[];
  note?: Note;
}

export function SplitButton({ label, variants, note, ...button }: Props) {
  const kind = button.reason ? "" : (button.kind ?? "");
  return (
    <span class="split">
      <Button {...button} kind={kind}>
        {label}
      </Button>
      {variants && (
        <Menu
          label={`More options: ${label}`}
          icon="caret"
          kind={`button caret ${kind}`}
          reason={button.reason || (variants.length > 0 ? "" : "Nothing to choose from")}
          variants={variants}
          note={note}
        />
      )}
    </span>
  );
}

/** A button that opens a menu of actions or of choices. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren, RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Button } from "./Button";
import { sets } from "./hooks";
import { Icon } from "./Icon";
import type { IconName } from "./icons";

export interface Variant {
  label: string;
  /** Also the item's identity, which a label with a count does not have. */
  testid?: string;
  hint?: string | undefined;
  /** Set for an item that is on or off; the menu then stays open. */
  isChecked?: boolean;
  /** The reason why it is not possible now, which replaces the hint. */
  reason?: string;
  /** The affected jobs, unless all are affected. */
  positions?: readonly number[];
  onClick: () => void;
}

interface Props {
  label: string;
  icon: IconName;
  kind?: string;
  testid?: string;
  reason?: string;
  variants: Variant[];
  /** A line above the items, about the jobs of the current one. */
  note?: Note | undefined;
  children?: ComponentChildren;
}

export type Note = (positions?: readonly number[]) => ComponentChildren;

export function Menu({ label, variants, note, ...face }: Props) {
  const isOpen = useSignal(false);
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const set = (open: boolean) => {
    isOpen.value = open;
    if (!open) button.current?.focus();
  };
  return (
    <span class="split">
      <Button
        {...face}
        buttonRef={button}
        label={label}
        isOpen={isOpen.value}
        onClick={() => set(!isOpen.value)}
      />
      {isOpen.value && !face.reason && (
        <Items {...{ menu, label, variants, note }} close={() => set(false)} />
      )}
    </span>
  );
}

interface ItemsProps {
  menu: RefObject<HTMLDivElement | null>;
  label: string;
  variants: Variant[];
  note: Note | undefined;
  close: () => void;
}

function Items({ menu, label, variants, note, close }: ItemsProps) {
  const looked = useSignal<Variant | null>(null);
  const all = () => [...(menu.current?.children ?? [])] as HTMLElement[];
  useLayoutEffect(() => all()[0]?.focus(), []);
  const onKeyDown = (event: KeyboardEvent) => {
    const items = all();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const now = items.indexOf(event.target as HTMLElement);
    if (step) items[(now + step + items.length) % items.length]?.focus();
    else if (event.key === "Escape" || event.key === "Tab") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const onFocusOut = (event: FocusEvent) => {
    const to = event.relatedTarget as Node | null;
    if (to && !menu.current?.contains(to)) close();
  };
  return (
    <div class="menu" onFocusOut={onFocusOut}>
      {note?.(looked.value?.positions)}
      <div ref={menu} role="menu" tabIndex={-1} aria-label={label} onKeyDown={onKeyDown}>
        {variants.map((variant) => (
          <button
            key={variant.testid ?? variant.label}
            {...roleOf(variant)}
            data-testid={variant.testid}
            tabIndex={-1}
            aria-disabled={variant.reason ? true : undefined}
            onFocus={sets(looked, variant)}
            // Not on entering, because a menu that opens below a resting pointer must keep its
            // focus.
            onPointerMove={({ currentTarget }) => currentTarget.focus()}
            onClick={() => {
              if (variant.reason) return;
              if (variant.isChecked === undefined) close();
              variant.onClick();
            }}
          >
            {variant.isChecked && <Icon name="success" />}
            {variant.label}
            {(variant.reason || variant.hint) && <small>{variant.reason || variant.hint}</small>}
          </button>
        ))}
      </div>
    </div>
  );
}

const roleOf = ({ isChecked }: Variant) =>
  isChecked === undefined
    ? ({ role: "menuitem" } as const)
    : ({ role: "menuitemcheckbox", "aria-checked": isChecked } as const);

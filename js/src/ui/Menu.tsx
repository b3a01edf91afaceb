/** A button that opens a menu: of things to do, or of things to choose. */

import type { IconName } from "../icons";
import { Button } from "./Button";
import { type Children, type Ref, useEffect, useRef } from "./dom";
import { sets, useSignal } from "./hooks";
import { Icon } from "./Icon";

export interface Variant {
  label: string;
  hint?: string | undefined;
  /** Set where it is chosen or not; the menu stays open then. */
  isChecked?: boolean;
  /** Why it cannot be done now; it is read in place of the hint. */
  reason?: string;
  /** The jobs that it is about, where it is not all. */
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
  /** A line above them, about the jobs of the one that is looked at. */
  note?: Note | undefined;
  children?: Children;
}

export type Note = (positions?: readonly number[]) => Children;

export function Menu({ label, variants, note, ...face }: Props) {
  const isOpen = useSignal(false);
  const button = useRef<HTMLButtonElement>();
  const menu = useRef<HTMLDivElement>();
  const set = (open: boolean) => {
    isOpen.current = open;
    if (!open) button.current?.focus();
  };
  return (
    <span class="split">
      <Button
        {...face}
        buttonRef={button}
        label={label}
        isOpen={isOpen.current}
        onClick={() => set(!isOpen.current)}
      />
      {isOpen.current && !face.reason && (
        <Items {...{ menu, label, variants, note }} close={() => set(false)} />
      )}
    </span>
  );
}

interface ItemsProps {
  menu: Ref<HTMLDivElement>;
  label: string;
  variants: Variant[];
  note: Note | undefined;
  close: () => void;
}

function Items({ menu, label, variants, note, close }: ItemsProps) {
  const looked = useSignal<Variant | null>(null);
  const all = () => [...(menu.current?.children ?? [])] as HTMLElement[];
  useEffect(() => all()[0]?.focus(), []);
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
      {note?.(looked.current?.positions)}
      <div ref={menu} role="menu" tabIndex={-1} aria-label={label} onKeyDown={onKeyDown}>
        {variants.map((variant) => (
          <button
            key={variant.label}
            {...roleOf(variant)}
            tabIndex={-1}
            aria-disabled={variant.reason ? true : undefined}
            onFocus={sets(looked, variant)}
            onPointerEnter={({ currentTarget }) => currentTarget.focus()}
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
    ? { role: "menuitem" }
    : { role: "menuitemcheckbox", "aria-checked": isChecked };

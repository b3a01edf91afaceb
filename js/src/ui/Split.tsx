/** A button with a menu of its variants beside it. */

import type { IconName } from "../icons";
import { Button } from "./Button";
import { useEffect, useRef } from "./dom";
import { useSignal } from "./hooks";

export interface Variant {
  label: string;
  hint?: string;
  onClick: () => void;
}

interface Props {
  testid: string;
  label: string;
  icon: IconName;
  kind?: string;
  reason: string;
  isPending: boolean;
  onClick: () => void;
  variants: Variant[];
}

export function Split({ label, variants, ...button }: Props) {
  const kind = button.reason ? "" : (button.kind ?? "");
  const hasMenu = variants.length > 0 && !button.reason;
  return (
    <span class="split">
      <Button {...button} kind={kind}>
        {label}
      </Button>
      {hasMenu && <Menu label={`More ways: ${label}`} kind={kind} variants={variants} />}
    </span>
  );
}

function Menu({ label, kind, variants }: { label: string; kind: string; variants: Variant[] }) {
  const isOpen = useSignal(false);
  const button = useRef<HTMLButtonElement>();
  const menu = useRef<HTMLDivElement>();
  const set = (open: boolean) => {
    isOpen.value = open;
    if (!open) button.current?.focus();
  };
  return (
    <>
      <Button
        buttonRef={button}
        icon="caret"
        kind={`button caret ${kind}`}
        label={label}
        isOpen={isOpen.value}
        onClick={() => set(!isOpen.value)}
      />
      {isOpen.value && (
        <Items menu={menu} label={label} variants={variants} close={() => set(false)} />
      )}
    </>
  );
}

interface ItemsProps {
  menu: { current: HTMLDivElement | null };
  label: string;
  variants: Variant[];
  close: () => void;
}

function Items({ menu, label, variants, close }: ItemsProps) {
  const all = () => [...(menu.current?.children ?? [])] as HTMLElement[];
  useEffect(() => {
    all()[0]?.focus();
  }, []);
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
    <div
      ref={menu}
      class="menu"
      role="menu"
      tabIndex={-1}
      aria-label={label}
      onKeyDown={onKeyDown}
      onFocusOut={onFocusOut}
    >
      {variants.map((variant) => (
        <button
          key={variant.label}
          type="button"
          role="menuitem"
          tabIndex={-1}
          onClick={() => {
            close();
            variant.onClick();
          }}
        >
          {variant.label}
          {variant.hint && <small>{variant.hint}</small>}
        </button>
      ))}
    </div>
  );
}

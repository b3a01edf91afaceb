import type { ComponentChildren, RefObject } from "preact";
import { Icon } from "./Icon";
import type { IconName } from "./icons";

export interface Props {
  icon?: IconName;
  /** Class names, such as "primary" or "danger". */
  kind?: string;
  testid?: string | undefined;
  /** The reason why it is disabled; empty if it is not. */
  reason?: string | undefined;
  /** A description, if the label is not enough. */
  label?: string;
  /** Whether its command has no answer yet; it then ignores presses. */
  isPending?: boolean;
  isOpen?: boolean;
  isPressed?: boolean;
  buttonRef?: RefObject<HTMLButtonElement | null>;
  onClick: (event: MouseEvent) => void;
  children?: ComponentChildren;
}

/** A disabled button stays in the tab order, so that its reason can be read. */
export function Button(props: Props) {
  const { icon, kind = "", reason, label, children } = props;
  return (
    <button
      ref={props.buttonRef}
      class={children ? `button ${kind}` : `bare ${kind}`}
      data-testid={props.testid}
      aria-disabled={reason ? true : undefined}
      aria-busy={props.isPending}
      aria-expanded={props.isOpen}
      aria-pressed={props.isPressed}
      aria-label={label}
      title={reason || label}
      onClick={reason || props.isPending ? undefined : props.onClick}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

import type { Session } from "./session";

/** Whether actions reach a kernel, and are allowed. */
export const canAct = ({ traits, link }: Session): boolean =>
  !traits.read_only.value && !link.isOver.value;

import { wordOf } from "../data/states";
import { ICONS, type IconName } from "./icons";

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={ICONS[name] ?? ICONS.unknown} />
    </svg>
  );
}

/** A state: icon, word and tint. */
export function Pill({ state, next }: { state: string; next?: number | undefined }) {
  return (
    <span class="pill" data-status={state}>
      <Icon name={state as IconName} />
      {wordOf(state, next)}
    </span>
  );
}

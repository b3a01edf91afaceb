import type { Signal } from "@preact/signals";
import { sets } from "./hooks";
import { roving } from "./roving";

interface Props<Name extends string> {
  names: readonly Name[];
  current: Signal<Name>;
}

export function Tabs<Name extends string>({ names, current }: Props<Name>) {
  return (
    <div class="tabs" role="tablist" tabIndex={-1} {...roving}>
      {names.map((name) => (
        <button
          key={name}
          role="tab"
          aria-selected={name === current.value}
          tabIndex={name === current.value ? 0 : -1}
          onClick={sets(current, name)}
          onFocus={sets(current, name)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}

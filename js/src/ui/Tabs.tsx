import type { Signal } from "../signals";

interface Props<Name extends string> {
  names: readonly Name[];
  current: Signal<Name>;
}

export function Tabs<Name extends string>({ names, current }: Props<Name>) {
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = (names.indexOf(current.value) + step + names.length) % names.length;
    current.value = names[next] as Name;
    ((event.currentTarget as HTMLElement).children[next] as HTMLElement).focus();
    event.preventDefault();
  };
  return (
    <div class="tabs" role="tablist" tabIndex={-1} onKeyDown={onKeyDown}>
      {names.map((name) => (
        <button
          key={name}
          type="button"
          role="tab"
          aria-selected={name === current.value}
          tabIndex={name === current.value ? 0 : -1}
          onClick={() => {
            current.value = name;
          }}
        >
          {name}
        </button>
      ))}
    </div>
  );
}

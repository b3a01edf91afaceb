/** Properties of a row of buttons that is a single Tab stop, in which arrow keys, Home and End move. */

export const roving = {
  onFocusIn: ({
    currentTarget,
    target,
  }: {
    currentTarget: Element;
    target: EventTarget | null;
  }) => {
    const all = buttonsOf(currentTarget);
    if (!all.includes(target as HTMLElement)) return;
    for (const each of all) each.tabIndex = each === target ? 0 : -1;
  },
  onKeyDown: (event: KeyboardEvent & { currentTarget: Element }) => {
    const all = buttonsOf(event.currentTarget);
    const now = all.indexOf(event.target as HTMLElement);
    const to = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: -1 }[event.key];
    if (now < 0 || to === undefined) return;
    all.at(to % all.length)?.focus();
    event.preventDefault();
  },
};

const buttonsOf = (row: Element): HTMLElement[] =>
  [...row.querySelectorAll<HTMLElement>("button")].filter((each) => !each.closest(".menu"));

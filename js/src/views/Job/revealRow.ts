/** Scroll the table, which has only the visible rows, to the row at a place in its order. */
export function revealRow(stage: HTMLElement, index: number): void {
  const grid = stage.querySelector<HTMLElement>("[role=grid]");
  if (!grid || index < 0) return;
  const height = Number.parseFloat(getComputedStyle(grid).getPropertyValue("--row"));
  const header = grid.querySelector<HTMLElement>(".rows")?.offsetTop ?? 0;
  const room = grid.clientHeight - header;
  const top = index * height;
  if (top < grid.scrollTop) grid.scrollTop = top;
  else if (top + height > grid.scrollTop + room) grid.scrollTop = top + height - room;
}

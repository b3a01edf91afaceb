/**
 * The table: rows of one height, of which only those in sight are in the document. It stands outside
 * the framework, since it redraws on every scroll; a signal's effect redraws it when the rows change.
 */

import { type Column, fitting } from "../columns";
import { atEnd } from "../lifetime";
import type { Session } from "../session";
import { toggled } from "../sets";
import { effect } from "../signals";
import { element as made } from "./element";
import { headerCell, nextSort, selectCell } from "./header";
import { moved } from "./keys";
import { fillRow, makeRow, type Row, rowElement, titleOf, write } from "./row";
import { allOrNone, extended } from "./selection";
import { scrollFor, visibleRows } from "./window";

export interface GridActions {
  open(position: number): void;
  rerun(position: number): void;
}

const NARROW_PX = 560;
const HEIGHTS = { wide: 32, narrow: 54 };
const SELECT_PX = 36;

/** Show the jobs in an element until `lifetime` ends. */
export function showGrid(
  grid: HTMLElement,
  session: Session,
  actions: GridActions,
  lifetime: AbortSignal,
): void {
  const { table, order, selected, opened, sort } = session;
  const header = rowElement();
  const body = made("div", "rows");
  const rows = new Map<number, Row>();
  let columns: readonly Column[] = [];
  let headerKey = "";
  let canRerun = false;
  let rowHeight = HEIGHTS.wide;
  let height = 0;
  /** The cell that Tab reaches: a job (null: the header) and a column, the first one being the box. */
  let position: number | null = null;
  let column = 0;
  let reachable: HTMLElement | undefined;
  let anchor: number | null = null;

  header.classList.add("header");
  header.ariaRowIndex = "1";
  body.role = "rowgroup";
  grid.replaceChildren(header, body);

  const listen = { signal: lifetime };
  grid.addEventListener("scroll", drawRows, { ...listen, passive: true });
  grid.addEventListener("click", onClick, listen);
  grid.addEventListener("keydown", onKey, listen);
  grid.addEventListener("focusin", onFocus, listen);
  grid.addEventListener("mouseover", onPoint, listen);
  // In the next frame: drawing changes sizes, which an observer must not do while it observes.
  const resized = new ResizeObserver(() => requestAnimationFrame(resize));
  resized.observe(grid);
  const stop = effect(() => {
    session.revision.current;
    session.layout.current;
    selected.current;
    opened.current;
    session.nextUp.current;
    session.now.current;
    sort.current;
    draw();
  });
  atEnd(lifetime, () => {
    resized.disconnect();
    stop();
  });

  function resize(): void {
    const width = grid.clientWidth;
    if (width === 0) return; // not shown yet
    const isNarrow = width < NARROW_PX;
    grid.classList.toggle("narrow", isNarrow);
    const top = grid.scrollTop / rowHeight;
    const was = rowHeight;
    rowHeight = isNarrow ? HEIGHTS.narrow : HEIGHTS.wide;
    if (rowHeight !== was) {
      grid.style.setProperty("--row", `${rowHeight}px`);
      grid.scrollTop = top * rowHeight;
    }
    draw();
  }

  function draw(): void {
    const { shown, narrow } = session.layout.peek();
    const count = order.positions.length;
    const room = grid.clientWidth - SELECT_PX;
    height = grid.clientHeight || 400;
    // Columns that somebody chose are all shown, and scrolled to where there is no room.
    const wide = session.columns.peek().length > 0 ? shown : fitting(shown, room);
    const wanted = rowHeight === HEIGHTS.narrow ? narrow : wide;
    const hadFocus = drawHeader(wanted, sort.peek());
    header.ariaSelected = String(count > 0 && selected.peek().size >= count);
    grid.ariaRowCount = String(count + 1);
    grid.ariaColCount = String(columns.length + 1);
    body.style.height = `${count * rowHeight}px`;
    drawRows();
    if (hadFocus) markReachable(true);
  }

  /** Also begins the rows anew, which are made for their columns; true if that took the focus away. */
  function drawHeader(wanted: readonly Column[], sorted: string): boolean {
    canRerun = !session.traits.read_only.current;
    const key = JSON.stringify([wanted, sorted, canRerun]);
    if (headerKey === key) return false;
    headerKey = key;
    columns = wanted;
    const hadFocus = grid.contains(active());
    const template = columns.map(({ kind, width }) =>
      kind === "message" ? `minmax(${width}px, 1fr)` : `${width}px`,
    );
    const least = columns.reduce((sum, { width }) => sum + width, SELECT_PX);
    grid.style.setProperty("--columns", `${SELECT_PX}px ${template.join(" ")}`);
    grid.style.setProperty("--least", `${least}px`);
    header.replaceChildren(
      selectCell("columnheader", "Select"),
      ...columns.map((each) => headerCell(each, sorted)),
    );
    body.replaceChildren();
    rows.clear();
    return hadFocus;
  }

  function drawRows(): void {
    const { positions } = order;
    const { first, end } = visibleRows(positions.length, rowHeight, grid.scrollTop, height);
    const wanted = new Map<number, number>();
    for (let i = first; i < end; i++) wanted.set(positions[i] as number, i);
    // A row that has the focus stays in the document.
    const focused = rowOf(active())?.position ?? -1;
    const at = wanted.has(focused) ? -1 : positions.indexOf(focused);
    if (at >= 0) wanted.set(focused, at);
    const spare = [...rows.values()].filter((row) => !wanted.has(row.position));
    const context = {
      table,
      telling: session.layout.peek().shown,
      now: session.now.peek(),
      isNarrow: rowHeight === HEIGHTS.narrow,
      selected: selected.peek(),
      opened: opened.peek(),
      nextUp: session.nextUp.peek(),
    };
    for (const [place, index] of wanted) {
      const row = rows.get(place) ?? spare.pop() ?? makeRow(columns, canRerun);
      if (row.position !== place) rows.delete(row.position);
      rows.set(place, row);
      fillRow(row, place, context);
      if (write(row, "aria-rowindex", String(index + 2))) {
        row.element.style.top = `${index * rowHeight}px`;
      }
      if (!row.element.parentNode) body.append(row.element);
    }
    for (const row of spare) {
      row.element.remove();
      rows.delete(row.position);
    }
    markReachable(false);
  }

  function rowOf(node: Element | null): Row | undefined {
    const element = node?.closest(".row");
    return element ? [...rows.values()].find((row) => row.element === element) : undefined;
  }

  function onClick(event: MouseEvent): void {
    const target = event.target as Element;
    const cell = target.closest(".cell");
    if (!cell) return;
    const row = rowOf(cell);
    const name = cell.getAttribute("data-column");
    goTo(cell);
    markReachable(true);
    if (!row) {
      if (name) sortBy(name);
      else selectAll();
    } else if (target.closest("button")) actions.rerun(row.position);
    else if (!name || event.metaKey || event.ctrlKey) toggle(row.position);
    else if (event.shiftKey) extend(row.position);
    else actions.open(row.position);
  }

  function onPoint({ target }: Event): void {
    const cell = (target as Element).closest<HTMLElement>(".cell");
    const row = rowOf(cell);
    if (cell && row) cell.title = titleOf(row, columnOf(cell) - 1, table);
  }

  function onKey(event: KeyboardEvent): void {
    if ((event.target as Element).closest("button")) return;
    const withControl = event.ctrlKey || event.metaKey;
    if (event.key === "a" && withControl) selectAll();
    else if (event.key === "Enter") enter();
    else if (event.key === " ") space(event.shiftKey);
    else if (!move(event.key, withControl)) return;
    event.preventDefault();
  }

  function enter(): void {
    if (position !== null) actions.open(position);
    else if (column > 0) sortBy(columns[column - 1]?.name ?? "");
    else selectAll();
  }

  function space(extending: boolean): void {
    if (position === null) enter();
    else if (extending) extend(position);
    else toggle(position);
  }

  function move(key: string, toEnd: boolean): boolean {
    const { positions } = order;
    const row = position === null ? -1 : positions.indexOf(position);
    const room = height - header.offsetHeight;
    const page = Math.max(1, Math.floor(room / rowHeight) - 1);
    const extent = { rows: positions.length, columns: columns.length + 1, page };
    const place = moved(key, toEnd, { row, column }, extent);
    if (!place) return false;
    position = positions[place.row] ?? null;
    column = place.column;
    if (position !== null) grid.scrollTop = scrollFor(place.row, rowHeight, grid.scrollTop, room);
    drawRows();
    markReachable(true);
    return true;
  }

  function onFocus({ target }: Event): void {
    const cell = (target as Element).closest(".cell");
    if (!cell) return;
    goTo(cell);
    markReachable(false);
  }

  function goTo(cell: Element): void {
    position = rowOf(cell)?.position ?? null;
    column = columnOf(cell);
  }

  /** Exactly one cell is in the page's tab order. */
  function markReachable(andFocus: boolean): void {
    const row = position === null ? undefined : rows.get(position)?.element;
    const cell = (row ?? header).children[column] as HTMLElement | undefined;
    if (cell !== reachable) {
      if (reachable) reachable.tabIndex = -1;
      if (cell) cell.tabIndex = 0;
      reachable = cell;
    }
    if (andFocus) cell?.focus({ preventScroll: true });
  }

  function columnOf(cell: Element): number {
    return [...(cell.parentElement?.children ?? [])].indexOf(cell);
  }

  function active(): Element | null {
    return (grid.getRootNode() as ShadowRoot | Document).activeElement;
  }

  function sortBy(name: string): void {
    sort.current = nextSort(sort.peek(), name);
  }

  function selectAll(): void {
    session.select(allOrNone(selected.peek(), order.positions));
  }

  function toggle(place: number): void {
    anchor = place;
    session.select(toggled(selected.peek(), place));
  }

  /** Select from the row last toggled to this one, as they stand now. */
  function extend(place: number): void {
    session.select(extended(selected.peek(), order.positions, anchor ?? place, place));
  }
}

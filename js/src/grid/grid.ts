/**
 * The table: rows of one height, of which only those in sight are in the document. It stands outside
 * the framework, since it redraws on every scroll; a signal's effect redraws it when the rows change.
 */

import { type Column, fitting } from "../columns";
import { atEnd } from "../lifetime";
import type { Session } from "../session";
import { effect } from "../signals";
import { element as made } from "./element";
import { headerCell, nextSort, selectCell } from "./header";
import { moved, type Place } from "./keys";
import { fillRow, makeRow, type RowContext } from "./row";
import { allOrNone, extended, toggled } from "./selection";
import { type Rows, scrollFor, visibleRows } from "./window";

export interface GridActions {
  open(position: number): void;
  rerun(position: number): void;
}

const NARROW_PX = 560;
const HEIGHTS = { wide: 32, narrow: 54 };
const SELECT_PX = 36;

export class Grid {
  readonly #element: HTMLElement;
  readonly #session: Session;
  readonly #actions: GridActions;
  readonly #header = makeRow();
  readonly #body = made("div", "rows");
  readonly #rows = new Map<number, HTMLElement>();
  #columns: readonly Column[] = [];
  #rowHeight = HEIGHTS.wide;
  /** The cell that Tab reaches: a job (null: the header) and a column, the first one being the box. */
  #position: number | null = null;
  #column = 0;
  #anchor: number | null = null;

  constructor(element: HTMLElement, session: Session, actions: GridActions, lifetime: AbortSignal) {
    this.#element = element;
    this.#session = session;
    this.#actions = actions;
    this.#header.classList.add("header");
    this.#header.ariaRowIndex = "1";
    this.#body.role = "rowgroup";
    element.replaceChildren(this.#header, this.#body);

    const listen = { signal: lifetime };
    element.addEventListener("scroll", () => this.#draw(), { ...listen, passive: true });
    element.addEventListener("click", (event) => this.#onClick(event), listen);
    element.addEventListener("keydown", (event) => this.#onKey(event), listen);
    element.addEventListener("focusin", (event) => this.#onFocus(event), listen);
    // In the next frame: drawing changes sizes, which an observer must not do while it observes.
    const resized = new ResizeObserver(() => requestAnimationFrame(() => this.#resize()));
    resized.observe(element);
    atEnd(lifetime, () => resized.disconnect());
    const stop = effect(() => {
      session.revision.value;
      session.layout.value;
      session.selected.value;
      session.opened.value;
      session.now.value;
      session.sort.value.value;
      this.#drawAll();
    });
    atEnd(lifetime, stop);
  }

  #resize(): void {
    const width = this.#element.clientWidth;
    if (width === 0) return; // not shown yet
    const isNarrow = width < NARROW_PX;
    this.#element.classList.toggle("narrow", isNarrow);
    const height = isNarrow ? HEIGHTS.narrow : HEIGHTS.wide;
    if (height !== this.#rowHeight) {
      const top = this.#element.scrollTop / this.#rowHeight;
      this.#rowHeight = height;
      this.#element.style.setProperty("--row", `${height}px`);
      this.#element.scrollTop = top * height;
    }
    this.#drawAll();
  }

  #drawAll(): void {
    const { shown, narrow } = this.#session.layout.peek();
    const room = this.#element.clientWidth - SELECT_PX;
    this.#columns = this.#rowHeight === HEIGHTS.narrow ? narrow : this.#fit(shown, room);
    this.#drawHeader();
    this.#draw();
  }

  /** Columns that somebody chose are all shown, and scrolled to where there is no room. */
  #fit(columns: readonly Column[], room: number): readonly Column[] {
    return this.#session.columns.value.peek().length > 0 ? columns : fitting(columns, room);
  }

  #drawHeader(): void {
    const sort = this.#session.sort.value.peek();
    const template = this.#columns.map(({ kind, width }) =>
      kind === "message" ? `minmax(${width}px, 1fr)` : `${width}px`,
    );
    const least = this.#columns.reduce((sum, { width }) => sum + width, SELECT_PX);
    this.#element.style.setProperty("--columns", `${SELECT_PX}px ${template.join(" ")}`);
    this.#element.style.setProperty("--least", `${least}px`);
    const key = JSON.stringify([this.#columns, sort]);
    if (this.#header.dataset.key === key) return;
    const focused = this.#header.contains(this.#active());
    this.#header.dataset.key = key;
    this.#header.replaceChildren(
      selectCell("columnheader", "Select"),
      ...this.#columns.map((column) => headerCell(column, sort)),
    );
    this.#markFocusable(focused);
  }

  #draw(): void {
    const { table, order, selected, opened } = this.#session;
    const count = order.positions.length;
    this.#element.ariaRowCount = String(count + 1);
    this.#element.ariaColCount = String(this.#columns.length + 1);
    this.#body.style.height = `${count * this.#rowHeight}px`;
    const { first, end } = this.#window(count);
    const context: RowContext = {
      table,
      columns: this.#columns,
      telling: this.#session.layout.peek().shown,
      now: this.#session.now.peek(),
      isNarrow: this.#rowHeight === HEIGHTS.narrow,
      canRerun: !this.#session.traits.read_only.peek(),
    };
    const wanted = new Map<number, number>();
    for (let i = first; i < end; i++) wanted.set(order.positions[i] as number, i);
    const focused = this.#focusedPosition();
    if (focused !== null && !wanted.has(focused)) {
      const index = order.positions.indexOf(focused); // a row that has the focus stays in the document
      if (index >= 0) wanted.set(focused, index);
    }
    const spare = [...this.#rows.keys()].filter((position) => !wanted.has(position));
    for (const [position, index] of wanted) {
      const row = this.#rows.get(position) ?? this.#takeRow(spare.pop());
      this.#rows.set(position, row);
      fillRow(row, position, context);
      row.ariaRowIndex = String(index + 2);
      row.ariaSelected = String(selected.peek().has(position));
      row.classList.toggle("open", opened.peek() === position);
      row.style.transform = `translateY(${index * this.#rowHeight}px)`;
      if (row.parentNode !== this.#body) this.#body.append(row);
    }
    for (const position of spare) {
      this.#rows.get(position)?.remove();
      this.#rows.delete(position);
    }
    this.#header.ariaSelected = String(count > 0 && selected.peek().size >= count);
    this.#markFocusable(false);
  }

  #takeRow(from: number | undefined): HTMLElement {
    const spare = from === undefined ? undefined : this.#rows.get(from);
    if (from !== undefined) this.#rows.delete(from);
    if (spare) return spare;
    const row = makeRow();
    row.append(selectCell("gridcell", ""));
    return row;
  }

  #window(count: number): Rows {
    const height = this.#element.clientHeight || 400;
    return visibleRows(count, this.#rowHeight, this.#element.scrollTop, height);
  }

  #onClick(event: MouseEvent): void {
    const target = event.target as Element;
    const cell = target.closest<HTMLElement>(".cell");
    const row = target.closest<HTMLElement>(".row");
    if (!cell || !row) return;
    if (row === this.#header) {
      if (cell.dataset.column) this.#sortBy(cell.dataset.column);
      else this.#selectAll();
      return;
    }
    const position = Number(row.dataset.position);
    if (target.closest("[data-action=rerun]")) this.#actions.rerun(position);
    else if (!cell.dataset.column || event.metaKey || event.ctrlKey) this.#toggle(position);
    else if (event.shiftKey) this.#extend(position);
    else this.#actions.open(position);
  }

  #onKey(event: KeyboardEvent): void {
    if ((event.target as Element).closest("button")) return;
    const withControl = event.ctrlKey || event.metaKey;
    if (event.key === "a" && withControl) this.#selectAll();
    else if (event.key === "Enter") this.#enter();
    else if (event.key === " ") this.#space(event.shiftKey);
    else if (!this.#move(event.key, withControl)) return;
    event.preventDefault();
  }

  #enter(): void {
    if (this.#position !== null) this.#actions.open(this.#position);
    else if (this.#column > 0) this.#sortBy(this.#columns[this.#column - 1]?.name ?? "");
    else this.#selectAll();
  }

  #space(extending: boolean): void {
    if (this.#position === null) this.#enter();
    else if (extending) this.#extend(this.#position);
    else this.#toggle(this.#position);
  }

  #move(key: string, toEnd: boolean): boolean {
    const positions = this.#session.order.positions;
    const row = this.#position === null ? -1 : positions.indexOf(this.#position);
    const height = this.#element.clientHeight - this.#header.offsetHeight;
    const place: Place | undefined = moved(
      key,
      toEnd,
      { row, column: this.#column },
      {
        rows: positions.length,
        columns: this.#columns.length + 1,
        page: Math.max(1, Math.floor(height / this.#rowHeight) - 1),
      },
    );
    if (!place) return false;
    this.#position = positions[place.row] ?? null;
    this.#column = place.column;
    if (place.row >= 0) {
      const { scrollTop } = this.#element;
      this.#element.scrollTop = scrollFor(place.row, this.#rowHeight, scrollTop, height);
    }
    this.#draw();
    this.#markFocusable(true);
    return true;
  }

  #onFocus(event: FocusEvent): void {
    const cell = (event.target as Element).closest<HTMLElement>(".cell");
    const row = cell?.parentElement;
    if (!cell || !row) return;
    this.#position = row === this.#header ? null : Number(row.dataset.position);
    this.#column = [...row.children].indexOf(cell);
    this.#markFocusable(false);
  }

  /** Exactly one cell is in the page's tab order. */
  #markFocusable(andFocus: boolean): void {
    for (const cell of this.#element.querySelectorAll<HTMLElement>(".cell[tabindex='0']")) {
      cell.tabIndex = -1;
    }
    const row = this.#position === null ? undefined : this.#rows.get(this.#position);
    const cell = (row ?? this.#header).children[this.#column] as HTMLElement | undefined;
    if (!cell) return;
    cell.tabIndex = 0;
    if (andFocus) cell.focus({ preventScroll: true });
  }

  #active(): Element | null {
    return (this.#element.getRootNode() as ShadowRoot | Document).activeElement;
  }

  #focusedPosition(): number | null {
    const row = this.#active()?.closest<HTMLElement>(".row");
    return row && row !== this.#header && this.#body.contains(row)
      ? Number(row.dataset.position)
      : null;
  }

  #sortBy(column: string): void {
    const { sort } = this.#session;
    sort.set(nextSort(sort.value.peek(), column));
  }

  #selectAll(): void {
    const { order, selected } = this.#session;
    this.#session.select(allOrNone(selected.peek(), order.positions));
  }

  #toggle(position: number): void {
    this.#anchor = position;
    this.#session.select(toggled(this.#session.selected.peek(), position));
  }

  /** Select from the row last toggled to this one, as they stand now. */
  #extend(position: number): void {
    const { order, selected } = this.#session;
    const from = this.#anchor ?? position;
    this.#session.select(extended(selected.peek(), order.positions, from, position));
  }
}

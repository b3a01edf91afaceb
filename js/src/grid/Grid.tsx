/** The table of jobs: rows of one height, of which only those in sight are in the document. */

import { type Signal, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { fitting } from "../data/columns";
import { toggled } from "../data/immutableSet";
import type { Session } from "../session";
import { Header } from "./Header";
import { moved } from "./keys";
import { Row } from "./Row";
import { allOrNone, extended, nextSort } from "./selection";
import { scrollFor, visibleRows } from "./window";

const NARROW_PX = 560;
const HEIGHTS = { wide: 32, narrow: 54 };
const HEADER_PX = 30;
const SELECT_PX = 36;

/** The cell that Tab reaches: a job (null: the header) and a column, the first one being the box. */
interface Reached {
  position: number | null;
  column: number;
  takesFocus: boolean;
}

interface Props {
  session: Session;
  hidden: boolean;
  open(position: number): void;
  rerun(position: number): void;
}

export function Grid({ session, hidden, open, rerun }: Props) {
  const { selected, sort } = session;
  const grid = useRef<HTMLDivElement>(null);
  const size = useSize(grid);
  const top = useSignal(0);
  const reached = useSignal<Reached>({ position: null, column: 0, takesFocus: false });
  const anchor = useRef<number | null>(null);

  const { width, height } = size.value;
  const isNarrow = width > 0 && width < NARROW_PX;
  const rowHeight = isNarrow ? HEIGHTS.narrow : HEIGHTS.wide;
  const lastHeight = useRef(rowHeight);
  // The first row in sight stays when rows become higher or lower.
  useLayoutEffect(() => {
    const element = grid.current as HTMLElement;
    element.scrollTop = (element.scrollTop / lastHeight.current) * rowHeight;
    lastHeight.current = rowHeight;
  }, [rowHeight]);
  useLayoutEffect(() => takeFocus(grid.current, reached));

  const { shown, narrow } = session.layout.value;
  // Columns that the user chose are all shown; a narrow table scrolls to them.
  const wide = session.columns.value.length > 0 ? shown : fitting(shown, width - SELECT_PX);
  const columns = isNarrow ? narrow : wide;
  const { positions } = session.rows.value;
  const { first, end } = visibleRows(positions.length, rowHeight, top.value, height);
  const indexes = Array.from({ length: end - first }, (_, i) => first + i);
  // A job that is no longer shown gives its place to the header: Tab always reaches some cell.
  const at = reached.value.position === null ? -1 : positions.indexOf(reached.value.position);
  const position = at >= 0 ? reached.value.position : null;
  const column = Math.min(reached.value.column, columns.length);
  if (at >= 0 && (at < first || at >= end)) indexes.push(at); // a row that has the focus stays

  const goTo = (position: number | null, column: number, takesFocus = true) => {
    reached.value = { position, column, takesFocus };
  };
  const sortBy = (name: string) => {
    sort.value = nextSort(sort.value, name);
  };
  const selectAll = () => session.select(allOrNone(selected.value, session.rows.value.positions));
  const toggle = (position: number) => {
    anchor.current = position;
    session.select(toggled(selected.value, position));
  };
  const extend = (position: number) => {
    const from = anchor.current ?? position;
    session.select(extended(selected.value, session.rows.value.positions, from, position));
  };
  const pressHeader = (column: number) => {
    const name = columns[column - 1]?.name;
    if (name) sortBy(name);
    else selectAll();
  };
  const press = (event: MouseEvent, position: number, column: number) => {
    goTo(position, column);
    if ((event.target as Element).closest("button")) rerun(position);
    else if (event.shiftKey) extend(position);
    else if (column === 0 || event.metaKey || event.ctrlKey) toggle(position);
    else open(position);
  };
  const move = (key: string, toEnd: boolean): boolean => {
    const element = grid.current as HTMLElement;
    const room = height - HEADER_PX;
    const page = Math.max(1, Math.floor(room / rowHeight) - 1);
    const extent = { rows: positions.length, columns: columns.length + 1, page };
    const place = moved(key, toEnd, { row: at, column }, extent);
    if (!place) return false;
    if (place.row >= 0) {
      element.scrollTop = scrollFor(place.row, rowHeight, element.scrollTop, room);
      top.value = element.scrollTop;
    }
    const next = positions[place.row] ?? null;
    if (next !== null && session.opened.peek() !== null) session.opened.value = next;
    goTo(next, place.column);
    return true;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if ((event.target as Element).closest("button, [role=separator]")) return;
    const withControl = event.ctrlKey || event.metaKey;
    if (event.key === "a" && withControl) selectAll();
    else if (event.key === "Enter" || event.key === " ") {
      if (position === null) pressHeader(column);
      else if (event.key === "Enter") open(position);
      else if (event.shiftKey) extend(position);
      else toggle(position);
    } else if (!move(event.key, withControl)) return;
    event.preventDefault();
  };

  const template = columns.map(({ kind, width }) =>
    kind === "message" ? `minmax(${width}px, 1fr)` : `${width}px`,
  );
  const least = columns.reduce((sum, { width }) => sum + width, SELECT_PX);
  return (
    // No <table>: only the rows in sight exist.
    <div
      ref={grid}
      class={isNarrow ? "grid narrow" : "grid"}
      data-testid="grid"
      role="grid"
      aria-label="Jobs"
      aria-multiselectable
      aria-rowcount={positions.length + 1}
      aria-colcount={columns.length + 1}
      hidden={hidden}
      style={{
        "--row": `${rowHeight}px`,
        "--columns": `${SELECT_PX}px ${template.join(" ")}`,
        "--least": `${least}px`,
      }}
      onScroll={({ currentTarget }) => {
        top.value = currentTarget.scrollTop;
      }}
      onKeyDown={onKeyDown}
    >
      <Header
        columns={columns}
        sort={sort.value}
        isAll={positions.length > 0 && selected.value.size >= positions.length}
        reached={position === null ? column : -1}
        press={(column) => {
          goTo(null, column);
          pressHeader(column);
        }}
        onFocus={(column) => goTo(null, column, false)}
      />
      <div class="rows" role="rowgroup" style={{ height: `${positions.length * rowHeight}px` }}>
        {indexes.map((index) => {
          const each = positions[index] as number;
          return (
            <Row
              key={each}
              {...{ session, index, columns, isNarrow, press }}
              position={each}
              top={index * rowHeight}
              reached={each === position ? column : -1}
              onFocus={(column) => goTo(each, column, false)}
            />
          );
        })}
      </div>
    </div>
  );
}

/** An element's size, as it changes. */
function useSize(element: RefObject<HTMLElement | null>) {
  const size = useSignal({ width: 0, height: 400 });
  useLayoutEffect(() => {
    const place = element.current as HTMLElement;
    const measure = () => {
      const { clientWidth: width, clientHeight } = place;
      const height = clientHeight || 400;
      const was = size.peek();
      if (width > 0 && (width !== was.width || height !== was.height))
        size.value = { width, height };
    };
    // In the next frame: drawing changes sizes, which an observer must not do while it observes.
    const observer = new ResizeObserver(() => requestAnimationFrame(measure));
    observer.observe(place);
    measure();
    return () => observer.disconnect();
  }, []);
  return size;
}

/** The focus goes where keys or a click have put it, once that is drawn. */
function takeFocus(grid: HTMLElement | null, reached: Signal<Reached>) {
  if (!reached.value.takesFocus) return;
  grid?.querySelector<HTMLElement>(".cell[tabindex='0']")?.focus({ preventScroll: true });
  reached.value = { ...reached.value, takesFocus: false };
}

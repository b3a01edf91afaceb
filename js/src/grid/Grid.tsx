/** The table of jobs, with rows of equal height. Only visible rows are in the document. */

import { type Signal, useComputed, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { type Column, STICKY } from "../data/columns";
import { withRange } from "../data/histogram";
import { toggled } from "../data/immutableSet";
import { positionOf } from "../data/lines";
import type { Session } from "../session";
import { copySelection } from "./copy";
import { Header } from "./Header";
import { moved } from "./keys";
import { Row } from "./Row";
import { extended, hasAll, nextSort, withShown } from "./selection";
import { hasHistograms, useHistograms } from "./useHistograms";
import { scrollFor, visibleRows } from "./window";

const NARROW_PX = 560;
const HEIGHTS = { wide: 32, narrow: 54 };
/** With histograms, without them, and in a narrow table. */
const HEADER_PX = { tall: 72, low: 46, narrow: 0 };
const SELECT_PX = 36;
const MIN_WIDTH_PX = 40;
/** The step in pixels by which Shift and an arrow key change a column's width. */
const STEP_PX = 12;
const SCROLL_PAUSE_MS = 120;

/** The cell that Tab reaches: a row (null: the header) and a column; the first column is the checkbox. */
interface Reached {
  line: number | null;
  column: number;
  /** Whether the cell takes the focus, and what is scrolled into view: it, its row, or nothing. */
  focuses: "" | "cell" | "row" | "still";
}

interface Props {
  session: Session;
  hidden: boolean;
  open(position: number): void;
  rerun(position: number): void;
}

/** A label may have the name of a member of every object, such as "constructor". */
const widthOf = ({ title, width }: Column, widths: Readonly<Record<string, number>>): number =>
  Object.hasOwn(widths, title) ? (widths[title] ?? width) : width;

export function Grid({ session, hidden, open, rerun }: Props) {
  const { selected, sort } = session;
  const grid = useRef<HTMLDivElement>(null);
  const size = useSize(grid);
  const top = useSignal(0);
  const reached = useSignal<Reached>({ line: null, column: 0, focuses: "" });
  const anchor = useRef<number | null>(null);

  const { width, height } = size.value;
  const isNarrow = width > 0 && width < NARROW_PX;
  const rowHeight = isNarrow ? HEIGHTS.narrow : HEIGHTS.wide;
  const lastHeight = useRef(rowHeight);
  // The first visible row stays in place when the row height changes.
  useLayoutEffect(() => {
    const element = grid.current as HTMLElement;
    element.scrollTop = (element.scrollTop / lastHeight.current) * rowHeight;
    lastHeight.current = rowHeight;
  }, [rowHeight]);
  useLayoutEffect(() => takeFocus(grid.current, reached));

  const { shown, narrow } = session.layout.value;
  const widths = session.widths.value;
  const columns = isNarrow
    ? narrow
    : shown.map((each) => ({ ...each, width: widthOf(each, widths) }));
  const histograms = useHistograms(session, isNarrow ? [] : shown);
  const { lines } = session.rows.value;
  const headerPx = HEADER_PX[isNarrow ? "narrow" : hasHistograms(lines.length) ? "tall" : "low"];
  const { first, end } = visibleRows(lines.length, rowHeight, top.value, height);
  const indexes = Array.from({ length: end - first }, (_, i) => first + i);
  // If the job is no longer shown, Tab reaches the header instead, so it always reaches a cell. A
  // narrow table has no header.
  const highest = isNarrow ? 0 : -1;
  const at = Math.max(highest, lines.indexOf(reached.value.line ?? -1));
  const line = lines[at] ?? null;
  const column = Math.min(reached.value.column, columns.length);
  if (at >= 0 && (at < first || at >= end)) indexes.push(at); // a row that has the focus stays in the document

  // The rows on the screen, shortly after scrolling; their results are fetched first.
  useEffect(() => {
    const from = Math.floor(top.value / rowHeight);
    const seen = lines.slice(from, from + Math.ceil(height / rowHeight)).map(positionOf);
    const timer = setTimeout(() => {
      const { inSight } = session.measurements;
      if (String(inSight.peek()) !== String(seen)) inSight.value = seen;
    }, SCROLL_PAUSE_MS);
    return () => clearTimeout(timer);
  });

  const goTo = (line: number | null, column: number, focuses: Reached["focuses"] = "") => {
    reached.value = { line, column, focuses };
  };
  const resize = ({ title }: Column, width: number | null) => {
    const { [title]: _, ...others } = session.widths.peek();
    session.widths.value =
      width === null ? others : { ...others, [title]: Math.max(MIN_WIDTH_PX, Math.round(width)) };
  };
  const keepWithin = ({ title }: Column, low: number, high: number) => {
    session.search.value = withRange(session.search.peek(), title, low, high);
  };
  const isAll = useComputed(() => hasAll(selected.value, session.rows.value.positions)).value;
  const selectAll = () => session.select(withShown(selected.value, session.rows.value.positions));
  const toggle = (position: number) => {
    anchor.current = position;
    session.select(toggled(selected.value, position));
  };
  const extend = (position: number) => {
    const from = anchor.current ?? position;
    session.select(extended(selected.value, session.rows.value.positions, from, position));
  };
  const pressHeader = (column: number, adds: boolean) => {
    const sorted = columns[column - 1];
    if (sorted) sort.value = nextSort(sort.value, sorted.name, adds);
    else selectAll();
  };
  const press = (event: MouseEvent, line: number, column: number) => {
    const position = positionOf(line);
    goTo(line, column, column > 0 ? "row" : "still"); // a second click on a box is for the same row
    if ((event.target as Element).closest("button")) rerun(position);
    else if (event.shiftKey) extend(position);
    else if (column === 0 || event.metaKey || event.ctrlKey) toggle(position);
    else open(position);
  };
  const move = (key: string, toEnd: boolean): boolean => {
    const element = grid.current as HTMLElement;
    const room = height - headerPx;
    const page = Math.max(1, Math.floor(room / rowHeight) - 1);
    const extent = { rows: lines.length, columns: columns.length + 1, page };
    const place = moved(key, toEnd, { row: at, column }, extent);
    if (!place) return false;
    const row = Math.max(highest, place.row);
    if (row >= 0) {
      element.scrollTop = scrollFor(row, rowHeight, element.scrollTop, room);
      top.value = element.scrollTop;
    }
    const next = lines[row] ?? null;
    if (next !== null && session.opened.peek() !== null) session.opened.value = positionOf(next);
    goTo(next, place.column, "cell");
    return true;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if ((event.target as Element).closest("button, [role=separator]")) return;
    const withControl = event.ctrlKey || event.metaKey;
    const position = line === null ? null : positionOf(line);
    const sized = line === null && event.shiftKey ? columns[column - 1] : undefined;
    if (event.key === "a" && withControl) selectAll();
    else if (event.key === "c" && withControl) copySelection(session, grid.current, position);
    else if (sized && event.key === "ArrowRight") resize(sized, sized.width + STEP_PX);
    else if (sized && event.key === "ArrowLeft") resize(sized, sized.width - STEP_PX);
    else if (event.key === "Enter" || event.key === " ") {
      if (position === null) pressHeader(column, event.shiftKey);
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
    // No <table>, because only the visible rows exist.
    <div
      ref={grid}
      class={isNarrow ? "grid narrow" : "grid"}
      data-testid="grid"
      role="grid"
      aria-label="Jobs"
      aria-multiselectable
      aria-rowcount={lines.length + 1}
      aria-colcount={columns.length + 1}
      hidden={hidden}
      style={{
        "--row": `${rowHeight}px`,
        "--header": `${headerPx}px`,
        "--columns": `${SELECT_PX}px ${template.join(" ")}`,
        "--least": `${least}px`,
        "--state-left": `${SELECT_PX + (columns[0]?.width ?? 0)}px`,
        "--sticky": `${isNarrow ? 0 : stickyOf(columns)}px`,
      }}
      onScroll={({ currentTarget }) => {
        top.value = currentTarget.scrollTop;
      }}
      onKeyDown={onKeyDown}
    >
      <Header
        columns={columns}
        sort={sort.value}
        isAll={isAll}
        reached={line === null ? column : -1}
        histograms={histograms.value}
        press={(column, adds) => {
          goTo(null, column, "row");
          pressHeader(column, adds);
        }}
        onFocus={(column) => goTo(null, column)}
        resize={resize}
        filter={keepWithin}
      />
      <div class="rows" role="rowgroup" style={{ height: `${lines.length * rowHeight}px` }}>
        {indexes.map((index) => {
          const each = lines[index] as number;
          return (
            <Row
              key={each}
              {...{ session, index, columns, isNarrow, press }}
              line={each}
              top={index * rowHeight}
              reached={each === line ? column : -1}
              onFocus={(column) => goTo(each, column)}
            />
          );
        })}
      </div>
    </div>
  );
}

/** An element's current size. */
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
    // In the next frame, because drawing changes sizes, which an observer must not do.
    const observer = new ResizeObserver(() => requestAnimationFrame(measure));
    observer.observe(place);
    measure();
    return () => observer.disconnect();
  }, []);
  return size;
}

/** The width of the columns that stay in place when the table scrolls sideways. */
const stickyOf = (columns: readonly Column[]): number =>
  columns
    .filter(({ name }) => STICKY.includes(name))
    .reduce((sum, { width }) => sum + width, SELECT_PX);

/**
 * Move the focus to the cell that keys or a click have chosen, once it is drawn, and scroll it into
 * view, also above the selection bar.
 */
function takeFocus(grid: HTMLElement | null, reached: Signal<Reached>) {
  const { focuses } = reached.value;
  if (!focuses) return;
  const bar = grid?.closest(".jobgroup")?.querySelector<HTMLElement>(".selection");
  grid?.style.setProperty("--bar", `${bar?.offsetHeight ?? 0}px`);
  const cell = grid?.querySelector<HTMLElement>(".cell[tabindex='0']");
  cell?.focus({ preventScroll: true });
  if (focuses !== "still")
    cell?.closest(`.${focuses}`)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  reached.value = { ...reached.value, focuses: "" };
}

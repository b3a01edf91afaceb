/** An interactive chart: readout, zoom and selection by dragging or by keyboard. */

import { type Signal, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { Figure } from "../kernel/answers";
import { type Chart, chartOf } from "./chart";
import { INKS } from "./colours";
import { finderOf, isInside } from "./finder";
import type { Look, Mark } from "./look";
import { type Drag, isClick, Pointed } from "./Pointed";
import { CanvasSurface } from "./surface";

export interface Zoom {
  x: readonly [number, number] | null;
  y: readonly [number, number] | null;
}

export const WHOLE: Zoom = { x: null, y: null };

interface Props {
  figure: Figure;
  look: Omit<Look, "width" | "height" | "zoomX" | "zoomY">;
  zoom: Signal<Zoom>;
  label: string;
  /** Points with a selected job. */
  selected: ReadonlySet<number>;
  describe(rank: number): string;
  /** `isMore` adds to the selection. */
  select?(ranks: number[], isMore: boolean): void;
  open?(rank: number): void;
  /** The receiver of the chart, for tests and exports. */
  drawn?(chart: Chart, zoomBy: (factor: number) => void): void;
}

export function PlotArea(props: Props) {
  const { figure, look, zoom, label, selected } = props;
  const place = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(place).value;
  const theme = useTheme(place).value;
  const near = useSignal<number | null>(null);
  const isSpoken = useSignal(false);
  const drag = useSignal<Drag | null>(null);
  const height = Math.round(Math.max(280, Math.min(440, width * 0.5)));
  const { x: zoomX, y: zoomY } = zoom.value;
  const lookKey = JSON.stringify(look);
  const { chart, find, markOf } = useMemo(() => {
    const chart = chartOf(figure, { ...look, width, height, zoomX, zoomY });
    const byRank: Mark[] = [];
    for (const mark of chart.marks) byRank[mark.rank] = mark;
    const markOf = (rank: number | null) => (rank === null ? undefined : byRank[rank]);
    return { chart, find: finderOf(chart), markOf };
  }, [figure, lookKey, width, height, zoomX, zoomY]);
  const whole = useRef<Whole>({ x: chart.x.domain, y: chart.y.domain });
  if (!zoomX) whole.current = { ...whole.current, x: chart.x.domain };
  if (!zoomY) whole.current = { ...whole.current, y: chart.y.domain };
  const { frame } = chart;
  const middle = [(frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2] as const;
  const zoomBy = (factor: number, [x, y]: readonly [number, number] = middle) => {
    zoom.value = zoomed(chart, whole.current, factor, x, y);
  };
  useLayoutEffect(() => props.drawn?.(chart, zoomBy));
  useLayoutEffect(() => {
    const paper = canvas.current?.getContext("2d");
    if (!paper || width === 0) return;
    // At most once in a frame, however often the figure, its range and the selection change.
    const frame = requestAnimationFrame(() => {
      const scale = devicePixelRatio;
      [paper.canvas.width, paper.canvas.height] = [width * scale, height * scale];
      paper.scale(scale, scale);
      chart.draw(new CanvasSurface(paper), INKS[theme], selected);
    });
    return () => cancelAnimationFrame(frame);
  }, [chart, selected, theme, width, height]);

  const at = (event: MouseEvent): [number, number] => {
    const { left, top } = (place.current as HTMLElement).getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  const lookAt = (rank: number | null, isByKey: boolean) => {
    near.value = rank;
    isSpoken.value = isByKey;
  };
  const finish = (event: PointerEvent) => {
    const box = drag.peek();
    drag.value = null;
    if (!box) return;
    const [left, top, right, bottom] = box;
    if (isClick(box)) {
      const found = find(right, bottom);
      if (!found) return;
      if (event.shiftKey || event.ctrlKey || event.metaKey) props.select?.([found.rank], true);
      else props.open?.(found.rank);
      return;
    }
    const isIn = (value: number, a: number, b: number) =>
      value >= Math.min(a, b) && value <= Math.max(a, b);
    const inside = chart.marks.filter(({ x, y }) => isIn(x, left, right) && isIn(y, top, bottom));
    props.select?.(
      inside.map(({ rank }) => rank),
      event.shiftKey,
    );
  };
  useWheel(place, (event) => {
    const element = place.current as HTMLElement;
    const isHere = (element.getRootNode() as ShadowRoot).activeElement === element;
    if (!isHere && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoomBy(1.0015 ** event.deltaY, at(event));
  });
  const onKeyDown = (event: KeyboardEvent) => {
    const mark = markOf(near.peek());
    const next = neighbour(chart, mark, event.key);
    if (next) {
      lookAt(next.rank, true);
      if (!isInside(chart, next)) zoom.value = WHOLE;
    } else if (event.key === "Enter" && mark) props.open?.(mark.rank);
    else if (event.key === " " && mark) props.select?.([mark.rank], true);
    else if (event.key === "+" || event.key === "=") zoomBy(0.7, mark && [mark.x, mark.y]);
    else if (event.key === "-") zoomBy(1 / 0.7, mark && [mark.x, mark.y]);
    else if (event.key === "0") zoom.value = WHOLE;
    else if (event.key === "Escape" && mark) lookAt(null, false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      ref={place}
      class="plot-area"
      data-testid="plot-area"
      role="application"
      aria-roledescription="plot"
      aria-label={`${label}. Arrow keys move from point to point${props.open ? ", Enter opens a job, Space selects" : ""}.`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it is operated by keys
      tabIndex={0}
      style={{ height: `${height}px` }}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        const [left, top] = at(event);
        drag.value = [left, top, left, top];
        (event.currentTarget as Element).setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        const [left, top] = at(event);
        lookAt(find(left, top)?.rank ?? null, false);
        const from = drag.peek();
        if (from) drag.value = [from[0], from[1], left, top];
      }}
      onPointerLeave={() => lookAt(null, false)}
      onPointerUp={finish}
      onPointerCancel={() => {
        drag.value = null;
      }}
      onDblClick={() => {
        zoom.value = WHOLE;
      }}
      onKeyDown={onKeyDown}
    >
      <canvas ref={canvas} />
      <Pointed {...{ near, isSpoken, drag, width, height, markOf }} describe={props.describe} />
    </div>
  );
}

/** The ranges after zooming around a point; none exceeds the full range. */
function zoomed({ x, y }: Chart, whole: Whole, factor: number, left: number, top: number): Zoom {
  return { x: about(x, whole.x, factor, left), y: about(y, whole.y, factor, top) };
}

interface Whole {
  x: readonly [number, number];
  y: readonly [number, number];
}

function about(
  { domain, at, value }: Chart["x"],
  [lowest, highest]: readonly [number, number],
  factor: number,
  here: number,
): readonly [number, number] | null {
  const [low, high] = domain.map((end) => value(here + (at(end) - here) * factor));
  const range = [Math.max(low ?? lowest, lowest), Math.min(high ?? highest, highest)] as const;
  return range[0] <= lowest && range[1] >= highest ? null : range;
}

/** The next point in a direction: left and right along the axis, up and down at the same value. */
function neighbour({ marks }: Chart, from: Mark | undefined, key: string): Mark | undefined {
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  if (!way) {
    if (key === "Home") return marks[0];
    return key === "End" ? marks.at(-1) : undefined;
  }
  if (!from) return marks[0];
  const [dx = 0, dy = 0] = way;
  let best: Mark | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const mark of marks) {
    const [along, aside] = dx
      ? [(mark.x - from.x) * dx, Math.abs(mark.y - from.y)]
      : [(mark.y - from.y) * dy, Math.abs(mark.x - from.x)];
    if (along <= 0.5) continue;
    const cost = dx ? along + aside * 0.6 : along + aside * 6;
    if (cost < least) [best, least] = [mark, cost];
  }
  return best;
}

function useWheel(place: RefObject<HTMLElement | null>, onWheel: (event: WheelEvent) => void) {
  const latest = useRef(onWheel);
  latest.current = onWheel;
  useLayoutEffect(() => {
    const element = place.current as HTMLElement;
    const listen = (event: WheelEvent) => latest.current(event);
    // Not passive, because a wheel that zooms must not scroll the page.
    element.addEventListener("wheel", listen, { passive: false });
    return () => element.removeEventListener("wheel", listen);
  }, []);
}

export function useWidth(place: RefObject<HTMLElement | null>) {
  const width = useSignal(0);
  useLayoutEffect(() => {
    const element = place.current as HTMLElement;
    const measure = () => {
      width.value = element.clientWidth;
    };
    // In the next frame, because drawing changes sizes, which an observer must not do.
    const observer = new ResizeObserver(() => requestAnimationFrame(measure));
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  return width;
}

/** A canvas is drawn again when the theme changes. */
export function useTheme(place: RefObject<HTMLElement | null>) {
  const theme = useSignal<"light" | "dark">("light");
  useLayoutEffect(() => {
    const element = place.current as HTMLElement;
    const { host } = element.getRootNode() as ShadowRoot;
    const follow = () => {
      theme.value = host.getAttribute("data-theme") === "dark" ? "dark" : "light";
    };
    const observer = new MutationObserver(follow);
    observer.observe(host, { attributeFilter: ["data-theme"] });
    follow();
    return () => observer.disconnect();
  }, []);
  return theme;
}

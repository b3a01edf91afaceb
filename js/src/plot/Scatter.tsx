/** Points, curves or the cells of a map, with a readout for the nearest and a box to select some. */

import { useSignal } from "@preact/signals";
import { quadtree } from "d3-quadtree";
import type { RefObject } from "preact";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { Frame, MARGIN } from "./Frame";
import { type Axis, axisOf, type Value } from "./scale";

export interface Mark {
  /** What it stands for: the caller's number. */
  id: number;
  x: Value;
  y: Value;
  /** Half the length of its error bar. */
  error: number | null;
  /** Which curve it is on; curves are drawn in the order of their marks. */
  curve: number;
  colour: string;
}

interface Props {
  marks: readonly Mark[];
  xTitle: string;
  yTitle: string;
  label: string;
  /** Whether marks are the cells of a map. */
  isMap: boolean;
  /** Whether a line joins the marks of a curve. */
  isJoined: boolean;
  fromZero: boolean;
  chosen: ReadonlySet<number>;
  describe(id: number): string;
  choose(ids: number[]): void;
  open(id: number): void;
}

const HEIGHT = 300;
const REACH_PX = 24;
/** A press that moves less than this is a click. */
const CLICK_PX = 4;

type Box = readonly [left: number, top: number, right: number, bottom: number];

export function Scatter(props: Props) {
  const { marks, xTitle, yTitle, label, isMap, isJoined, fromZero, chosen } = props;
  const place = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(place);
  const near = useSignal<Mark | null>(null);
  const drag = useSignal<Box | null>(null);

  const w = width.value;
  const { x, y, tree } = useMemo(() => {
    const x = axisOf(
      xTitle,
      marks.map((mark) => mark.x),
      [MARGIN.left, w - MARGIN.right],
    );
    const ends = marks.flatMap(({ y, error }) =>
      error !== null && typeof y === "number" ? [y - error, y + error] : [y],
    );
    const vertical = [HEIGHT - MARGIN.bottom, MARGIN.top] as const;
    const y = axisOf(yTitle, ends, vertical, { fromZero, isVertical: true });
    const tree = quadtree<Mark>(
      [...marks],
      (mark) => x.at(mark.x),
      (mark) => y.at(mark.y),
    );
    return { x, y, tree };
  }, [marks, xTitle, yTitle, fromZero, w]);

  const theme = useTheme(place);
  useLayoutEffect(() => {
    const paper = canvas.current?.getContext("2d");
    if (paper && w > 0) draw(paper, w, { marks, x, y, isMap, isJoined, chosen });
  }, [x, y, marks, chosen, isMap, isJoined, w, theme.value]);

  const at = (event: PointerEvent): [number, number] => {
    const { left, top } = (place.current as HTMLElement).getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  const finish = () => {
    const box = drag.value;
    drag.value = null;
    if (!box) return;
    const [left, top, right, bottom] = box;
    if (Math.hypot(right - left, bottom - top) < CLICK_PX) {
      const found = tree.find(right, bottom, REACH_PX);
      if (found) props.open(found.id);
      return;
    }
    const isIn = (value: number, a: number, b: number) =>
      value >= Math.min(a, b) && value <= Math.max(a, b);
    const inside = marks.filter(
      (mark) => isIn(x.at(mark.x), left, right) && isIn(y.at(mark.y), top, bottom),
    );
    props.choose(inside.map(({ id }) => id));
  };
  const box = drag.value;
  const nearest = near.value;
  return (
    <div
      ref={place}
      class="scatter"
      data-testid="plot-area"
      style={{ height: `${HEIGHT}px` }}
      onPointerDown={(event) => {
        const [left, top] = at(event);
        drag.value = [left, top, left, top];
      }}
      onPointerMove={(event) => {
        const [left, top] = at(event);
        near.value = tree.find(left, top, REACH_PX) ?? null;
        const from = drag.value;
        if (from) drag.value = [from[0], from[1], left, top];
      }}
      onPointerLeave={() => {
        near.value = null;
      }}
      onPointerUp={finish}
    >
      <canvas ref={canvas} />
      <Frame width={w} height={HEIGHT} x={x} y={y} label={label}>
        {nearest && <circle class="near" cx={x.at(nearest.x)} cy={y.at(nearest.y)} r={6} />}
        {box && (
          <rect
            class="brush"
            x={Math.min(box[0], box[2])}
            y={Math.min(box[1], box[3])}
            width={Math.abs(box[0] - box[2])}
            height={Math.abs(box[1] - box[3])}
          />
        )}
      </Frame>
      {nearest && (
        <output
          class={x.at(nearest.x) > w / 2 ? "readout before" : "readout"}
          style={{ left: `${x.at(nearest.x)}px`, top: `${y.at(nearest.y)}px` }}
        >
          {props.describe(nearest.id)}
        </output>
      )}
    </div>
  );
}

interface Drawn {
  marks: readonly Mark[];
  x: Axis;
  y: Axis;
  isMap: boolean;
  isJoined: boolean;
  chosen: ReadonlySet<number>;
}

function draw(paper: CanvasRenderingContext2D, width: number, drawn: Drawn): void {
  const { canvas } = paper;
  const scale = devicePixelRatio;
  [canvas.width, canvas.height] = [width * scale, HEIGHT * scale];
  paper.scale(scale, scale);
  const ink = getComputedStyle(canvas).color;
  if (drawn.isMap) drawCells(paper, drawn, ink);
  else drawPoints(paper, drawn, ink, (colour) => resolved(canvas, colour));
}

/** A colour of the style sheet, such as "var(--blue)", as a canvas takes it. */
function resolved(canvas: HTMLCanvasElement, colour: string): string {
  canvas.style.color = colour;
  const { color } = getComputedStyle(canvas);
  canvas.style.color = "";
  return color;
}

function drawPoints(
  paper: CanvasRenderingContext2D,
  { marks, x, y, isJoined, chosen }: Drawn,
  ink: string,
  resolve: (colour: string) => string,
): void {
  const radius = marks.length > 5000 ? 1.5 : marks.length > 500 ? 2.5 : 4;
  const colours = new Map(marks.map(({ colour }) => [colour, resolve(colour)]));
  for (const curve of isJoined ? curvesOf(marks) : []) {
    paper.strokeStyle = colours.get(curve[0]?.colour ?? "") ?? ink;
    paper.globalAlpha = 0.5;
    paper.beginPath();
    for (const mark of curve) paper.lineTo(x.at(mark.x), y.at(mark.y));
    paper.stroke();
  }
  paper.globalAlpha = 1;
  for (const { id, x: px, y: py, error, colour } of marks) {
    const [left, top] = [x.at(px), y.at(py)];
    paper.fillStyle = paper.strokeStyle = colours.get(colour) ?? ink;
    if (error !== null && typeof py === "number") {
      paper.beginPath();
      paper.moveTo(left, y.at(py - error));
      paper.lineTo(left, y.at(py + error));
      paper.stroke();
    }
    paper.beginPath();
    paper.arc(left, top, radius, 0, 2 * Math.PI);
    paper.fill();
    if (chosen.has(id)) {
      paper.strokeStyle = ink;
      paper.lineWidth = 2;
      paper.stroke();
      paper.lineWidth = 1;
    }
  }
}

/** The marks of each curve from left to right, if each has its own place and a number to stand at. */
function curvesOf(marks: readonly Mark[]): Mark[][] {
  const curves = new Map<number, Mark[]>();
  for (const mark of marks) {
    if (typeof mark.x !== "number") return [];
    const curve = curves.get(mark.curve);
    if (curve) curve.push(mark);
    else curves.set(mark.curve, [mark]);
  }
  return [...curves.values()]
    .filter((curve) => new Set(curve.map(({ x }) => x)).size === curve.length)
    .map((curve) => curve.toSorted((a, b) => Number(a.x) - Number(b.x)));
}

function drawCells(
  paper: CanvasRenderingContext2D,
  { marks, x, y, chosen }: Drawn,
  ink: string,
): void {
  const width = gapOf(marks.map((mark) => x.at(mark.x)));
  const height = gapOf(marks.map((mark) => y.at(mark.y)));
  for (const { id, x: px, y: py, colour } of marks) {
    const box = [x.at(px) - width / 2, y.at(py) - height / 2, width, height] as const;
    paper.fillStyle = colour;
    paper.fillRect(...box);
    if (!chosen.has(id)) continue;
    paper.strokeStyle = ink;
    paper.strokeRect(...box);
  }
}

/** The least distance between places: how wide a cell is. */
function gapOf(places: number[]): number {
  const sorted = [...new Set(places.map((place) => Math.round(place * 10) / 10))].sort(
    (a, b) => a - b,
  );
  const gaps = sorted.slice(1).map((place, i) => place - (sorted[i] ?? 0));
  return Math.max(2, Math.min(40, ...gaps));
}

function useWidth(place: RefObject<HTMLElement | null>) {
  const width = useSignal(0);
  useLayoutEffect(() => {
    const element = place.current as HTMLElement;
    const measure = () => {
      width.value = element.clientWidth;
    };
    // In the next frame: drawing changes sizes, which an observer must not do while it observes.
    const observer = new ResizeObserver(() => requestAnimationFrame(measure));
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  return width;
}

/** A canvas is drawn again when the colours of the style sheet change. */
function useTheme(place: RefObject<HTMLElement | null>) {
  const theme = useSignal("");
  useLayoutEffect(() => {
    const element = place.current as HTMLElement;
    const { host } = element.getRootNode() as ShadowRoot;
    const follow = () => {
      theme.value = host.getAttribute("data-theme") ?? "";
    };
    const observer = new MutationObserver(follow);
    observer.observe(host, { attributeFilter: ["data-theme"] });
    follow();
    return () => observer.disconnect();
  }, []);
  return theme;
}

/** Surfaces for figures: a canvas on the page, or an SVG file. */

import { rasterOf } from "./raster";

export type XY = readonly [x: number, y: number];

export interface Style {
  fill?: string;
  stroke?: string;
  /** 0 for the thinnest line, which a browser draws ten times as fast as a thicker one. */
  width?: number;
  alpha?: number;
}

export interface TextStyle {
  fill: string;
  size: number;
  align?: "start" | "middle" | "end";
  /** Rotated by 90 degrees, counterclockwise. */
  isUpright?: boolean;
  isBold?: boolean;
  /** The full text, which an SVG file has as a tooltip if the drawn text is shorter. */
  whole?: string;
}

export interface Surface {
  /** A line through points. A closed line is an area. */
  path(points: readonly XY[], style: Style, isClosed?: boolean): void;
  /** Many lines at once, which is much faster than one after another. */
  segments(ends: readonly (readonly [XY, XY])[], style: Style): void;
  /** Many filled boxes at once, on whole pixels. */
  boxes(all: readonly Filled[], alpha?: number): void;
  circle(x: number, y: number, radius: number, style: Style): void;
  rect(x: number, y: number, width: number, height: number, style: Style): void;
  /** The text is vertically centered at `y`. */
  text(x: number, y: number, text: string, style: TextStyle): void;
  /** Draw only inside a box. */
  within(box: Box, draw: () => void): void;
}

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface Filled {
  box: Box;
  /** "#rrggbb" */
  fill: string;
}

export const FONT = "system-ui, 'Helvetica Neue', Helvetica, Arial, sans-serif";

export class CanvasSurface implements Surface {
  /** The thinnest line, in the units of the figure. */
  readonly #hair: number;

  constructor(readonly paper: CanvasRenderingContext2D) {
    this.#hair = 1 / paper.getTransform().a;
  }

  path(points: readonly XY[], style: Style, isClosed = false): void {
    const { paper } = this;
    paper.beginPath();
    for (const [x, y] of points) paper.lineTo(x, y);
    if (isClosed) paper.closePath();
    this.#ink(style);
  }

  circle(x: number, y: number, radius: number, style: Style): void {
    this.paper.beginPath();
    this.paper.arc(x, y, radius, 0, 2 * Math.PI);
    this.#ink(style);
  }

  segments(ends: readonly (readonly [XY, XY])[], style: Style): void {
    const { paper } = this;
    paper.beginPath();
    for (const [from, to] of ends) {
      paper.moveTo(...from);
      paper.lineTo(...to);
    }
    this.#ink(style);
  }

  boxes(all: readonly Filled[], alpha = 1): void {
    const { paper } = this;
    const raster = rasterOf(all, paper.canvas.width, paper.canvas.height, 1 / this.#hair);
    paper.save();
    paper.globalAlpha = alpha;
    paper.resetTransform();
    paper.drawImage(raster, 0, 0);
    paper.restore();
  }

  rect(x: number, y: number, width: number, height: number, style: Style): void {
    const { paper } = this;
    const { fill, stroke, width: thick = 1, alpha = 1 } = style;
    paper.globalAlpha = alpha;
    if (fill) {
      paper.fillStyle = fill;
      paper.fillRect(x, y, width, height);
    }
    if (stroke) {
      paper.strokeStyle = stroke;
      paper.lineWidth = thick;
      paper.strokeRect(x, y, width, height);
    }
    paper.globalAlpha = 1;
  }

  text(x: number, y: number, text: string, style: TextStyle): void {
    const { paper } = this;
    paper.save();
    paper.translate(x, y);
    if (style.isUpright) paper.rotate(-Math.PI / 2);
    paper.font = fontOf(style);
    paper.fillStyle = style.fill;
    paper.textAlign = ({ start: "left", middle: "center", end: "right" } as const)[
      style.align ?? "start"
    ];
    paper.textBaseline = "middle";
    paper.fillText(text, 0, 0);
    paper.restore();
  }

  within({ left, top, right, bottom }: Box, draw: () => void): void {
    const { paper } = this;
    paper.save();
    paper.beginPath();
    paper.rect(left, top, right - left, bottom - top);
    paper.clip();
    draw();
    paper.restore();
  }

  #ink({ fill, stroke, width = 1, alpha = 1 }: Style): void {
    const { paper } = this;
    paper.globalAlpha = alpha;
    if (fill) {
      paper.fillStyle = fill;
      paper.fill();
    }
    if (stroke) {
      paper.strokeStyle = stroke;
      paper.lineWidth = width || this.#hair;
      paper.stroke();
    }
    paper.globalAlpha = 1;
  }
}

export class SvgSurface implements Surface {
  readonly #parts: string[] = [];
  #clips = 0;

  path(points: readonly XY[], style: Style, isClosed = false): void {
    const way = points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${short(x)} ${short(y)}`).join("");
    this.#parts.push(`<path d="${way}${isClosed ? "Z" : ""}" ${inked(style)}/>`);
  }

  circle(x: number, y: number, radius: number, style: Style): void {
    this.#parts.push(
      `<circle cx="${short(x)}" cy="${short(y)}" r="${short(radius)}" ${inked(style)}/>`,
    );
  }

  segments(ends: readonly (readonly [XY, XY])[], style: Style): void {
    const way = ends.map((pair) =>
      pair.map(([x, y], i) => `${i === 0 ? "M" : "L"}${short(x)} ${short(y)}`).join(""),
    );
    this.#parts.push(`<path d="${way.join("")}" ${inked(style)}/>`);
  }

  boxes(all: readonly Filled[], alpha?: number): void {
    const ways = new Map<string, string>();
    for (const { box, fill } of all) {
      const [x, y, right, bottom] = [box.left, box.top, box.right, box.bottom].map(short);
      ways.set(fill, `${ways.get(fill) ?? ""}M${x} ${y}H${right}V${bottom}H${x}Z`);
    }
    for (const [fill, way] of ways) {
      const style = inked({ fill, ...(alpha !== undefined && { alpha }) });
      // Otherwise the background is visible between neighbors.
      this.#parts.push(`<path d="${way}" ${style} shape-rendering="crispEdges"/>`);
    }
  }

  rect(x: number, y: number, width: number, height: number, style: Style): void {
    const place = `x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}"`;
    this.#parts.push(`<rect ${place} ${inked(style)}/>`);
  }

  text(x: number, y: number, text: string, style: TextStyle): void {
    const { fill, size, align = "start", isUpright, isBold, whole = text } = style;
    const turn = isUpright ? ` transform="rotate(-90 ${short(x)} ${short(y)})"` : "";
    const weight = isBold ? ' font-weight="600"' : "";
    const tooltip = whole === text ? "" : `<title>${escaped(whole)}</title>`;
    this.#parts.push(
      `<text x="${short(x)}" y="${short(y)}" dy="0.35em" fill="${fill}" font-size="${short(size)}" ` +
        `text-anchor="${align}"${weight}${turn}>${tooltip}${escaped(text)}</text>`,
    );
  }

  within({ left, top, right, bottom }: Box, draw: () => void): void {
    this.#clips += 1;
    const id = `box${this.#clips}`;
    this.#parts.push(
      `<clipPath id="${id}"><rect x="${short(left)}" y="${short(top)}" ` +
        `width="${short(right - left)}" height="${short(bottom - top)}"/></clipPath>` +
        `<g clip-path="url(#${id})">`,
    );
    draw();
    this.#parts.push("</g>");
  }

  /** The file; `widthMm` is its width on paper. */
  file(width: number, height: number, widthMm: number, title: string): string {
    const heightMm = (widthMm * height) / width;
    return (
      `<svg xmlns="http://www.w3.org/2000/svg" width="${short(widthMm)}mm" ` +
      `height="${short(heightMm)}mm" viewBox="0 0 ${width} ${height}" ` +
      `font-family="${FONT}"><title>${escaped(title)}</title>${this.#parts.join("\n")}</svg>\n`
    );
  }
}

/** The width of a text in pixels. */
export function widthOf(text: string, size: number): number {
  if (typeof document === "undefined") return text.length * size * 0.6;
  paper ??= document.createElement("canvas").getContext("2d") as CanvasRenderingContext2D;
  paper.font = fontOf({ size });
  return paper.measureText(text).width;
}
let paper: CanvasRenderingContext2D | undefined;

/** A text without its middle if it is wider than the room; names often differ only at their ends. */
export function fitted(text: string, size: number, room: number): string {
  const width = widthOf(text, size);
  if (width <= room) return text;
  const all = [...text];
  const cut = (n: number) =>
    [...all.slice(0, Math.ceil(n / 2)), "…", ...all.slice(all.length - Math.floor(n / 2))].join("");
  let n = Math.max(0, Math.floor((all.length * room) / width));
  while (n > 0 && widthOf(cut(n), size) > room) n -= 1;
  return cut(n);
}

const fontOf = ({ size, isBold }: Pick<TextStyle, "size" | "isBold">) =>
  `${isBold ? "600 " : ""}${size}px ${FONT}`;

/** The width of the thinnest line on paper, in pixels. */
const THIN = 0.5;

const short = (n: number): string => String(Math.round(n * 100) / 100);

function inked({ fill = "none", stroke, width = 1, alpha }: Style): string {
  const line = stroke ? ` stroke="${stroke}" stroke-width="${short(width || THIN)}"` : "";
  return `fill="${fill}"${line}${alpha === undefined ? "" : ` opacity="${alpha}"`}`;
}

/** Characters that XML cannot represent are left out. */
const escaped = (text: string): string =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: XML cannot hold them
    .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");

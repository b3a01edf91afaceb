/** Many boxes as a picture. A canvas draws one picture much faster than 20,000 boxes. */

import type { Filled } from "./surface";

/** Boxes of at least a pixel each, on whole pixels; later ones cover earlier ones. */
export function rasterOf(
  all: readonly Filled[],
  width: number,
  height: number,
  scale: number,
): HTMLCanvasElement {
  const picture = document.createElement("canvas");
  [picture.width, picture.height] = [width, height];
  const pixels = new ImageData(width, height);
  const words = new Uint32Array(pixels.data.buffer);
  const inks = new Map<string, number>();
  // Most of thousands of bars are hidden by others. So each column has an interval that is already
  // full.
  const full = { from: new Int32Array(width), to: new Int32Array(width) };
  for (let i = all.length - 1; i >= 0; i--) {
    const { box, fill } = all[i] as Filled;
    const word = inks.get(fill) ?? wordOf(fill);
    inks.set(fill, word);
    const [left, right] = span(box.left * scale, box.right * scale, width);
    const [top, bottom] = span(box.top * scale, box.bottom * scale, height);
    for (let x = left; x < right; x++) {
      const [from = 0, to = 0] = [full.from[x], full.to[x]];
      if (top >= from && bottom <= to) continue;
      for (let at = top * width + x; at < bottom * width; at += width) words[at] ||= word;
      if (top <= to && bottom >= from) {
        full.from[x] = Math.min(top, from);
        full.to[x] = Math.max(bottom, to);
      } else if (bottom - top > to - from) {
        full.from[x] = top;
        full.to[x] = bottom;
      }
    }
  }
  picture.getContext("2d")?.putImageData(pixels, 0, 0);
  return picture;
}

function span(from: number, to: number, end: number): [number, number] {
  const first = Math.round(from);
  return [Math.max(0, first), Math.min(end, Math.max(first + 1, Math.round(to)))];
}

/** The four bytes of a pixel: red, green, blue and opaque, with red lowest. */
function wordOf(fill: string): number {
  const colour = Number.parseInt(fill.slice(1), 16);
  const [red, green, blue] = [colour >> 16, (colour >> 8) & 255, colour & 255];
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

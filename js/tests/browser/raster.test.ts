/** Many boxes drawn as one image look as if they were filled one after another. */

import { expect, it } from "vitest";
import { rasterOf } from "../../src/plot/raster";
import type { Filled } from "../../src/plot/surface";

const [WIDTH, HEIGHT] = [60, 40];
const FILLS = ["#2f7fd6", "#d9601e", "#12977a", "#000001", "#ffffff"];

/** Boxes of whole pixels, some of them partly outside. */
function boxes(seed: number): Filled[] {
  let state = seed;
  const random = (end: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % end;
  };
  return Array.from({ length: 400 }, () => {
    const [left, top] = [random(WIDTH + 6) - 3, random(HEIGHT + 6) - 3];
    const isBar = random(2) === 0;
    const right = left + 1 + (isBar ? 0 : random(5));
    const bottom = isBar ? HEIGHT - 5 : top + 1 + random(9);
    const box = { left, right, top: Math.min(top, bottom - 1), bottom };
    return { box, fill: FILLS[random(FILLS.length)] ?? "" };
  });
}

const pixels = (canvas: HTMLCanvasElement) => [
  ...(canvas.getContext("2d") as CanvasRenderingContext2D).getImageData(0, 0, WIDTH, HEIGHT).data,
];

it.each([1, 2, 3, 4, 5])("draws random boxes %i with later ones over earlier ones", (seed) => {
  const all = boxes(seed);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [WIDTH, HEIGHT];
  const paper = canvas.getContext("2d") as CanvasRenderingContext2D;
  for (const { box, fill } of all) {
    paper.fillStyle = fill;
    paper.fillRect(box.left, box.top, box.right - box.left, box.bottom - box.top);
  }
  expect(pixels(rasterOf(all, WIDTH, HEIGHT, 1))).toEqual(pixels(canvas));
});

it("draws each box in at least one pixel, at any scale", () => {
  const box = { left: 3.2, right: 3.3, top: 2.1, bottom: 2.2 };
  const found = pixels(rasterOf([{ box, fill: "#ff0000" }], WIDTH, HEIGHT, 2));
  const at = (4 * WIDTH + 6) * 4;
  expect(found.slice(at, at + 4)).toEqual([255, 0, 0, 255]);
  expect(found.filter((each) => each > 0).length).toBe(2);
});

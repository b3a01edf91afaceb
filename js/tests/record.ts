/** A surface that records the drawing. */

import type { Box, Filled, Style, Surface, XY } from "../src/plot/surface";

export class Record implements Surface {
  readonly lines: { points: readonly XY[]; style: Style }[] = [];
  readonly areas: { box: Box; style: Style }[] = [];
  readonly circles: { at: XY; style: Style }[] = [];
  readonly texts: { at: XY; text: string }[] = [];
  /** The boxes that the drawing was clipped to. */
  readonly clips: Box[] = [];

  path(points: readonly XY[], style: Style): void {
    this.lines.push({ points, style });
  }
  segments(ends: readonly (readonly [XY, XY])[], style: Style): void {
    for (const points of ends) this.path(points, style);
  }
  boxes(all: readonly Filled[]): void {
    for (const { box, fill } of all) this.areas.push({ box, style: { fill } });
  }
  circle(x: number, y: number, _radius: number, style: Style): void {
    this.circles.push({ at: [x, y], style });
  }
  rect(left: number, top: number, width: number, height: number, style: Style): void {
    this.areas.push({ box: { left, top, right: left + width, bottom: top + height }, style });
  }
  text(x: number, y: number, text: string): void {
    this.texts.push({ at: [x, y], text });
  }
  within(box: Box, draw: () => void): void {
    this.clips.push(box);
    draw();
  }
}

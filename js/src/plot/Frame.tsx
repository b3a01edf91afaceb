/** Axes, grid lines and titles round a plot; what is inside is the caller's. */

import type { ComponentChildren } from "preact";
import type { Axis } from "./scale";

export const MARGIN = { top: 10, right: 16, bottom: 42, left: 60 };

interface Props {
  width: number;
  height: number;
  x: Axis;
  y: Axis;
  label: string;
  children: ComponentChildren;
}

export function Frame({ width, height, x, y, label, children }: Props) {
  const [right, bottom] = [width - MARGIN.right, height - MARGIN.bottom];
  const middle = { x: (MARGIN.left + right) / 2, y: (MARGIN.top + bottom) / 2 };
  return (
    <svg class="frame" width={width} height={height} role="img" aria-label={label}>
      {y.ticks.map((tick) => (
        <g key={tick.label} transform={`translate(0,${tick.at})`}>
          <line x1={MARGIN.left} x2={right} />
          <text x={MARGIN.left - 8} dy="0.32em" text-anchor="end">
            {tick.label}
          </text>
        </g>
      ))}
      {x.ticks.map((tick) => (
        <g key={tick.label} transform={`translate(${tick.at},0)`}>
          <line y1={MARGIN.top} y2={bottom} />
          <text y={bottom + 16} text-anchor="middle">
            {tick.label}
          </text>
        </g>
      ))}
      <text class="axis" x={middle.x} y={height - 8} text-anchor="middle">
        {x.title}
      </text>
      <text class="axis" transform={`translate(14,${middle.y}) rotate(-90)`} text-anchor="middle">
        {y.title}
      </text>
      {children}
    </svg>
  );
}

/** The user's choices for the axes of a figure. Pure. */

import type { Figure } from "../kernel/answers";
import type { PlotChoices } from "../kernel/model";

export interface Axes {
  canLogX: boolean;
  canLogY: boolean;
  isLogX: boolean;
  isLogY: boolean;
  fromZero: boolean;
}

export function axesOf({ kind, xs, groups, is_share, points }: Figure, choices: PlotChoices): Axes {
  const canLogX = kind !== "bars" && xs.kind === "number";
  // Bars begin at 0, which a logarithmic axis does not have.
  const canLogY = kind === "map" ? groups.kind === "number" : kind === "line";
  const isNegative = points.value.some((value) => (value ?? 0) < 0);
  return {
    canLogX,
    canLogY,
    isLogX: canLogX && (choices.is_log_x ?? false),
    isLogY: canLogY && (choices.is_log_y ?? false),
    fromZero: choices.from_zero ?? (is_share && !isNegative),
  };
}

/** The line of Python that draws the figure with these axes, which the kernel does not know. */
export function pythonOf(figure: Figure, choices: PlotChoices): string {
  const { isLogX, isLogY, fromZero } = axesOf(figure, choices);
  const log = (isLogX ? "x" : "") + (isLogY ? "y" : "");
  const hasZero = figure.kind === "line" && !isLogY;
  const isDefault = fromZero === axesOf(figure, {}).fromZero;
  const given = [
    figure.python.slice(0, -1),
    log && `log="${log}"`,
    hasZero && !isDefault && `from_zero=${fromZero ? "True" : "False"}`,
  ];
  return `${given.filter(Boolean).join(", ")})`;
}

/** Axes: the pixel of each value, and the ticks. Pure. */

import { scaleLinear, scaleLog, scaleTime } from "d3-scale";
import { offsetOf } from "../format";

export type AxisKind = "number" | "time" | "text";

export interface Tick {
  at: number;
  /** The label; empty for a tick without a number. */
  label: string;
}

export interface Axis {
  kind: AxisKind;
  ticks: Tick[];
  /** The pixel of a value; NaN if the axis cannot show it. */
  at(value: number): number;
  /** The value at a pixel. */
  value(at: number): number;
  /** The values at the ends. */
  domain: readonly [number, number];
}

export interface AxisOptions {
  kind: AxisKind;
  /** Texts by rank, if the values are ranks. */
  texts?: readonly string[];
  isLog?: boolean;
  /** Whether the ends are rounded; those of a logarithmic axis also get a margin. */
  isNice?: boolean;
  /** Whether all values are whole numbers, so that ticks between them have no meaning. */
  isWhole?: boolean;
  /** The minimum number of pixels between ticks. */
  room: number;
  decimals?: number | null;
  /** The pixels that a label needs along the axis; labels without room are omitted. */
  needs?: (label: string) => number;
}

/** The margin of a logarithmic axis at each end, as a share of its length. */
const LOG_MARGIN = 0.03;

export function axisOf(
  [low, high]: readonly [number, number],
  [from, to]: readonly [number, number],
  options: AxisOptions,
): Axis {
  const count = Math.max(2, Math.floor(Math.abs(to - from) / options.room));
  if (options.kind === "text") return textAxis([low, high], [from, to], options.texts ?? [], count);
  if (options.kind === "time") return timeAxis([low, high], [from, to], count);
  const scale = options.isLog
    ? scaleLog([low, high], [from, to])
    : scaleLinear([low, high], [from, to]);
  if (options.isNice) scale.nice(count);
  if (options.isNice && options.isLog) {
    const [first = 1, last = 1] = scale.domain();
    const step = (last / first) ** LOG_MARGIN;
    scale.domain([first / step, last * step]);
  }
  const { needs = () => 0 } = options;
  const ends = scale.domain() as [number, number];
  const at = (value: number) => Number(scale(value));
  const linear = (most: number): Tick[] => {
    const all = scaleLinear(ends, [0, 1]).ticks(most);
    const whole = options.isWhole ? all.filter(Number.isInteger) : [];
    const ticks = linearTicks(whole.length > 0 ? whole : all, options.decimals ?? null, at);
    if (!hasOverlap(ticks, needs)) return ticks;
    return most > 2 ? linear(most - 1) : withoutOverlap(ticks, needs);
  };
  const powers = options.isLog ? logTicks(ends, at) : [];
  return {
    kind: "number",
    // A short logarithmic axis has ticks like a linear one.
    ticks: powers.length > 2 ? withoutOverlap(powers, needs) : linear(count),
    at: (value) => (options.isLog && value <= 0 ? Number.NaN : scale(value)),
    value: (at) => scale.invert(at),
    domain: ends,
  };
}

const isNear = (needs: (label: string) => number, a: Tick, b: Tick): boolean =>
  Math.abs(a.at - b.at) < (needs(a.label) + needs(b.label)) / 2;

const hasOverlap = (ticks: readonly Tick[], needs: (label: string) => number): boolean =>
  ticks.some((tick, i) => i > 0 && isNear(needs, ticks[i - 1] as Tick, tick));

/** Ticks whose labels do not overlap; short labels, of round numbers, come first. */
function withoutOverlap(ticks: readonly Tick[], needs: (label: string) => number): Tick[] {
  const kept: Tick[] = [];
  for (const tick of ticks.toSorted((a, b) => rank(a) - rank(b)))
    if (tick.label && !kept.some((other) => isNear(needs, other, tick))) kept.push(tick);
  return ticks.map((tick) => (kept.includes(tick) ? tick : { ...tick, label: "" }));
}

/** Powers of ten first, then 2 and 5, then other numbers. */
function rank({ label }: Tick): number {
  const digits = label.replace(/·?10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+$/, "").replace(/[−.0]/g, "");
  return ["", "1"].includes(digits) ? 0 : ["2", "5"].includes(digits) ? 1 : 2;
}

function linearTicks(
  values: readonly number[],
  decimals: number | null,
  at: (value: number) => number,
): Tick[] {
  const texts = numbers(values, decimals);
  return values.map((value, i) => ({ at: at(value), label: texts[i] ?? "" }));
}

/** Numbers with the same number of decimals. */
export function numbers(values: readonly number[], decimals: number | null = null): string[] {
  const greatest = Math.max(...values.map(Math.abs), 0);
  const steps = values.slice(1).map((value, i) => Math.abs(value - (values[i] ?? 0)));
  const step = Math.min(...steps.filter((each) => each > 0), greatest || 1);
  if (decimals === null && greatest > 0 && (greatest >= 1e6 || greatest < 1e-3))
    return values.map((value) => powered(value, step));
  const places = decimals ?? Math.max(0, Math.min(12, -Math.floor(Math.log10(step) + 1e-9)));
  const needed = values.some(
    (value) =>
      Math.abs(value * 10 ** places - Math.round(value * 10 ** places)) > 1e-6 * 10 ** places,
  )
    ? places + 1
    : places;
  return values.map((value) => plain((value || 0).toFixed(decimals === null ? needed : places)));
}

/** Multiples of powers of ten, and labels for as many of them as the range needs. */
function logTicks([low, high]: readonly [number, number], at: (value: number) => number): Tick[] {
  const [first, last] = [low, high].map((end) => Math.floor(Math.log10(end) + 1e-9)) as [
    number,
    number,
  ];
  const decades = Math.log10(high / low);
  const labelled = decades > 2 ? [1] : decades > 1 ? [1, 2, 5] : [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const step = Math.max(1, Math.ceil(decades / 6));
  const all: { value: number; isLabelled: boolean }[] = [];
  for (let power = first; power <= last; power++)
    for (const digit of decades > 8 ? [1] : [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      const value = power < 0 ? digit / 10 ** -power : digit * 10 ** power;
      if (value < low * (1 - 1e-9) || value > high * (1 + 1e-9)) continue;
      const isLabelled = labelled.includes(digit) && (digit > 1 || power % step === 0);
      all.push({ value, isLabelled });
    }
  // All labels have one notation: powers of ten if a label would have too many zeros.
  const isPlain = all.every(
    ({ value, isLabelled }) => !isLabelled || (value >= 1e-3 && value < 1e5),
  );
  const labelOf = (value: number) =>
    isPlain ? String(Number(value.toPrecision(6))) : powered(value);
  return all.map(({ value, isLabelled }) => ({
    at: at(value),
    label: isLabelled ? labelOf(value) : "",
  }));
}

/** "10⁻⁴", "2·10⁶", with enough digits to show a step. */
function powered(value: number, step = 0): string {
  const size = Math.abs(value);
  if (size === 0) return "0";
  const power = Math.floor(Math.log10(size) + 1e-9);
  const needed = step > 0 ? power + 1 - Math.floor(Math.log10(step) + 1e-9) : 4;
  const digits = Number((value / 10 ** power).toPrecision(Math.max(4, Math.min(15, needed))));
  const raised = [...String(power)].map((c) => RAISED[c] ?? c).join("");
  return digits === 1 ? `10${raised}` : `${plain(String(digits))}·10${raised}`;
}
const RAISED: Readonly<Record<string, string>> = Object.fromEntries(
  [..."-0123456789"].map((c, i) => [c, [..."⁻⁰¹²³⁴⁵⁶⁷⁸⁹"][i] ?? c]),
);

/** With the minus sign of figures. */
const plain = (text: string): string => text.replace(/^-/, "−");

function timeAxis(
  [low, high]: readonly [number, number],
  range: readonly [number, number],
  count: number,
): Axis {
  const scale = scaleTime([low, high], [...range]);
  const ticks = timeTicks(scale, count);
  const labels = timeLabels(ticks, Number(ticks[1] ?? high) - Number(ticks[0] ?? low));
  return {
    kind: "time",
    ticks: ticks.map((value, i) => ({ at: scale(value), label: labels[i] ?? "" })),
    at: (value) => scale(value),
    value: (at) => Number(scale.invert(at)),
    domain: [low, high],
  };
}

/** At most as many as wanted; d3 gives up to twice as many, because it has no steps of 2 s or 2 min. */
function timeTicks(scale: ReturnType<typeof scaleTime>, count: number): Date[] {
  for (let wanted = count; wanted >= 2; wanted--) {
    const ticks = scale.ticks(wanted);
    if (ticks.length <= count + 1) return ticks;
  }
  const ticks = scale.ticks(2);
  const step = Math.ceil(ticks.length / count);
  return ticks.filter((_, i) => i % step === 0);
}

const DAY_MS = 86_400_000;

/**
 * Times of day at the resolution of the ticks, or dates, so that each tick can be read alone: at
 * midnight, the date; at a time that the clocks show twice in a day, the second time with its offset.
 */
function timeLabels(ticks: readonly Date[], stepMs: number): string[] {
  if (stepMs > 20 * DAY_MS) {
    const month = new Intl.DateTimeFormat("en-GB", { month: "short", year: "numeric" });
    return ticks.map((tick) => month.format(tick));
  }
  const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
  // half a day may have 13 hours, and a day 23
  if (stepMs > 0.75 * DAY_MS) return ticks.map((tick) => day.format(tick));
  const clock = new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    ...(stepMs < 60_000 && { second: "2-digit" }),
    ...(stepMs < 1000 && { fractionalSecondDigits: 1 as const }),
  });
  const shown = new Set<string>();
  return ticks.map((tick) => {
    const isMidnight = Number(tick) === new Date(tick).setHours(0, 0, 0, 0);
    const label = isMidnight ? day.format(tick) : clock.format(tick);
    const isShown = shown.has(label + tick.toDateString());
    shown.add(label + tick.toDateString());
    return isShown ? `${label} ${offsetOf(tick)}` : label;
  });
}

/** Ranks, each in the middle of its interval. */
function textAxis(
  [low, high]: readonly [number, number],
  range: readonly [number, number],
  texts: readonly string[],
  count: number,
): Axis {
  const scale = scaleLinear([low, high], [...range]);
  const first = Math.max(0, Math.ceil(low));
  const last = Math.min(texts.length - 1, Math.floor(high));
  const step = Math.max(1, Math.ceil((last - first + 1) / count));
  const ticks: Tick[] = [];
  for (let rank = first; rank <= last; rank += step)
    ticks.push({ at: scale(rank), label: texts[rank] ?? "" });
  return {
    kind: "text",
    ticks,
    at: (value) => scale(value),
    value: (at) => scale.invert(at),
    domain: [low, high],
  };
}

/** "Europe/Berlin, 28 Nov 2026": information that the ticks of a time axis omit. */
export function timeZoneOf(low: number, high: number): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
  const [first, last] = [day.format(low), day.format(high)];
  return `${first === last ? first : `${first} to ${last}`}, ${zone}`;
}

/** The edges of cells, halfway between ascending values; on a logarithmic axis by ratio. */
export function edgesOf(values: readonly number[], isLog = false): number[] {
  const centres = isLog ? values.map(Math.log) : [...values];
  const back = (value: number) => (isLog ? Math.exp(value) : value);
  if (centres.length < 2) {
    const [only = 0] = centres;
    return [back(only - 0.5), back(only + 0.5)];
  }
  const middles = centres.slice(1).map((value, i) => (value + (centres[i] ?? 0)) / 2);
  const [first = 0, last = 0] = [centres[0], centres.at(-1)];
  return [2 * first - (middles[0] ?? 0), ...middles, 2 * last - (middles.at(-1) ?? 0)].map(back);
}

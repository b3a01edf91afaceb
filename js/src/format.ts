/** Format values for people. Pure: the clock is an argument. */

export type Value = string | number | boolean | null;

/** 1.2 s, 48 s, 3 min 04 s, 2 h 05 min, 3 d 4 h. Clouds report whole seconds, which get no decimals. */
export function duration(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return "";
  if (seconds < 0) return "0 s";
  if (seconds < 10 && Number.isInteger(seconds)) return seconds ? `${seconds} s` : "< 1 s";
  if (seconds < 0.05) return "< 0.1 s";
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A coarse length of time, for "updated ... ago" and "about ... left". */
export function roughly(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3570) return `${Math.round(s / 60)} min`;
  if (s < 129_600) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86_400)} d`;
}

export function ago(then: number, now: number): string {
  const seconds = now - then;
  return seconds < 1.5 ? "just now" : `${roughly(seconds)} ago`;
}

/** "about 4 min left", "4–9 min left" if the ends differ; empty if it is unknown. */
export function timeLeft(range: readonly [number, number] | null): string {
  if (!range) return "";
  const [low, high] = [roughly(range[0]), roughly(range[1])];
  if (high === "0 s") return "";
  if (low === high) return `about ${low} left`;
  if (low === "0 s") return `less than ${high} left`;
  const [lowNumber, lowUnit] = low.split(" ");
  const [, highUnit] = high.split(" ");
  return `${lowUnit === highUnit ? lowNumber : low}–${high} left`;
}

/** The local time of day, with the date unless it is today. */
export function clock(epochS: number | null, nowS: number): string {
  if (epochS === null) return "";
  const then = new Date(epochS * 1000);
  if (then.toDateString() === new Date(nowS * 1000).toDateString()) return timeOf(then);
  return `${dayOf(then)} ${timeOf(then).slice(0, 5)}`;
}

/**
 * "2026-10-25 02:30:00 UTC+1": a moment in full, the same in every language of the browser, and
 * unique when clocks change.
 */
export function moment(epochS: number): string {
  const then = new Date(epochS * 1000);
  return `${dayOf(then)} ${timeOf(then)} ${offsetOf(then)}`;
}

/** "UTC", "UTC+1", "UTC−3:30": the offset of the local time at a moment. */
export function offsetOf(then: Date): string {
  const minutes = -then.getTimezoneOffset();
  if (minutes === 0) return "UTC";
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `UTC${minutes < 0 ? "−" : "+"}${hours}${rest ? `:${pad(rest)}` : ""}`;
}

/** The local date, as "2026-10-25". */
export const dayOf = (then: Date): string =>
  `${then.getFullYear()}-${pad(then.getMonth() + 1)}-${pad(then.getDate())}`;

const timeOf = (then: Date): string =>
  `${pad(then.getHours())}:${pad(then.getMinutes())}:${pad(then.getSeconds())}`;

export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = count / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/**
 * Whole numbers below a million unchanged, larger ones grouped while exact, others with six digits.
 */
export function number(value: number): string {
  if (Number.isSafeInteger(value)) {
    return Math.abs(value) < 1e6 ? String(value) : whole(value);
  }
  const magnitude = Math.abs(value);
  if (magnitude >= 1e-4 && magnitude < 1e7) return String(Number(value.toPrecision(6)));
  return value.toExponential(3);
}

/**
 * A value that a user chose, such as a swept one: exact if it has at most 12 digits, otherwise
 * rounded to 5 decimals, or below 1 to 6 digits.
 */
export function given(value: number): string {
  const magnitude = Math.abs(value);
  if (Number.isSafeInteger(value)) return number(value);
  if (Number(value.toPrecision(12)) === value) return String(value);
  if (magnitude < 1e-4 || magnitude >= 1e12) return value.toExponential(5);
  return String(Number(magnitude < 1 ? value.toPrecision(6) : value.toFixed(5)));
}

/** "0.196 ± 0.018": the error with two digits, and the value with the same number of decimals. */
export function measured(value: number, error: number | null): string {
  if (error === null || !(error > 0)) return number(value);
  const places = Math.max(0, 1 - Math.floor(Math.log10(error)));
  if (places > 12) return `${number(value)} ± ${number(error)}`;
  return `${value.toFixed(places)} ± ${error.toFixed(places)}`;
}

/** 12.3 % */
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** 12,345 */
export const whole = (n: number): string => n.toLocaleString("en-US");

export function cell(value: Value): string {
  if (value === null) return "";
  return typeof value === "number" ? given(value) : String(value);
}

export function count(n: number, one: string, many: string = `${one}s`): string {
  return `${whole(n)} ${n === 1 ? one : many}`;
}

const pad = (n: number): string => String(n).padStart(2, "0");

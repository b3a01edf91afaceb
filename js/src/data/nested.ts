/**
 * Nested parameters as separate columns, such as `noise.g2`. A noise model has all its parameters,
 * with the defaults in `src/jobgroup/results/cells.py`; a test compares the two. Pure.
 */

import type { Value } from "../format";

/** Maximum length of a cell's text. The job's detail has the full text. */
const MAX_CELL_LENGTH = 200;

/**
 * Names that no table shows. Iterated values have their own columns, and a hash is not readable.
 */
const HIDDEN = new Set(["iterator", "content"]);

const NOISE_DEFAULTS: Readonly<Record<string, Value>> = {
  brightness: 1,
  indistinguishability: 1,
  g2: 0,
  g2_distinguishable: true,
  transmittance: 1,
  phase_imprecision: 0,
  phase_error: 0,
};

export const isDefaultNoise = (key: string, value: Value): boolean =>
  key.startsWith("noise.") && NOISE_DEFAULTS[key.slice("noise.".length)] === value;

export function flattened(values: object): [string, Value][] {
  return Object.entries(values).flatMap(([key, value]) =>
    HIDDEN.has(key) ? [] : leavesOf(key, key === "noise" ? noiseOf(value) : value),
  );
}

function leavesOf(key: string, value: unknown): [string, Value][] {
  if (value === null || typeof value === "number" || typeof value === "boolean")
    return [[key, value]];
  if (typeof value === "string") return [[key, value.slice(0, MAX_CELL_LENGTH)]];
  if (Array.isArray(value)) return [[key, JSON.stringify(value).slice(0, MAX_CELL_LENGTH)]];
  return Object.entries(value as object).flatMap(([inner, each]) =>
    leavesOf(`${key}.${inner}`, each),
  );
}

/** A noise model with its defaults; other values are unchanged. */
function noiseOf(noise: unknown): unknown {
  const given = typeof noise === "string" ? parsed(noise) : noise;
  if (typeof given !== "object" || given === null || Array.isArray(given)) return noise;
  const parts = Object.entries(given);
  if (!parts.every(([name]) => Object.hasOwn(NOISE_DEFAULTS, name))) return noise;
  return { ...NOISE_DEFAULTS, ...Object.fromEntries(parts.filter(([, value]) => value !== null)) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^:PCVL:NoiseModel:/, ""));
  } catch {
    return text;
  }
}

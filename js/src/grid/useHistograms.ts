import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Column } from "../data/columns";
import { type Histogram, histogramOf } from "../data/histogram";
import type { Session } from "../session";

/** Delay in milliseconds, so that a growing table is not counted at each push. */
const PAUSE_MS = 1000;
const FIRST_MS = 50;
const LEAST_ROWS = 8;

export const hasHistograms = (rows: number): boolean => rows >= LEAST_ROWS;

/** Histograms of the number columns of the shown rows, by name. */
export function useHistograms(
  session: Session,
  columns: readonly Column[],
): Signal<ReadonlyMap<string, Histogram>> {
  const found = useSignal<ReadonlyMap<string, Histogram>>(new Map());
  const rows = session.rows.value;
  const counted = useRef(0);
  const names = columns
    .filter(({ kind, group }) => group !== "" && ["number", "measured", "duration"].includes(kind))
    .map(({ name }) => name);
  useEffect(() => {
    const pause = Math.max(FIRST_MS, counted.current + PAUSE_MS - Date.now());
    const timer = setTimeout(() => {
      counted.current = Date.now();
      const { table, lines } = rows;
      const made = new Map<string, Histogram>();
      for (const name of hasHistograms(lines.length) ? names : []) {
        const histogram = histogramOf(table, lines, name);
        if (histogram) made.set(name, histogram);
      }
      found.value = made;
    }, pause);
    return () => clearTimeout(timer);
  }, [rows, names.join("\n")]);
  return found;
}

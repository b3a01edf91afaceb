import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Column } from "../data/columns";
import { type Histogram, histogramOf } from "../data/histogram";
import type { Session } from "../session";

/** Delay in milliseconds, so that a growing table is not counted after each push. */
const PAUSE_MS = 1000;
const FIRST_MS = 50;
const MIN_ROWS = 8;

export const hasHistograms = (rows: number): boolean => rows >= MIN_ROWS;

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
    const { table, lines } = rows;
    const left = hasHistograms(lines.length) ? [...names] : [];
    const made = new Map<string, Histogram>();
    const next = () => {
      counted.current = Date.now();
      const name = left.shift();
      const histogram = name === undefined ? null : histogramOf(table, lines, name);
      if (name !== undefined && histogram) made.set(name, histogram);
      if (left.length > 0)
        timer = setTimeout(next); // one column at a time, so scrolling stays smooth
      else found.value = made;
    };
    let timer = setTimeout(next, Math.max(FIRST_MS, counted.current + PAUSE_MS - Date.now()));
    return () => clearTimeout(timer);
  }, [rows, names.join("\n")]);
  return found;
}

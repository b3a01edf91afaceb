/** Do something when a lifetime ends. */
export function atEnd(lifetime: AbortSignal | undefined, stop: () => void): void {
  lifetime?.addEventListener("abort", stop, { once: true });
}

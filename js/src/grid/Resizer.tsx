/** The edge of a header. A drag sets the column's width, and a double click resets it. */

import { useRef } from "preact/hooks";
import type { Column } from "../data/columns";
import { capture } from "./capture";

interface Props {
  column: Column;
  resize(width: number | null): void;
}

export function Resizer({ column, resize }: Props) {
  const from = useRef<number | null>(null);
  return (
    // In the header's cell, Shift and the arrow keys do the same.
    <span
      class="resizer"
      data-testid={`resize-${column.title}`}
      aria-hidden="true"
      onClick={(event) => event.stopPropagation()}
      onDblClick={() => resize(null)}
      onPointerDown={(event) => {
        capture(event);
        from.current = event.clientX - column.width;
      }}
      onPointerMove={(event) => {
        if (from.current !== null) resize(event.clientX - from.current);
      }}
      onPointerUp={() => {
        from.current = null;
      }}
    />
  );
}

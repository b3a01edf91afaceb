/** The edge of a header: dragging it sets the column's width, a double click gives it back. */

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
    // The header's cell takes Shift and the arrow keys for the same.
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

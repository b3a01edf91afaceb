/**
 * The messages between the kernel and the browser, as types, and the decoder of rows. The other side
 * is `src/jobgroup/dashboard/wire.py`; recorded messages in `tests/wire.json` hold the two equal.
 */

export interface Have {
  epoch: string;
  version: number;
}

export type Command =
  | "run"
  | "rerun"
  | "cancel"
  | "pause"
  | "resume"
  | "resend"
  | "confirm"
  | "refresh"
  | "delete"
  | "restore"
  | "open";
export type Question = "job" | "results" | "groups" | "size";
export type Setting = "filter" | "sort" | "search" | "selected" | "columns";
export type Args = Record<string, unknown>;

export type ToPython =
  | { t: "hello"; have: Have | null }
  /** `ack` is the last push that arrived; `waiting` the requests without an answer; `reply` asks for one. */
  | { t: "pull"; have: Have | null; ack: number; waiting: string[]; reply: boolean }
  | { t: "do"; id: string; name: Command; args: Args }
  | { t: "ask"; id: string; name: Question; args: Args }
  | { t: "set"; id: string; name: Setting; value: unknown }
  | { t: "bye" };

/** `n` numbers the pushes, `now` is the kernel's clock in seconds since the epoch. */
interface Push {
  epoch: string;
  n: number;
  now: number;
  total: number;
  rows: Block;
}

export type FromPython =
  | ({ t: "snap"; version: number; part: number; parts: number } & Push)
  | ({ t: "patch"; from: number; to: number } & Push)
  | { t: "done"; id: string; value: unknown }
  | { t: "fail"; id: string; code: string; message: string }
  /** Level "heard" says that the kernel has taken up request `id`. */
  | { t: "note"; level: "heard" | "info" | "warning" | "error"; text: string; id?: string };

/** Rows as columns; `position` is always among them. */
export interface Block {
  n: number;
  columns: Record<string, Encoded>;
}

/**
 * A column: plain values; or, `at` being the index of a buffer, texts joined by NUL (an empty one is
 * null), 64-bit floats (NaN is null), or indices of `bits` bits into a dictionary of `words`.
 */
export type Encoded =
  | unknown[]
  | { as: "text"; at: number }
  | { as: "f64"; at: number }
  | { as: "words"; at: number; bits: 8 | 16 | 32; words: unknown[] };

export function isFromPython(message: unknown): message is FromPython {
  const tag = (message as { t?: unknown } | null)?.t;
  return tag === "snap" || tag === "patch" || tag === "done" || tag === "fail" || tag === "note";
}

export function decodeColumn(column: Encoded, buffers: readonly DataView[]): unknown[] {
  if (Array.isArray(column)) return column;
  const view = buffers[column.at];
  if (!view) throw new Error(`the message lacks its buffer ${column.at}`);
  switch (column.as) {
    case "text":
      return new TextDecoder().decode(view).split("\0").map(nullIfEmpty);
    case "f64":
      return Array.from({ length: view.byteLength / 8 }, (_, i) => {
        const value = view.getFloat64(i * 8, true);
        return Number.isNaN(value) ? null : value;
      });
    case "words":
      return indicesOf(view, column.bits).map((index) => column.words[index] ?? null);
  }
}

const nullIfEmpty = (text: string): string | null => (text === "" ? null : text);

/** Read through the view: a host may hand out a window of a larger, unaligned buffer. */
function indicesOf(view: DataView, bits: 8 | 16 | 32): number[] {
  const size = bits / 8;
  return Array.from({ length: view.byteLength / size }, (_, i) => {
    if (bits === 8) return view.getUint8(i);
    return bits === 16 ? view.getUint16(i * 2, true) : view.getUint32(i * 4, true);
  });
}

import { tsvOf } from "../data/copy";
import { positionOf } from "../data/lines";
import * as format from "../format";
import { copyText } from "../host/clipboard";
import type { Session } from "../session";

/**
 * Copy the selected jobs (without a selection, one job) as tab-separated text, with the shown
 * columns and in the shown order.
 */
export async function copySelection(
  session: Session,
  near: HTMLElement | null,
  position: number | null = null,
): Promise<void> {
  const { table, lines } = session.rows.peek();
  const selected = [...session.selected.peek()];
  const positions = new Set(selected.length > 0 || position === null ? selected : [position]);
  if (positions.size === 0 || !near) return;
  const shown = lines.filter((line) => positions.has(positionOf(line)));
  const seen = new Set(shown.map(positionOf));
  const hidden = [...positions].filter((each) => !seen.has(each));
  const all = [...shown, ...hidden.flatMap((each) => table.linesOf(each))];
  const text = tsvOf(table, session.layout.peek().shown, all);
  const isCopied = await copyText(text, near);
  session.status.value = isCopied
    ? { tone: "done", text: `${format.count(positions.size, "job")} copied` }
    : { tone: "failed", text: "The browser does not allow this page to copy." };
}

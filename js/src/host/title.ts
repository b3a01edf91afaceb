/** "23/24 done" before the page's title, where users see it from another tab. */

import * as format from "../format";

const MARK = /^[\d,]+\/[\d,]+ done · /;

/** Show the progress in the page's title until the group has finished. */
export function markTitle(done: number, total: number, isOver: boolean): void {
  const plain = document.title.replace(MARK, "");
  const title = isOver ? plain : `${format.whole(done)}/${format.whole(total)} done · ${plain}`;
  if (document.title !== title) document.title = title;
}

/** Name a group in the title of a page that shows nothing else, so that users can distinguish tabs. */
export function nameTitle(group: string): void {
  const [mark = ""] = MARK.exec(document.title) ?? [];
  document.title = `${mark}${group ? `${group} · ` : ""}jobgroup`;
}

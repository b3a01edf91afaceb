/** "23/24 done" in front of the page's title, which is visible from another tab. */

const MARK = /^\d+\/\d+ done · /;

/** Show the progress in the page's title, until it is over. */
export function markTitle(done: number, total: number, isOver: boolean): void {
  const plain = document.title.replace(MARK, "");
  const title = isOver ? plain : `${done}/${total} done · ${plain}`;
  if (document.title !== title) document.title = title;
}

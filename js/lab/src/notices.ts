/**
 * Notifications at a group's first failure and at its end, if these happen after the page was
 * loaded. Several windows of one browser agree on the window that shows a notification.
 */

import { Notification } from "@jupyterlab/apputils";
import { effect } from "@preact/signals";
import { countWhere, isFailed } from "../../src/data/states";
import * as format from "../../src/format";
import type { Group, Groups } from "./groups";

const CHANNEL = "jobgroup.notices";
/**
 * Milliseconds for which windows wait for each other, and for which a shown notification counts.
 */
const [AGREE_MS, SAID_MS] = [500, 10_000];

interface Claim {
  news: string;
  window: string;
}

export function notify(
  groups: Groups,
  isWanted: () => boolean,
  open: (name: string) => void,
): void {
  const channel = new BroadcastChannel(CHANNEL);
  const own = crypto.getRandomValues(new Uint32Array(2)).join("-");
  const claims = new Map<string, string[]>();
  let known: Map<string, Group> | undefined;

  const claim = ({ news, window }: Claim): string[] => {
    const all = claims.get(news) ?? [];
    if (all.length === 0) setTimeout(() => claims.delete(news), SAID_MS);
    all.push(window);
    claims.set(news, all);
    return all;
  };
  channel.onmessage = ({ data }: MessageEvent<Claim>) => void claim(data);

  function tell(group: string, type: "success" | "error", text: string): void {
    const news = `${group} ${type}`;
    if (claims.has(news)) return; // another window was first, or this window has just shown it
    const all = claim({ news, window: own });
    channel.postMessage({ news, window: own });
    setTimeout(() => {
      if (all.some((other) => other < own)) return;
      Notification.emit(`${group}: ${text}`, type, {
        autoClose: SAID_MS,
        actions: [{ label: "Open", callback: () => open(group) }],
      });
    }, AGREE_MS);
  }

  effect(() => {
    const all = groups.all.value;
    if (!all) return;
    const before = known;
    known = new Map(all.map((group) => [group.name, group]));
    if (!before || !isWanted()) return;
    for (const group of all) {
      const was = before.get(group.name);
      if (!was || was.created !== group.created) continue;
      const failed = countWhere(group.counts, isFailed);
      if (isOver(group) && !isOver(was)) {
        const rest = failed ? `, ${format.whole(failed)} failed` : "";
        tell(group.name, "success", `${format.count(group.total, "job")} finished${rest}`);
      } else if (failed > 0 && countWhere(was.counts, isFailed) === 0) {
        tell(group.name, "error", "a job has failed");
      }
    }
  });
}

const isOver = ({ total, ended }: Group): boolean => total > 0 && ended === total;

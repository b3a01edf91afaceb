/**
 * Browser notifications when the group has finished, and at its first failure. The user turns them
 * on with a click, and the browser stores this choice.
 */

import { type ReadonlySignal, signal } from "@preact/signals";
import { type Counts, countOf, countWhere, isTerminal } from "../data/states";
import * as format from "../format";

const CHOICE = "jobgroup.notify";

export interface Notifier {
  /** Whether the browser has notifications and the user has not blocked them. */
  readonly isThere: boolean;
  readonly isOn: ReadonlySignal<boolean>;
  /** Resolve to the reason why there will be no notification; empty if there will be one. */
  toggle(): Promise<string>;
  /** Notify about changes since the last look, unless all rows are new or from another group. */
  look(group: string, counts: Counts, isActive: boolean, isAnew?: boolean): void;
}

export function browserNotifier(): Notifier {
  const isThere = typeof Notification !== "undefined" && Notification.permission !== "denied";
  const isOn = signal(isThere && Notification.permission === "granted" && recalled() === "on");
  let known = "";
  let hadFailed = 0;
  let wasActive = false;
  let wasOver = true;

  // With the same tag, two views or two tabs show one notification.
  const tell = (group: string, body: string): void => {
    if (isOn.peek()) new Notification(group, { body, tag: `jobgroup ${group} ${body}` });
  };

  return {
    isThere,
    isOn,
    async toggle() {
      if (isOn.value) isOn.value = false;
      else isOn.value = (await Notification.requestPermission()) === "granted";
      remember(isOn.value ? "on" : "off");
      return isOn.value || Notification.permission === "granted"
        ? ""
        : "The browser does not allow notifications here.";
    },
    // As in engine/activity.py, a group has finished if it was active and no longer is, even with
    // unsent jobs, or if nothing is left to do.
    look(group, counts, isActive, isAnew = false) {
      const [failed, unsent] = [counts.error ?? 0, counts.unsent ?? 0];
      const isOver = countOf(counts) > 0 && !isActive && (wasActive || unsent === 0);
      if (!isAnew && group === known) {
        const ended = format.count(countWhere(counts, isTerminal), "job");
        const rest = [
          ...(failed > 0 ? [`${format.whole(failed)} failed`] : []),
          ...(unsent > 0 ? [`${format.whole(unsent)} to send`] : []),
        ];
        if (isOver && !wasOver) tell(group, [`${ended} finished`, ...rest].join(", "));
        else if (failed > 0 && hadFailed === 0) tell(group, "A job has failed");
      }
      [known, hadFailed, wasActive, wasOver] = [group, failed, isActive, isOver];
    },
  };
}

/** If a frame has no access to storage, the choice lasts as long as the page. */
function recalled(): string | null {
  try {
    return localStorage.getItem(CHOICE);
  } catch {
    return null;
  }
}

function remember(choice: string): void {
  try {
    localStorage.setItem(CHOICE, choice);
  } catch {
    return;
  }
}

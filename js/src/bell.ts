/**
 * A notification of the browser's when the group has finished, and at its first failure. It has to be
 * asked for by a click, and that is remembered in this browser.
 */

import * as format from "./format";
import { type ReadonlySignal, signal } from "./signals";
import { type Counts, countOf, countWhere, FILTERS, isTerminal } from "./states";

const CHOICE = "jobgroup.notify";

export interface Bell {
  /** Whether there is such a thing here, and nobody has forbidden it. */
  readonly isThere: boolean;
  readonly isOn: ReadonlySignal<boolean>;
  /** Answers with what stands in the way, if anything. */
  toggle(): Promise<string>;
  /** Tell what is new since the last time, unless all rows have come anew. */
  look(group: string, counts: Counts, isAnew: boolean): void;
}

export function newBell(): Bell {
  const isThere = typeof Notification !== "undefined" && Notification.permission !== "denied";
  const isOn = signal(isThere && Notification.permission === "granted" && recalled() === "on");
  let hadFailed = 0;
  let wasOver = true;

  // With the same tag, two views or two tabs show one notification.
  const tell = (group: string, body: string): void => {
    if (isOn.peek()) new Notification(group, { body, tag: `jobgroup ${group} ${body}` });
  };

  return {
    isThere,
    isOn,
    async toggle() {
      if (isOn.current) isOn.current = false;
      else isOn.current = (await Notification.requestPermission()) === "granted";
      remember(isOn.current ? "on" : "off");
      return isOn.current || Notification.permission === "granted"
        ? ""
        : "The browser does not allow notifications here.";
    },
    look(group, counts, isAnew) {
      const [jobs, failed] = [countOf(counts), countOf(counts, FILTERS.failed)];
      const isOver = jobs > 0 && countWhere(counts, isTerminal) === jobs;
      if (!isAnew && isOver && !wasOver) {
        tell(group, `${format.count(jobs, "job")} finished${failed ? `, ${failed} failed` : ""}`);
      } else if (!isAnew && failed > 0 && hadFailed === 0) tell(group, "A job has failed");
      hadFailed = failed;
      wasOver = isOver;
    },
  };
}

/** A frame may be kept from its storage; the choice lasts as long as the page then. */
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

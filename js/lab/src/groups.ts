/** The groups on the server, which are requested regularly while they are shown. */

import { computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import { countOf, countWhere, isOnCloud, isTerminal } from "../../src/data/states";
import * as format from "../../src/format";
import type { GroupSummary } from "../../src/kernel/answers";
import { fetchGroups } from "./server";

/**
 * Milliseconds between requests: with a visible panel or active jobs, otherwise, and the maximum
 * without an answer.
 */
const [SOON_MS, LATER_MS, MAX_PAUSE_MS] = [1000, 5000, 60_000];

export interface Group extends GroupSummary {
  readonly total: number;
  readonly ended: number;
  readonly running: number;
}

export class Groups {
  /** Null until the groups are known. */
  readonly all = signal<Group[] | null>(null);
  /** The reason why the groups are unknown or out of date. */
  readonly problem = signal("");
  readonly running: ReadonlySignal<Group[]> = computed(() =>
    (this.all.value ?? []).filter((group) => group.running > 0),
  );
  readonly #seen = signal(0);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #isAsking = false;

  constructor() {
    effect(() => {
      if (this.#seen.value > 0) this.#ask();
    });
    document.addEventListener("visibilitychange", () => {
      if (this.#timer && !document.hidden) this.#ask();
    });
  }

  /** Follow running groups, even if the list is not shown. */
  start(): void {
    this.#timer ??= setTimeout(() => this.#ask(), LATER_MS); // the application starts first
  }

  /** Keep the list up to date until the returned function is called. */
  see(): () => void {
    this.#seen.value += 1;
    return () => {
      this.#seen.value -= 1;
    };
  }

  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    clearTimeout(this.#timer);
    try {
      this.all.value = (await fetchGroups()).map(described);
      this.problem.value = "";
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      this.problem.value = error instanceof Error ? error.message : String(error);
    } finally {
      this.#isAsking = false;
      this.#timer = setTimeout(() => this.#ask(), this.#pause());
    }
  }

  #pause(): number {
    const isWatched = this.#seen.peek() > 0 || this.running.peek().length > 0;
    const usual = isWatched && !document.hidden ? SOON_MS : LATER_MS;
    return Math.min(usual * 2 ** this.#failures, MAX_PAUSE_MS);
  }
}

function described(group: GroupSummary): Group {
  const { counts } = group;
  return {
    ...group,
    total: countOf(counts),
    ended: countWhere(counts, isTerminal),
    running: countWhere(counts, isOnCloud),
  };
}

/** "1,200 of 5,000 ended · 3 on the cloud · 3,796 to send · 1 unconfirmed" */
export function statusOf({ counts, running, ended, total }: Group): string {
  if (!total) return "no jobs yet";
  const { unsent = 0, unconfirmed = 0 } = counts;
  return [
    `${format.whole(ended)} of ${format.whole(total)} ended`,
    ...(running > 0 ? [`${format.whole(running)} on the cloud`] : []),
    ...(unsent > 0 ? [`${format.whole(unsent)} to send`] : []),
    ...(unconfirmed > 0 ? [`${format.whole(unconfirmed)} unconfirmed`] : []),
  ].join(" · ");
}

/**
 * The groups that have a text in their name or description: first running ones, then the newest.
 */
export function found(groups: readonly Group[], search: string): Group[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return groups
    .filter(({ name, description }) => {
      const text = `${name} ${description}`.toLowerCase();
      return words.every((word) => text.includes(word));
    })
    .sort(
      (a, b) =>
        Number(b.running > 0) - Number(a.running > 0) || (b.modified ?? 0) - (a.modified ?? 0),
    );
}

/**
 * The figure of the plot, which is requested from the kernel after changes. Requests are made one
 * at a time, with pauses that grow with the figure, and not while the page is hidden.
 */

import { type ReadonlySignal, signal } from "@preact/signals";
import { MAX_UNASKED } from "./data/limits";
import type { FigureAnswer, FigureProgress, SameFigure } from "./kernel/answers";
import type { Link } from "./kernel/link";
import type { PlotChoices } from "./kernel/model";
import type { Args } from "./kernel/protocol";

export interface FigureState {
  answer: FigureAnswer | null;
  progress: FigureProgress | null;
  /** The reason why there is no answer. */
  error: string;
}

export interface Figures {
  readonly state: ReadonlySignal<FigureState>;
  /** The plot is shown with these choices, for this version of the group. */
  want(choices: PlotChoices, version: number): void;
  /** The plot is no longer shown. */
  rest(): void;
  /** Load all missing results, however many, and retry failed ones. */
  load(isAgain?: boolean): void;
  /** Whether the user requested the missing results. */
  isLoading(): boolean;
  clear(): void;
}

interface Wanted {
  /** The choices as a query to the kernel. */
  args: Args;
  key: string;
  version: number;
}

const PAUSE_MS = 700;
const PAUSE_PER_POINT_MS = 0.5;
const HIDDEN_MS = 1000;

const NOTHING: FigureState = { answer: null, progress: null, error: "" };

/** `fixed` is part of each query. */
export function newFigures(
  link: Link,
  question: "figure" | "compare_groups" = "figure",
  fixed: Args = {},
): Figures {
  const state = signal(NOTHING);
  let wanted = null as Wanted | null;
  let done = null as Wanted | null;
  /** The query of the answer. */
  let shownKey = "";
  let isLoading = false;
  let isAgain = false;
  let isBusy = false;
  let life = 0;
  let nextAt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const isHeldBack = () => !isLoading && (state.peek().progress?.missing ?? 0) > MAX_UNASKED;

  async function step(): Promise<void> {
    clearTimeout(timer);
    if (isBusy || !wanted) return;
    const mine = life;
    const { answer, progress } = state.peek();
    const isNew = wanted.key !== done?.key;
    const isChanged = isNew || wanted.version !== done?.version;
    const isPartial = !isChanged && (progress?.missing ?? 0) > 0 && !isHeldBack();
    if (!isChanged && !isPartial && !isAgain) return;
    const wait = isNew ? 0 : nextAt - performance.now();
    if (wait > 0 && !isPartial) return later(wait);
    if (document.hidden) return later(HIDDEN_MS);
    const asked = wanted;
    const args: Args = {
      ...fixed,
      ...asked.args,
      ...(isLoading && { load: true }),
      ...(isAgain && { retry: true }),
      ...(isPartial && wait > 0 && { only_load: true }),
      ...(answer && shownKey === asked.key && { have: answer.digest }),
    };
    isBusy = true;
    isAgain = false;
    try {
      const found = (await link.ask(question, args)) as FigureAnswer | SameFigure | FigureProgress;
      if (mine !== life) return;
      take(found, asked);
    } catch (error) {
      if (mine !== life) return;
      state.value = { ...state.peek(), error: (error as Error).message };
      done = asked;
    } finally {
      isBusy = false;
    }
    step();
  }

  function take(found: FigureAnswer | SameFigure | FigureProgress, asked: Wanted): void {
    const isWhole = "figure" in found;
    const { loaded, of, missing, failed } = found;
    const before = state.peek();
    state.value = {
      answer: isWhole ? found : before.answer,
      progress: { loaded, of, missing, failed },
      error: "",
    };
    // Results of only_load are not drawn yet. The figure is requested once more at the end.
    if (isWhole) shownKey = asked.key;
    const isDrawn = isWhole || "same" in found;
    if (isDrawn) {
      done = asked;
      const points = state.peek().answer?.figure?.points.x.length ?? 0;
      nextAt = performance.now() + PAUSE_MS + PAUSE_PER_POINT_MS * points;
    } else if (missing === 0) done = null;
  }

  function later(ms: number): void {
    timer = setTimeout(step, ms);
  }

  return {
    state,
    want(choices, version) {
      const args = argsOf(choices);
      const key = JSON.stringify(args);
      if (wanted?.key === key && wanted.version === version) return;
      wanted = { args, key, version };
      step();
    },
    rest() {
      wanted = null;
      clearTimeout(timer);
    },
    load(again = false) {
      isLoading ||= !again;
      isAgain ||= again;
      step();
    },
    isLoading: () => isLoading,
    clear() {
      life += 1;
      clearTimeout(timer);
      [wanted, done, isLoading, isAgain, isBusy] = [null, null, false, false, false];
      state.value = NOTHING;
    },
  };
}

function argsOf({ y, x, curves, at, kind, errors, sweep }: PlotChoices): Args {
  const given = { y, x, curves, at, kind, errors, sweep };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

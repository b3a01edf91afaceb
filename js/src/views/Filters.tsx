/** The chips and the search field. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { completionsOf, sourceOf } from "../data/search";
import { chipsOf, labelOf } from "../data/states";
import * as format from "../format";
import type { Session } from "../session";
import { sets, type Writable } from "../ui/hooks";
import { Icon } from "../ui/Icon";
import { roving } from "../ui/roving";
import { Columns } from "./Columns";

const TYPING_PAUSE_MS = 120;

export function Filters({ session }: { session: Session }) {
  const { filter: chosen, search, traits } = session;
  return (
    <div class="filters">
      <fieldset class="chips" aria-label="Show jobs that are" {...roving}>
        {chipsOf(traits.counts.value, chosen.value).map(({ filter, count }) => (
          <button
            key={filter}
            class={count > 0 ? "chip" : "chip none"}
            data-testid={`chip-${filter}`}
            aria-pressed={chosen.value === filter}
            onClick={sets(chosen, filter)}
          >
            {labelOf(filter)} <b>{format.whole(count)}</b>
          </button>
        ))}
      </fieldset>
      <Search
        label="Search jobs, for example phi>1.4 is:done"
        hint="phi>1.4 is:done"
        words={search}
        problem={session.rows.value.problem}
        complete={(words) => completionsOf(words, sourceOf(session.rows.value.table).names)}
      >
        <Matches session={session} />
        {(session.view.value === "table" || session.view.value === "both") && (
          <Columns session={session} />
        )}
      </Search>
    </div>
  );
}

/** The number of jobs that a search leaves. It is always present: see `StatusLine`. */
function Matches({ session }: { session: Session }) {
  const { table, positions } = session.rows.value;
  const total = table.total - table.first;
  return (
    <span class="quiet" data-testid="matches" role="status" aria-live="polite">
      {session.search.value.trim() !== "" &&
        `${format.whole(positions.length)} of ${format.whole(total)} shown`}
    </span>
  );
}

interface SearchProps {
  label: string;
  hint: string;
  words: Writable<string>;
  /** The error in the query, if any. */
  problem?: string;
  /** Completions of the query. */
  complete?: (words: string) => string[];
  /** Buttons after the field. */
  children?: ComponentChildren;
}

/** Searches when typing pauses. An older search never overwrites newer text in the field. */
export function Search({ label, hint, words, problem, complete, children }: SearchProps) {
  const typed = useSignal<string | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(null);
  const id = useId();
  useEffect(() => () => clearTimeout(timer.current ?? undefined), []);
  const onInput = (text: string) => {
    typed.value = text;
    clearTimeout(timer.current ?? undefined);
    timer.current = setTimeout(() => {
      words.value = text;
      typed.value = null;
    }, TYPING_PAUSE_MS);
  };
  const shown = typed.value ?? words.value;
  return (
    <>
      <span class="finding">
        <label class="search">
          <Icon name="search" />
          <input
            type="search"
            data-testid="search"
            value={shown}
            placeholder={hint}
            aria-label={label}
            aria-invalid={Boolean(problem)}
            aria-describedby={problem ? `${id}-problem` : undefined}
            list={complete && `${id}-completions`}
            onInput={(event) => onInput(event.currentTarget.value)}
          />
        </label>
        {children}
      </span>
      {complete && (
        <datalist id={`${id}-completions`}>
          {complete(shown).map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      )}
      {problem && (
        <p id={`${id}-problem`} class="problem" data-testid="search-problem" role="status">
          {problem} Invalid terms are ignored.
        </p>
      )}
    </>
  );
}

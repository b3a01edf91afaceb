/** The chips and the search field. */

import * as format from "../format";
import type { Panel, Session } from "../session";
import type { Signal } from "../signals";
import { chipsOf } from "../states";
import { Button } from "./Button";
import { Columns } from "./Columns";
import { useEffect, useRef } from "./dom";
import { opens, sets, useSignal } from "./hooks";
import { Icon } from "./Icon";
import { roving } from "./roving";

const TYPING_PAUSE_MS = 120;

export function Filters({ session }: { session: Session }) {
  const { filter: chosen, search, traits } = session;
  return (
    <div class="filters">
      <fieldset class="chips" aria-label="Show jobs that are" {...roving}>
        {chipsOf(traits.counts.current).map(({ filter, count }) => (
          <button
            key={filter}
            class={count > 0 ? "chip" : "chip none"}
            testid={`chip-${filter}`}
            aria-pressed={chosen.current === filter}
            onClick={sets(chosen, filter)}
          >
            {filter} <b>{format.whole(count)}</b>
          </button>
        ))}
      </fieldset>
      {chosen.current === "failed" && (
        <Button icon="columns" testid="by-cause" {...opens<Panel>(session.panel, "causes")}>
          By cause
        </Button>
      )}
      <Search
        label="Search by name, id, parameter or message"
        hint="Name, id, parameter, message"
        words={search}
      />
      <Columns session={session} />
    </div>
  );
}

interface SearchProps {
  label: string;
  hint: string;
  words: Signal<string>;
}

/** Searches when typing rests. What is being typed is not overwritten by an older search. */
export function Search({ label, hint, words }: SearchProps) {
  const typed = useSignal<string | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  useEffect(() => () => clearTimeout(timer.current ?? undefined), []);
  const onInput = (text: string) => {
    typed.current = text;
    clearTimeout(timer.current ?? undefined);
    timer.current = setTimeout(() => {
      words.current = text;
      typed.current = null;
    }, TYPING_PAUSE_MS);
  };
  return (
    <label class="search">
      <Icon name="search" />
      <input
        type="search"
        testid="search"
        value={typed.current ?? words.current}
        placeholder={hint}
        aria-label={label}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </label>
  );
}

/** The chips and the search field. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { chipsOf } from "../data/states";
import * as format from "../format";
import type { Panel, Session } from "../session";
import { Button } from "../ui/Button";
import { opens, sets, type Writable } from "../ui/hooks";
import { Icon } from "../ui/Icon";
import { roving } from "../ui/roving";
import { Columns } from "./Columns";

const TYPING_PAUSE_MS = 120;

export function Filters({ session }: { session: Session }) {
  const { filter: chosen, search, traits } = session;
  return (
    <div class="filters">
      <fieldset class="chips" aria-label="Show jobs that are" {...roving}>
        {chipsOf(traits.counts.value).map(({ filter, count }) => (
          <button
            key={filter}
            class={count > 0 ? "chip" : "chip none"}
            data-testid={`chip-${filter}`}
            aria-pressed={chosen.value === filter}
            onClick={sets(chosen, filter)}
          >
            {filter} <b>{format.whole(count)}</b>
          </button>
        ))}
      </fieldset>
      {chosen.value === "failed" && (
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
  words: Writable<string>;
}

/** Searches when typing pauses. An older search never overwrites newer text in the field. */
export function Search({ label, hint, words }: SearchProps) {
  const typed = useSignal<string | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(null);
  useEffect(() => () => clearTimeout(timer.current ?? undefined), []);
  const onInput = (text: string) => {
    typed.value = text;
    clearTimeout(timer.current ?? undefined);
    timer.current = setTimeout(() => {
      words.value = text;
      typed.value = null;
    }, TYPING_PAUSE_MS);
  };
  return (
    <label class="search">
      <Icon name="search" />
      <input
        type="search"
        data-testid="search"
        value={typed.value ?? words.value}
        placeholder={hint}
        aria-label={label}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </label>
  );
}

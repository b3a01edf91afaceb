/** The sidebar: all groups, running ones first. */

import { Widget } from "@lumino/widgets";
import { useSignal } from "@preact/signals";
import { render } from "preact";
import { countWhere, isFailed } from "../../src/data/states";
import * as format from "../../src/format";
import { adopt } from "../../src/host/styles";
import { found, type Group, type Groups, statusOf } from "./groups";
import { icon } from "./icon";

/** Maximum number of rows; a search finds more. */
const MAX_ROWS = 200;

const STYLES = `
  :host { display: block; height: 100%; overflow: auto; font: var(--jp-ui-font-size1) var(--jp-ui-font-family);
    color: var(--jp-ui-font-color1); background: var(--jp-layout-color1); }
  header { position: sticky; top: 0; padding: 8px; background: var(--jp-layout-color1); }
  input { box-sizing: border-box; width: 100%; padding: 4px 8px; font: inherit; color: inherit;
    background: var(--jp-input-background); border: 1px solid var(--jp-border-color1); border-radius: 3px; }
  p { margin: 8px; color: var(--jp-ui-font-color2); }
  ul { margin: 0; padding: 0; list-style: none; }
  button { display: block; box-sizing: border-box; width: 100%; padding: 6px 10px; border: 0; font: inherit;
    color: inherit; text-align: start; background: none; cursor: pointer; }
  button:hover, button:focus-visible { background: var(--jp-layout-color2); }
  b, small { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  small { color: var(--jp-ui-font-color2); }
  .failed { color: var(--jp-error-color1); }
  .bar { display: flex; height: 4px; margin-top: 4px; border-radius: 2px; overflow: hidden;
    background: var(--jp-border-color2); }
  .bar .done { background: var(--jp-success-color1); }
  .bar .failed { background: var(--jp-error-color1); }
  .bar .running { background: var(--jp-brand-color1); }`;

export class GroupsPanel extends Widget {
  readonly #groups: Groups;
  readonly #lifetime = new AbortController();
  #unsee: (() => void) | undefined;

  constructor(groups: Groups, open: (name: string) => void) {
    super();
    this.#groups = groups;
    this.id = "jobgroup-panel";
    this.title.icon = icon;
    this.title.caption = "Job groups";
    this.node.setAttribute("data-lm-suppress-shortcuts", "true");
    const root = this.node.attachShadow({ mode: "open" });
    adopt(root, STYLES, this.#lifetime.signal);
    const el = document.createElement("div");
    root.append(el);
    render(<List groups={groups} open={open} />, el);
  }

  protected override onAfterAttach(): void {
    if (this.isVisible) this.onAfterShow();
  }

  protected override onAfterShow(): void {
    this.#unsee ??= this.#groups.see();
  }

  protected override onAfterHide(): void {
    this.#unsee?.();
    this.#unsee = undefined;
  }

  override dispose(): void {
    this.onAfterHide();
    this.#lifetime.abort();
    super.dispose();
  }
}

function List({ groups, open }: { groups: Groups; open(name: string): void }) {
  const search = useSignal("");
  const all = groups.all.value;
  const shown = found(all ?? [], search.value);
  return (
    <>
      <header>
        <input
          type="search"
          placeholder="Search groups"
          aria-label="Search groups"
          value={search.value}
          onInput={(event) => {
            search.value = event.currentTarget.value;
          }}
        />
      </header>
      {groups.problem.value && <p role="status">{groups.problem.value}</p>}
      {all?.length === 0 && <p>There are no job groups yet.</p>}
      {all && all.length > 0 && shown.length === 0 && <p>No group matches the search.</p>}
      <ul data-testid="panel-groups">
        {shown.slice(0, MAX_ROWS).map((group) => (
          <li key={group.name}>
            <Row group={group} open={() => open(group.name)} />
          </li>
        ))}
      </ul>
      {shown.length > MAX_ROWS && (
        <p>{format.whole(shown.length - MAX_ROWS)} more: search for them.</p>
      )}
    </>
  );
}

function Row({ group, open }: { group: Group; open(): void }) {
  const { name, description, counts, running, total } = group;
  const failed = countWhere(counts, isFailed);
  return (
    <button data-testid={`panel-group-${name}`} title={description || name} onClick={open}>
      <b>{name}</b>
      <small>
        {group.error || statusOf(group)}
        {failed > 0 && <span class="failed"> · {format.whole(failed)} failed</span>}
      </small>
      {total > 0 && (
        <div class="bar" aria-hidden="true">
          <div class="done" style={{ flex: counts.success ?? 0 }} />
          <div class="failed" style={{ flex: failed }} />
          <div class="running" style={{ flex: running }} />
          <div style={{ flex: total - (counts.success ?? 0) - failed - running }} />
        </div>
      )}
    </button>
  );
}

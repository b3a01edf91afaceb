/** The row of selectors above the plot. Choices are kept by name. */

import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import * as format from "../format";
import type { Figure, FigureAnswer } from "../kernel/answers";
import type { PlotChoices } from "../kernel/model";
import { axesOf } from "../plot/axes";

const NONE = "";

const KINDS = [
  ["line", "Curves"],
  ["map", "Map"],
  ["bars", "Bars"],
] as const;

const ERRORS = [
  ["true", "68 % interval"],
  ["0.95", "95 % interval"],
  ['"scatter"', "scatter of repeats"],
  ["false", "none"],
] as const;

interface Props {
  /** The current choices. */
  plot: Pick<Signal<PlotChoices>, "value" | "peek">;
  answer: FigureAnswer;
}

export function PlotChoiceRow({ plot, answer }: Props) {
  const { figure, choices, sweeps, sweep } = answer;
  const set = (changes: Partial<PlotChoices>) => {
    plot.value = { ...plot.peek(), ...changes };
  };
  const several = choices.swept.filter(({ several }) => several);
  const wanted = plot.value;
  return (
    <div class="plot-choices">
      {sweeps.length > 0 && (
        <Choice
          label="Sweep"
          value={wanted.sweep ?? sweep}
          options={sweeps.map((name) => [name, name])}
          choose={(name) => set({ sweep: name, at: {} })}
        />
      )}
      {figure && (
        <>
          <Quantity figure={figure} choices={choices} choose={(y) => set({ y })} />
          <Choice
            label="X"
            value={figure.x}
            options={(several.length > 0 ? several : choices.swept).map(({ name }) => [name, name])}
            choose={(x) =>
              set({
                x,
                curves: x === figure.curves ? figure.x : figure.curves,
                at: without(wanted, x),
              })
            }
          />
          <Choice
            label="Curves"
            title={figure.kind === "map" ? "Y" : "Curves"}
            value={figure.curves}
            options={[
              [NONE, "none"],
              ...several
                .filter(({ name }) => name !== figure.x)
                .map(({ name }): [string, string] => [name, name]),
            ]}
            choose={(curves) => set({ x: figure.x, curves, at: without(wanted, curves) })}
          />
          {figure.selectors.map(({ name, values, value }) => (
            <Choice
              key={name}
              label={`at-${name}`}
              title={`${name} =`}
              value={String(values.indexOf(value))}
              options={values.map((each, i) => [
                String(i),
                each === null ? "none" : format.cell(each),
              ])}
              choose={(i) => set({ at: { ...wanted.at, [name]: values[Number(i)] ?? null } })}
            />
          ))}
          <Kinds figure={figure} choose={(kind) => set({ kind })} />
          <Choice
            label="Errors"
            value={JSON.stringify(wanted.errors ?? true)}
            options={ERRORS.map(([value, text]) => [value, text])}
            choose={(errors) => set({ errors: JSON.parse(errors) })}
          />
          <Switches {...{ figure, wanted, set }} />
        </>
      )}
    </div>
  );
}

/** The fixed values without that of a name that becomes an axis. */
function without({ at = {} }: PlotChoices, name: string): PlotChoices["at"] {
  const { [name]: _, ...others } = at;
  return others;
}

interface QuantityProps {
  figure: Figure;
  choices: FigureAnswer["choices"];
  choose(y: string): void;
}

function Quantity({ figure, choices, choose }: QuantityProps) {
  const { states, scalars, definitions } = choices;
  const names = Object.keys(definitions);
  const isOther = ![...states, ...scalars, ...names].includes(figure.y);
  const group = (label: string, values: readonly string[]) =>
    values.length > 0 && (
      <optgroup label={label}>
        {values.map((value) => (
          <option key={value} value={value} selected={value === figure.y}>
            {value}
          </option>
        ))}
      </optgroup>
    );
  return (
    <Labelled title={figure.kind === "map" ? "Color" : "Y"}>
      <select
        data-testid="plot-y"
        value={figure.y}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        {isOther && group("Selected", [figure.y])}
        {group("Share of", states)}
        {group("Defined", names)}
        {group("Other quantities", scalars)}
      </select>
    </Labelled>
  );
}

function Kinds({ figure, choose }: { figure: Figure; choose(kind: Figure["kind"]): void }) {
  return (
    <fieldset class="segments" data-testid="plot-kind" aria-label="Kind of plot">
      {KINDS.map(([kind, title]) => (
        <button
          key={kind}
          type="button"
          data-testid={`plot-kind-${kind}`}
          aria-pressed={figure.kind === kind}
          aria-disabled={kind === "map" && !figure.curves ? true : undefined}
          title={kind === "map" && !figure.curves ? "A map needs a second swept value" : undefined}
          onClick={() => (kind === "map" && !figure.curves ? undefined : choose(kind))}
        >
          {title}
        </button>
      ))}
    </fieldset>
  );
}

interface SwitchesProps {
  figure: Figure;
  wanted: PlotChoices;
  set(changes: Partial<PlotChoices>): void;
}

function Switches({ figure, wanted, set }: SwitchesProps) {
  const { canLogX, canLogY, isLogX, isLogY, fromZero } = axesOf(figure, wanted);
  return (
    <span class="switches">
      {canLogX && (
        <Switch
          label="log X"
          testid="plot-log-x"
          isOn={isLogX}
          flip={(is_log_x) => set({ is_log_x })}
        />
      )}
      {canLogY && (
        <Switch
          label="log Y"
          testid="plot-log-y"
          isOn={isLogY}
          flip={(is_log_y) => set({ is_log_y })}
        />
      )}
      {figure.kind === "line" && !isLogY && (
        <Switch
          label="from 0"
          testid="plot-from-zero"
          isOn={fromZero}
          flip={(from_zero) => set({ from_zero })}
        />
      )}
    </span>
  );
}

interface SwitchProps {
  label: string;
  testid: string;
  isOn: boolean;
  flip(isOn: boolean): void;
}

const Switch = ({ label, testid, isOn, flip }: SwitchProps) => (
  <label>
    <input type="checkbox" data-testid={testid} checked={isOn} onChange={() => flip(!isOn)} />{" "}
    {label}
  </label>
);

interface ChoiceProps {
  label: string;
  title?: string;
  value: string;
  options: readonly (readonly [value: string, text: string])[];
  choose(value: string): void;
}

export function Choice({ label, title = label, value, options, choose }: ChoiceProps) {
  return (
    <Labelled title={title}>
      <select
        data-testid={`plot-${label.replace(/^[A-Z]/, (first) => first.toLowerCase())}`}
        value={value}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        {options.map(([each, text]) => (
          <option key={each} value={each} selected={each === value}>
            {text}
          </option>
        ))}
      </select>
    </Labelled>
  );
}

const Labelled = ({ title, children }: { title: string; children: ComponentChildren }) => (
  // biome-ignore lint/a11y/noLabelWithoutControl: the control is among the children
  <label>
    <span>{title}</span> {children}
  </label>
);

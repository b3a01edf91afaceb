/** Figures and comparisons of made-up jobs, as the kernel would answer. */

import type {
  CompareAnswer,
  Distribution,
  Figure,
  FigureAnswer,
  Side,
} from "../src/kernel/answers";
import type { Args } from "../src/kernel/protocol";
import type { Job } from "./jobs";

type DistributionOf = (position: number) => Distribution;

const SCALARS = ["physical_perf", "logical_perf"];
const nameOf = (column: string) => column.slice(column.indexOf(".") + 1);

export function figureOf(
  jobs: readonly Job[],
  args: Args,
  distributionOf: DistributionOf,
): FigureAnswer {
  const labels = Object.keys(jobs[0]?.labels ?? {}).filter((name) => !name.startsWith("param."));
  const labelOf = (job: Job, name: string) =>
    job.labels[labels.find((label) => nameOf(label) === name) ?? ""] ?? null;
  const several = labels
    .map(nameOf)
    .filter((name) => new Set(jobs.map((job) => labelOf(job, name))).size > 1);
  const known = (name: string | undefined) => (name && several.includes(name) ? name : undefined);
  const x = known(args.x) ?? several.find((name) => name !== args.curves) ?? "job";
  const curves = known(args.curves) ?? "";
  const states = distributionOf(0)
    .entries.slice(0, 24)
    .map(([label]) => label);
  const y = [...states, ...SCALARS].includes(args.y ?? "") ? (args.y as string) : (states[0] ?? "");
  const axis = (name: string) => {
    const values = [...new Set(jobs.map((job) => (name ? labelOf(job, name) : null)))];
    const isNumber = values.every((value) => typeof value === "number");
    if (isNumber) values.sort((a, b) => Number(a) - Number(b));
    const kind = isNumber ? ("number" as const) : ("text" as const);
    return { kind, values, texts: values.map(String) };
  };
  const [xs, groups] = [axis(x), axis(curves)];
  const numbers = jobs.map((job) => {
    if (job.state !== "success") return [null, null] as const;
    const { entries, scalars } = distributionOf(job.position);
    const entry = entries.find(([label]) => label === y);
    return entry ? ([entry[2], entry[3]] as const) : ([scalars[y] ?? null, null] as const);
  });
  const measured = numbers.filter(([value]) => value !== null).length;
  const gone = [args.y, args.x, args.curves].filter(
    (name): name is string =>
      Boolean(name) && ![...states, ...SCALARS, ...several].includes(name ?? ""),
  );
  const figure: Figure = {
    ...{ kind: (args.kind ?? "line") as Figure["kind"], y, x, curves, xs, groups },
    y_label: states.includes(y) ? `share of ${y} among selected` : y,
    x_label: x,
    curves_label: curves,
    is_share: states.includes(y),
    legend: groups.texts.map((text) => (curves ? `${curves} ${text}` : "")),
    title: "",
    level: 0.6827,
    caption: `10,000 samples a point, 68.27 % Wilson; ${measured} of ${jobs.length} measured`,
    selectors: [],
    points: {
      x: jobs.map((job) => xs.values.indexOf(labelOf(job, x))),
      curve: jobs.map((job) => (curves ? groups.values.indexOf(labelOf(job, curves)) : 0)),
      value: numbers.map(([value]) => value),
      error: numbers.map(([, error]) => error),
      low: numbers.map(([value, error]) => (error === null ? null : (value ?? 0) - error)),
      high: numbers.map(([value, error]) => (error === null ? null : (value ?? 0) + error)),
      samples: numbers.map(([value]) => (value === null ? null : 10_000)),
      jobs: jobs.map(({ position }) => [position]),
      state: jobs.map(({ state }) =>
        state === "success"
          ? "measured"
          : state === "error"
            ? "failed"
            : state === "canceled"
              ? state
              : "to come",
      ),
    },
    gone,
    python: `jg.plot(y="${y}", x="${x}"${curves ? `, curves="${curves}"` : ""})`,
  };
  const done = jobs.filter(({ state }) => state === "success").length;
  return {
    ...{ loaded: done, of: done, missing: 0, failed: { count: 0, first: null } },
    ...{
      sweeps: [],
      sweep: "",
      notes: [],
      digest: JSON.stringify([args, jobs.map((j) => j.state)]),
    },
    choices: {
      ...{ states, first: states[0] ?? "", scalars: SCALARS, definitions: {} },
      swept: several.map((name) => ({ name, label: name, several: true })),
    },
    figure: jobs.length > 0 ? figure : null,
  };
}

export function compareOf(
  jobs: readonly Job[],
  args: Args,
  distributionOf: DistributionOf,
): CompareAnswer {
  const sides = (args.positions ?? []).map((position, i): Side => {
    const { entries } = distributionOf(position);
    const labels = Object.entries(jobs[position]?.labels ?? {}).slice(0, 2);
    const isCompared = i > 0 || args.ideal;
    return {
      position,
      iteration: null,
      name: labels.map(([name, value]) => `${nameOf(name)} ${value}`).join(", "),
      samples: 10_000,
      entries: entries.map(([label, , share, error]) => [
        ...([label, share, error] as const),
        (share ?? 0) - (error ?? 0),
        (share ?? 0) + (error ?? 0),
      ]),
      rest: 0,
      ideal: args.ideal ? { "|0,0,0,0,0,0>": 0.3 } : null,
      no_ideal: "",
      comparison: isCompared
        ? { distance: 0.011, expected: 0.012, spread: 0.002, p95: 0.015, p_value: 0.73 }
        : null,
      problem: "",
    };
  });
  return { sides, more: 0, failed: {} };
}

/** A model without a kernel: it answers as the kernel would, and lets its made-up jobs run. */

import { type Counts, countOf } from "../src/data/states";
import type {
  Attempt,
  Distribution,
  GroupSummary,
  JobDetail,
  MeasuredAnswer,
  MeasuredRow,
} from "../src/kernel/answers";
import { Emitter } from "../src/kernel/emitter";
import { type Model, TRAITS, type Traits } from "../src/kernel/model";
import type { Args, FromPython, ToPython } from "../src/kernel/protocol";
import { compareOf, figureOf } from "./figures";
import { type Job, makeJobs } from "./jobs";

const REJECTED =
  "https://api.cloud.quandela.com rejects the token (Invalid token). Your jobs keep their last known state. Set a valid token with jobgroup.set_token(token).";

export class StandIn extends Emitter implements Model {
  readonly #traits: Traits;
  readonly jobs: Job[];
  readonly #isDeaf: boolean;
  readonly #scene: string;
  readonly #groups = groupsOf();
  readonly #trash: GroupSummary[] = [];
  #keepsResults = false;
  #version = 1;
  #n = 0;

  constructor(count: number, scene: string) {
    super();
    this.jobs = makeJobs(count, scene);
    if (scene === "refused") for (const job of this.jobs.slice(-1)) job.message = REJECTED;
    this.#isDeaf = scene === "busy";
    this.#scene = scene;
    this.#traits = {
      ...TRAITS,
      group: scene === "groups" ? "" : "compare_knill_and_ralph_cnot",
      updated_at: scene === "unsent" || scene === "empty" ? null : Date.now() / 1000 - 3,
      eta_s: scene === "mixed" ? [190, 260] : null,
      last_error: scene === "refused" ? REJECTED : "",
      incident: scene === "refused" ? "token" : "",
      token_needed:
        scene === "refused" ? { url: "https://api.cloud.quandela.com", account: "" } : null,
    };
    this.#count();
    if (scene === "mixed") setInterval(() => this.#advance(), 700);
  }

  get(name: string): unknown {
    return this.#traits[name as keyof Traits];
  }

  send(content: unknown): void {
    if (!this.#isDeaf) setTimeout(() => this.#receive(content as ToPython), 20);
  }

  #receive(message: ToPython): void {
    switch (message.t) {
      case "open":
        this.#snap();
        break;
      case "sync":
        if (message.reply) this.patch([]);
        break;
      case "set_trait":
        this.set({ [message.name]: message.value } as Partial<Traits>);
        this.push({ t: "result", id: message.id, value: null });
        break;
      case "command":
        if (message.args.overrides?.["max_shots"] === 0) {
          const sentence = "'max_shots' is a whole number of at least 1, not 0.";
          this.push({
            t: "error",
            id: message.id,
            code: "InvalidOverrideError",
            message: sentence,
          });
          break;
        }
        this.push({ t: "ack", id: message.id, python: `jg.${message.name}()` });
        this.push({
          t: "result",
          id: message.id,
          value: said(this.#do(message.name, message.args)),
        });
        break;
      case "token":
        this.push({ t: "ack", id: message.id, python: "jobgroup.set_token(getpass())" });
        this.push({ t: "result", id: message.id, value: { text: `Token set for ${message.url}` } });
        this.set({ token_needed: null, last_error: "" });
        break;
      case "query":
        this.push({
          t: "result",
          id: message.id,
          value: this.#answer(message.name, message.args),
        });
    }
  }

  #do(name: string, args: Args): string | object {
    if (name === "export") return { text: "exported", done: args.names };
    if (args.names) {
      const { names } = args;
      const [from, to] =
        name === "delete" ? [this.#groups, this.#trash] : [this.#trash, this.#groups];
      for (const group of names)
        to.push(
          ...from.splice(
            from.findIndex((g) => g.name === group),
            1,
          ),
        );
      return { text: `${names.length} ${name}d`, done: names };
    }
    if (name === "delete" || name === "restore") {
      this.set({ deleted: name === "delete" });
      return name === "delete" ? "Deleted." : "Restored.";
    }
    if (name === "open") {
      this.set({ group: args.name ?? "" });
      return "";
    }
    if (name === "pause" || name === "resume") {
      this.set({ paused: name === "pause" });
      return name === "pause" ? "Paused: jobs on the cloud continue." : "Resumed.";
    }
    if (name === "stop") {
      this.set({ sender: null });
      return "stopped";
    }
    if (name === "keep") {
      this.#keepsResults = args.keep === true;
      return "results are kept";
    }
    if (name === "describe") {
      this.set({ description: args.text ?? "" });
      return "description kept";
    }
    if (name === "annotate") {
      const noted = (args.positions ?? [args.position ?? -1]).map((p) => this.jobs[p] as Job);
      for (const job of noted) job.note = args.text ?? "";
      this.patch(noted);
      return noted.length > 1
        ? `note of ${noted.length} jobs kept`
        : `note of job ${noted[0]?.position} kept`;
    }
    if (name === "repeat") {
      const count = (args.positions?.length ?? this.jobs.length) * (args.times ?? 1);
      return `${count} jobs added, to send`;
    }
    if (name === "confirm") {
      const job = this.jobs[args.position ?? -1] as Job;
      Object.assign(job, { state: "waiting", remote_id: args.remote_id, message: null });
      this.patch([job]);
      return "1 confirmed";
    }
    if (name === "prioritize") {
      const chosen = args.positions ?? [];
      this.set({ next_up: [...new Set([...chosen, ...this.#traits.next_up])] });
      return `job ${chosen[0]} goes first`;
    }
    const wanted: Record<string, readonly string[]> = {
      resend: ["unconfirmed", "unknown"],
      run: ["unsent", "refused"],
      rerun: ["error", "canceled", "refused"],
      cancel: ["waiting", "running"],
    };
    const positions = args.positions;
    const some = this.jobs.filter(
      (job) =>
        wanted[name]?.includes(job.state) &&
        (!positions || positions.includes(job.position)) &&
        (!args.state || args.state === job.state),
    );
    for (const job of some) {
      job.state = name === "cancel" ? "canceled" : "waiting";
      job.message = null;
      job.attempts += name === "rerun" ? 1 : 0;
      job.sent_at ??= Date.now() / 1000;
    }
    this.patch(some);
    return `${some.length} ${name === "run" ? "sent" : name === "rerun" ? "rerun" : "canceled"}`;
  }

  #answer(name: string, args: Args): unknown {
    if (name === "size")
      return {
        size_bytes: 1_234_567,
        keeps_results: this.#keepsResults,
        similar_names: ["compare_knill_and_ralph"],
      };
    if (name === "slots") return { used: 20, total: 20 };
    if (name === "estimate") {
      const [verb, states] = args.rerun
        ? (["Rerun", ["error", "canceled"]] as const)
        : (["Run", ["unsent", "refused"]] as const);
      const count = args.positions?.length ?? countOf(this.#traits.counts, states);
      const text = `${verb} ${count} jobs: shots unknown, 20 free slots, 2 min to 4 min`;
      return { text, jobs: count, free_slots: 20 };
    }
    if (name === "payload") return { text: '{\n  "command": "probs"\n}', reason: "" };
    if (name === "drawing") return { svg: CIRCUIT, reason: "" };
    if (name === "groups") {
      const [groups, trash] = [[...this.#groups], [...this.#trash]];
      const stamp = JSON.stringify([groups, trash]);
      return args.stamp === stamp ? { stamp } : { groups, trash, stamp };
    }
    if (name === "results") {
      return {
        results: (args.positions ?? []).map((position) => ({
          position,
          distributions: [distributionOf(position)],
          error: "",
        })),
      };
    }
    if (name === "figure") return figureOf(this.jobs, args, distributionOf);
    if (name === "compare") return compareOf(this.jobs, args, distributionOf);
    if (name === "measured")
      return measuredOf(args.positions ?? [], args.columns ?? [], this.#scene);
    return detailOf(this.jobs[args.position ?? -1] as Job);
  }

  /** Each time one job ends, one starts and one is sent. */
  #advance(): void {
    const now = Date.now() / 1000;
    const pick = (state: string) => this.jobs.find((job) => job.state === state);
    const [running, waiting] = [pick("running"), pick("waiting")];
    const moved: Job[] = [];
    if (running && Math.random() < 0.3) {
      running.state = "success";
      running.duration_s = now - (running.started_at ?? now);
      moved.push(running);
    }
    if (waiting && Math.random() < 0.3) {
      waiting.state = "running";
      waiting.started_at = now;
      moved.push(waiting);
    }
    this.set({ updated_at: now });
    if (moved.length > 0) this.patch(moved);
  }

  #snap(): void {
    const rows = blockOf(this.jobs);
    const version = this.#version;
    this.push({ t: "snapshot", version, part: 0, parts: 1, rows, ...this.#stamp() });
  }

  patch(jobs: Job[]): void {
    const from = this.#version;
    if (jobs.length > 0) this.#version += 1;
    this.#count();
    this.set({ version: this.#version });
    this.push({ t: "patch", from, to: this.#version, rows: blockOf(jobs), ...this.#stamp() });
  }

  #stamp() {
    this.#n += 1;
    return { epoch: "stand-in", n: this.#n, now: Date.now() / 1000, total: this.jobs.length };
  }

  #count(): void {
    const counts: Counts = {};
    for (const { state } of this.jobs) counts[state] = (counts[state] ?? 0) + 1;
    const done = countOf(counts, ["success", "error", "canceled"]);
    this.set({ counts, progress: this.jobs.length ? done / this.jobs.length : 0 });
  }

  set(traits: Partial<Traits>): void {
    Object.assign(this.#traits, traits);
    for (const name of Object.keys(traits)) this.emit(`change:${name}`);
  }

  push(message: FromPython): void {
    this.emit("msg:custom", message, []);
  }
}

/** As Perceval draws it, and with something that no page may run. */
const CIRCUIT = `<svg xmlns="http://www.w3.org/2000/svg" width="445" height="156" viewBox="-28 0 356 125">
<script>document.title = "run"</script>
<path d="M10,25 L53,25 L97,75 L300,75 M10,75 L53,75 L97,25 L300,25" stroke="darkred" stroke-width="3" fill="none"/>
<path d="M130,40 L139,40 L153,10 L144,10 Z" fill="gray" stroke="black"/><text x="147" y="38" font-size="7">Φ=3/10</text></svg>`;

const said = (outcome: string | object) =>
  typeof outcome === "string" ? { text: outcome } : outcome;

function blockOf(jobs: Job[]) {
  const { labels: _, ...first } = { ...(jobs[0] ?? ({} as Job)) };
  const columns: Record<string, unknown[]> = {};
  for (const name of Object.keys(first)) columns[name] = jobs.map((job) => job[name as keyof Job]);
  for (const name of Object.keys(jobs[0]?.labels ?? {})) {
    columns[name] = jobs.map((job) => job.labels[name] ?? null);
  }
  return { n: jobs.length, columns };
}

function detailOf(job: Job): JobDetail {
  const attempt = {
    number: job.attempts,
    remote_id: job.remote_id,
    state: job.state,
    provider_status: job.state,
    message: job.message,
    sent_at: job.sent_at,
    started_at: job.started_at,
    duration_s: job.duration_s,
    finished_at: null,
    overrides: (job.position === 7 ? { max_shots: [20000, 10000] } : {}) as Attempt["overrides"],
    diagnostics: job.state === "unconfirmed" ? { asked_at: job.sent_at, status_code: 504 } : {},
  };
  const at = job.sent_at ?? 0;
  return {
    position: job.position,
    attempts: job.sent_at ? [attempt] : [],
    events: job.sent_at
      ? [
          { at: at - 60, what: "added", text: "" },
          { at, what: "sent", text: `as ${job.remote_id}` },
          { at: at + 4, what: job.state, text: job.message ?? "" },
        ]
      : [],
    noise: { "noise.brightness": 1, "noise.g2": 0.01 },
    note: job.note ?? "",
    rerun_of: job.position === 7 ? 2 : null,
    is_lost: job.state === "unknown",
    changeable: { max_shots: 10000, min_photons: 2, exact: true },
    fixed: "",
    params: { max_samples: 10000 },
    labels: job.labels,
    metadata: {
      circuit: "Knill CNOT",
      m: 6,
      n: 4,
      input_state: "|0,1,0,1,1,1>",
      noise: '{"g2": 0.01}',
      content: "4e658da3",
    },
  };
}

function distributionOf(position: number): Distribution {
  const counts = Array.from({ length: 40 }, (_, i): [string, number] => [
    `|${(i >> 3) & 1},${(i >> 2) & 1},${(i >> 1) & 1},${i & 1},0,${i % 3}>`,
    Math.round(5000 * 0.72 ** i) + ((position * 7) % 13),
  ]);
  const samples = counts.reduce((sum, [, count]) => sum + count, 0);
  const entries = counts.map(([label, count]): Distribution["entries"][number] => {
    const p = count / samples;
    return [label, count, p, Math.sqrt((p * (1 - p)) / samples)];
  });
  return {
    title: "",
    unit: "counts",
    entries,
    rest: { n: 0, value: 0 },
    scalars: { physical_perf: 0.0012345 * (position + 1), logical_perf: 0.1111 },
  };
}

/** The reduction of made-up results: shares with the error of their counts. */
function measuredOf(
  positions: readonly number[],
  columns: readonly string[],
  scene: string,
): MeasuredAnswer {
  const states = distributionOf(0).entries.map(([label]) => label);
  const frequent = [...new Set(states)].slice(0, 24);
  const wanted = [...new Set([...columns, ...frequent])];
  const rows = positions.flatMap((position) =>
    scene === "iterated"
      ? [0, 1, 2].map((i) => measuredRow(position, wanted, i))
      : [measuredRow(position, wanted, null)],
  );
  return {
    rows,
    scalars: ["physical_perf", "logical_perf"],
    derived: [],
    defined: [],
    states: frequent,
    shown: frequent.slice(0, 4),
    columns: wanted,
    failed: {},
  };
}

function measuredRow(
  position: number,
  columns: readonly string[],
  iteration: number | null,
): MeasuredRow {
  const { entries, scalars } = distributionOf(position + (iteration ?? 0));
  const samples = entries.reduce((sum, [, count]) => sum + count, 0);
  const shares = new Map(entries.map(([label, count]) => [label, count / samples]));
  const values: MeasuredRow["values"] = {};
  for (const [scalar, value] of Object.entries(scalars)) values[scalar] = [value, null];
  for (const label of columns) {
    const p = shares.get(label) ?? 0;
    values[label] = [p, Math.sqrt((p * (1 - p)) / samples)];
  }
  const params: MeasuredRow["params"] = iteration === null ? {} : { theta: iteration / 10 };
  return { position, iteration, of: iteration === null ? 1 : 3, params, samples, values };
}

function groupsOf(): GroupSummary[] {
  const now = Date.now() / 1000;
  const names = ["compare_knill_and_ralph_cnot", "HOM dip, 41 delays", "boson sampling 12 modes"];
  return names.map((name, i) => ({
    name,
    counts: { success: 20 + 40 * i, error: 2 * i, unsent: 4 } as Counts,
    created: now - 86_400 * (i + 2),
    modified: now - 3600 * (i * 30 + 1),
    size_bytes: 1_234_567 * (i + 1) ** 3,
    error: "",
    description: i === 1 ? "Second try, with the new source" : "",
    swept: i === 0 ? ["phi", "circuit"] : [],
    is_exported: i === 1,
    eta_s: null,
  }));
}

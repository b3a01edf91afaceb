/** Made-up jobs: a sweep of phases on two circuits, in the states that a scene asks for. */

import type { State } from "../src/data/states";

export interface Job {
  position: number;
  state: State;
  name: string;
  platform: string;
  remote_id: string | null;
  message: string | null;
  note: string;
  progress: number | null;
  attempts: number;
  sent_at: number | null;
  started_at: number | null;
  duration_s: number | null;
  labels: Record<string, string | number>;
}

const SENTENCES = [
  "Max shots must be less than or equal to 1000000",
  "Invalid iterator: parameter phi is not in the circuit, known are phi0, phi1 and theta",
  "Computation failed: not enough memory for 12 photons in 20 modes",
];

export function makeJobs(count: number, scene: string): Job[] {
  if (scene === "empty" || scene === "groups") return [];
  return Array.from({ length: count }, (_, i) => makeJob(i, stateOf(i, count, scene)));
}

function stateOf(i: number, count: number, scene: string): State {
  if (scene === "unsent") return "unsent";
  if (scene === "finished" || scene === "iterated") return "success";
  if (scene === "failed") return i % 3 === 1 ? "error" : i % 7 === 4 ? "canceled" : "success";
  const share = i / count;
  if (i === 2 || i === 7 || (count > 100 && i % 97 === 3)) return "error";
  if (i === 5) return "canceled";
  if (scene === "rejected" && (i === 9 || i === 10)) return "refused";
  if (share < 0.55) return "success";
  if (share < 0.72) return "running";
  if (share < 0.82) return "waiting";
  return i === count - 1 && (scene === "mixed" || scene === "doubt") && count > 3
    ? "unconfirmed"
    : "unsent";
}

function makeJob(i: number, state: State): Job {
  const now = Date.now() / 1000;
  const wasSent = state !== "unsent";
  const sent = wasSent ? now - 600 + (i % 500) : null;
  return {
    position: i,
    state,
    name: "sample_count",
    platform: "sim:altair",
    remote_id: wasSent && state !== "unconfirmed" ? idOf(i) : null,
    note: "",
    message:
      state === "error"
        ? (SENTENCES[i % 3] as string)
        : state === "refused"
          ? "max_shots exceeds your plan (50,000)"
          : state === "canceled"
            ? "Canceled by the user"
            : state === "unconfirmed"
              ? "The request was sent, but no valid response arrived: https://api.cloud.quandela.com did not respond (timeout)."
              : null,
    progress: state === "running" ? (i % 10) / 10 : null,
    attempts: wasSent ? (i === 7 ? 2 : 1) : 0,
    sent_at: sent,
    started_at: state === "running" ? now - 12 - i : null,
    duration_s: state === "success" || state === "error" ? 1.2 + (i % 9) * 3.7 : null,
    labels: {
      "label.phi": Math.round((i * 0.05 + 0.05) * 100) / 100,
      "metadata.circuit": i % 2 ? "Knill CNOT" : "Ralph CNOT",
      "param.max_samples": 10_000,
    },
  };
}

const idOf = (i: number): string =>
  `${(0x9e3779b1 * (i + 1)).toString(16).slice(0, 8)}-4f2a-41d3-9c6b-${String(i).padStart(12, "0")}`;

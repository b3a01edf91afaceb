/** The line of Python that does what an action does: the dashboard teaches the library. */

import type { Args, Command } from "./wire";

export function pythonLine(name: Command, args: Args, group: string): string {
  const some = args.positions as number[] | undefined;
  const delay = String(args.delay ?? 0);
  switch (name) {
    case "run":
      if (args.mode === "sequential") return `jg.run_sequential(${delay})`;
      return args.mode === "queue" ? "jg.start()" : "jg.run_parallel()";
    case "rerun": {
      const keep = args.replace === false ? "replace_failed_jobs=False" : "";
      if (some) return `jg.rerun(${listOf([listed(some), keep && "replace=False"])})`;
      if (args.mode === "sequential") return `jg.rerun_failed_sequential(${listOf([delay, keep])})`;
      return `jg.rerun_failed_parallel(${keep})`;
    }
    case "cancel":
      return some ? `jg.cancel(${listed(some)})` : "jg.cancel_all()";
    case "pause":
      return "jg.pause()";
    case "resume":
      return "jg.resume()";
    case "resend":
      return `jg.resend(${listed(some ?? [])})`;
    case "confirm":
      return `jg.confirm(${args.position}, ${quoted(String(args.remote_id))})`;
    case "refresh":
      return "jg.refresh()";
    case "delete":
      return `JobGroup.delete_job_group(${quoted(group)})`;
    case "restore":
      return `JobGroup.restore(${quoted(group)})`;
    case "open":
      return `JobGroup.open(${quoted(String(args.name))})`;
  }
}

const listOf = (parts: string[]): string => parts.filter(Boolean).join(", ");
const listed = (positions: number[]): string => `[${positions.join(", ")}]`;
const quoted = (text: string): string => JSON.stringify(text);

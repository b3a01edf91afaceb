/** The line of Python that does what an action does: the dashboard teaches the library. */

import type { Args, Command } from "./wire";

export function pythonLine(name: Command, args: Args, group: string): string {
  const some = args.positions;
  const delay = String(args.delay ?? 0);
  switch (name) {
    case "run":
      if (args.mode === "sequential") return `jg.run_sequential(${delay})`;
      return `jg.run_parallel(${args.mode === "queue" ? "queue=True" : ""})`;
    case "rerun": {
      const keeps = args.replace === false;
      if (some) return `jg.rerun(${listed(some)}${keeps ? ", replace=False" : ""})`;
      const keep = keeps ? "False" : "";
      if (args.mode !== "sequential") return `jg.rerun_failed_parallel(${keep})`;
      return `jg.rerun_failed_sequential(${[delay, keep].filter(Boolean).join(", ")})`;
    }
    case "cancel":
      return some ? `jg.cancel(${listed(some)})` : "jg.cancel_all()";
    case "resend":
      return (some ?? []).map((position) => `jg[${position}].resend()`).join("; ");
    case "confirm":
      return `jg[${args.position}].confirm(${quoted(args.remote_id ?? "")})`;
    case "delete":
    case "restore": {
      const call = name === "delete" ? "JobGroup.delete_job_group" : "JobGroup.restore";
      const names = args.names ?? [group];
      if (names.length === 1) return `${call}(${quoted(names[0] as string)})`;
      return `for name in [${names.map(quoted).join(", ")}]: ${call}(name)`;
    }
    case "open":
      return args.name ? `jg = JobGroup.open(${quoted(args.name)})` : "Dashboard()";
    default:
      return `jg.${name}()`;
  }
}

const listed = (positions: readonly number[]): string => `[${positions.join(", ")}]`;
const quoted = (text: string): string => JSON.stringify(text);

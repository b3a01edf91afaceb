import type { EstimateAnswer } from "../kernel/answers";
import type { Session } from "../session";
import { useAnswer } from "./useAnswer";

interface Props {
  session: Session;
  rerun: boolean;
  /** The jobs; undefined for all. */
  positions?: readonly number[] | undefined;
}

/** The estimate of a run before it costs anything: jobs, shots, free slots and time, if known. */
export function Preview({ session, rerun, positions }: Props) {
  const fresh = JSON.stringify([positions, session.traits.counts.value]);
  const args = { rerun, ...(positions && { positions }) };
  const { value, error } = useAnswer<EstimateAnswer>(session, "estimate", args, fresh);
  return (
    <p class="quiet" data-testid="preview">
      {value?.text ?? (error || "Estimating…")}
    </p>
  );
}

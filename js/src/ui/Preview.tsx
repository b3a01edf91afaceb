import type { PreviewAnswer } from "../answers";
import type { Session } from "../session";
import { useAnswer } from "./hooks";

interface Props {
  session: Session;
  rerun: boolean;
}

/** What a run would take, before it costs anything: jobs, shots, free slots, time, as far as known. */
export function Preview({ session, rerun }: Props) {
  const fresh = JSON.stringify(session.traits.counts.current);
  const { value, error } = useAnswer<PreviewAnswer>(session, "preview", { rerun }, fresh);
  return (
    <p class="quiet" testid="preview">
      {value?.text ?? (error || "What this would take…")}
    </p>
  );
}

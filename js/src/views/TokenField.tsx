/** A field for the token that is missing or was rejected. Python gets it; the page does not store it. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { RequestError } from "../kernel/link";
import type { Session } from "../session";
import { Button } from "../ui/Button";

/** Request results that could not be loaded again, because a new token may change that. */
export function retryFailed({ measurements, figures }: Session): void {
  if (measurements.state.peek().failed.size > 0) measurements.retry();
  if ((figures.state.peek().progress?.failed.count ?? 0) > 0) figures.load(true);
}

/** Load what lacked a token: another page may have set it, or another process may have one. */
export function useToken(session: Session): void {
  const isNeeded = session.traits.token_needed.value !== null;
  useEffect(() => {
    if (!isNeeded) retryFailed(session);
  }, [isNeeded]);
}

/** Whether the user can do something about a token: not in a view that only shows. */
export const asksForToken = ({ traits, isSaved }: Session): boolean =>
  traits.token_needed.value !== null && !traits.read_only.value && !isSaved();

/** Whether the strip of the token already says why a result could not be loaded. */
export function lacksToken(session: Session, why: string): boolean {
  const account = session.traits.token_needed.value;
  if (!account || !asksForToken(session)) return false;
  return why.includes("jobgroup.set_token(") && why.includes(account.url);
}

export function TokenField({ session, onSet }: { session: Session; onSet?: () => void }) {
  const { token_needed, sender } = session.traits;
  const account = token_needed.value;
  const field = useRef<HTMLInputElement>(null);
  const isPending = useSignal(false);
  if (!account || !asksForToken(session)) return null;
  if (!isSecureContext) {
    return (
      <span data-testid="token-insecure">
        To paste a token here, open this page over https or on the machine itself. In Python:{" "}
        <code>jobgroup.set_token(getpass())</code>
      </span>
    );
  }

  async function give(): Promise<void> {
    const token = field.current?.value.trim();
    if (!account || !token || !field.current) return;
    field.current.value = "";
    let python: string | undefined;
    const onAck = (line: string) => {
      python = line;
    };
    isPending.value = true;
    try {
      const done = await session.link.giveToken(account, token, onAck);
      const { text } = done as { text: string };
      session.status.value = { tone: "done", text, python, account };
      onSet?.();
      retryFailed(session);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      session.status.value = { tone: "failed", text: error.message, python };
    } finally {
      isPending.value = false;
    }
  }

  const other = sender.value?.is_this_process === false ? sender.value : null;
  const label = `Token for ${account.url}${account.account && ` (account ${account.account})`}`;
  return (
    <div class="token" data-testid="token-strip">
      <label>
        {label}{" "}
        <input
          ref={field}
          type="password"
          autocomplete="off"
          spellcheck={false}
          data-testid="token-field"
          onKeyDown={(event) => event.key === "Enter" && give()}
        />
      </label>
      <Button kind="small" testid="token-set" isPending={isPending.value} onClick={give}>
        Set token
      </Button>
      {other && (
        <span>
          {other.is_from_page
            ? "The run that a page started also gets it, unless its server has restarted since."
            : `Process ${other.pid} on ${other.host} keeps its own token. To use this one, stop that run and start it again.`}
        </span>
      )}
    </div>
  );
}

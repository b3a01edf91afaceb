import type { ComponentChildren } from "preact";
import { useErrorBoundary } from "preact/hooks";
import { Button } from "./Button";
import { Copy } from "./Copy";

interface Props {
  /** The name of this part, such as "The plot". */
  name: string;
  children: ComponentChildren;
}

/** Keeps an error in one part of the page from affecting the other parts. */
export function Boundary({ name, children }: Props) {
  const [error, reset] = useErrorBoundary();
  if (!error) return <>{children}</>;
  const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return (
    <p class="notice" data-testid="failed-part" role="alert">
      <span>
        {name} cannot be shown because of an error in the dashboard. The jobs are not affected.
      </span>
      <Button kind="small" onClick={reset}>
        Try again
      </Button>
      <Copy text={details} label="Copy the error" />
    </p>
  );
}

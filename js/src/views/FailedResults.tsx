import * as format from "../format";
import { Button } from "../ui/Button";

interface Props {
  testid: string;
  count: number;
  /** One of the jobs, and the reason why it has no result here. */
  first: readonly [position: number, why: string];
  isSaved: boolean;
  retry(): void;
}

/** Results that could not be loaded, with the reason of the first one. */
export function FailedResults({ testid, count, first: [position, why], isSaved, retry }: Props) {
  return (
    <p class="notice" data-testid={testid}>
      <span>
        {format.count(count, "result")} could not be loaded. Job {position}: {why}
      </span>
      {!isSaved && (
        <Button kind="small" onClick={retry}>
          Try again
        </Button>
      )}
    </p>
  );
}

import type { Signal } from "@preact/signals";
import type { Args } from "../kernel/protocol";
import { ticked } from "../ui/hooks";

/** The choice whether a rerun keeps the failed jobs in the list. */
export const KeepFailed = ({ isOn }: { isOn: Signal<boolean> }) => (
  <label>
    <input data-testid="keep" {...ticked(isOn)} /> keep the failed jobs in the list
  </label>
);

/** The argument of a rerun for this choice. */
export const keepArgs = (isOn: Signal<boolean>): Args => (isOn.value ? { replace: false } : {});

import type { Signal } from "@preact/signals";
import type { Args } from "../kernel/protocol";
import { ticked } from "../ui/hooks";

/** Whether a rerun leaves what had failed in the list. */
export const KeepFailed = ({ isOn }: { isOn: Signal<boolean> }) => (
  <label>
    <input data-testid="keep" {...ticked(isOn)} /> keep the failed jobs in the list
  </label>
);

/** The argument of a rerun that says so. */
export const keepArgs = (isOn: Signal<boolean>): Args => (isOn.value ? { replace: false } : {});

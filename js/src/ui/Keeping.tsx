import type { Args } from "../protocol";
import type { Signal } from "../signals";
import { ticked } from "./hooks";

/** Whether a rerun leaves what had failed in the list. */
export const Keeping = ({ isOn }: { isOn: Signal<boolean> }) => (
  <label>
    <input testid="keep" {...ticked(isOn)} /> keep what failed in the list too
  </label>
);

/** The argument of a rerun that says so. */
export const keeping = (isOn: Signal<boolean>): Args => (isOn.current ? { replace: false } : {});

import type { Session } from "../session";
import { countOf, countWhere, isTerminal } from "../states";
import { Button } from "./Button";

/** Asks to be told of the end, while there is one to come. */
export function BellButton({ session }: { session: Session }) {
  const { bell, traits, said } = session;
  const counts = traits.counts.current;
  const isOn = bell.isOn.current;
  if (!bell.isThere || session.isSaved() || countWhere(counts, isTerminal) === countOf(counts))
    return null;
  const toggle = async () => {
    const text = await bell.toggle();
    if (text) said.current = { tone: "failed", text };
  };
  return (
    <Button
      icon="bell"
      testid="notify"
      label={isOn ? "Do not notify me" : "Notify me at the end, and at the first failure"}
      isPressed={isOn}
      onClick={toggle}
    />
  );
}

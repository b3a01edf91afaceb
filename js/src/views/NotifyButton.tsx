import { countOf, countWhere, isTerminal } from "../data/states";
import type { Session } from "../session";
import { Button } from "../ui/Button";

/** Requests a notification at the end. It is shown while jobs are active. */
export function NotifyButton({ session }: { session: Session }) {
  const { notifier, traits, status } = session;
  const counts = traits.counts.value;
  const isOn = notifier.isOn.value;
  if (
    !notifier.isThere ||
    session.isSaved() ||
    session.link.isOver.value ||
    countWhere(counts, isTerminal) === countOf(counts)
  )
    return null;
  const toggle = async () => {
    const text = await notifier.toggle();
    if (text) status.value = { tone: "failed", text };
  };
  return (
    <Button
      icon="bell"
      testid="notify"
      label={isOn ? "Do not notify me" : "Notify me when a job fails or the group finishes"}
      isPressed={isOn}
      onClick={toggle}
    />
  );
}

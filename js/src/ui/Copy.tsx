import { copyText } from "../clipboard";
import { Button } from "./Button";
import { useSignal } from "./hooks";

const SHOWN_MS = 1500;

export function Copy({ text, label }: { text: string; label: string }) {
  const isDone = useSignal(false);
  const copy = async (event: MouseEvent) => {
    isDone.current = await copyText(text, event.currentTarget as HTMLElement);
    setTimeout(() => {
      isDone.current = false;
    }, SHOWN_MS);
  };
  return <Button icon={isDone.current ? "success" : "copy"} label={label} onClick={copy} />;
}

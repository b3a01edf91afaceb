import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { copyText } from "../host/clipboard";
import { Button } from "./Button";

const SHOWN_MS = 1500;

interface Props {
  text: string;
  label: string;
  children?: ComponentChildren;
}

export function Copy({ text, label, children }: Props) {
  const isDone = useSignal(false);
  const copy = async (event: MouseEvent) => {
    isDone.value = await copyText(text, event.currentTarget as HTMLElement);
    setTimeout(() => {
      isDone.value = false;
    }, SHOWN_MS);
  };
  return (
    <Button icon={isDone.value ? "success" : "copy"} label={label} onClick={copy}>
      {children}
    </Button>
  );
}

/** Define a derived quantity of the group, as `jg.define` does. */

import { useSignal } from "@preact/signals";
import type { Session } from "../session";
import { Button } from "../ui/Button";
import { typed } from "../ui/hooks";
import { InlineForm } from "../ui/InlineForm";

interface Props {
  session: Session;
  definitions: Record<string, string>;
  close(): void;
}

export function Definition({ session, definitions, close }: Props) {
  const name = useSignal("");
  const text = useSignal("");
  const define = async () => {
    const answer = await session.run("define", {
      name: name.value.trim(),
      text: text.value.trim(),
    });
    if (answer === null) return;
    session.plot.value = { ...session.plot.peek(), y: name.value.trim() };
    close();
  };
  const isComplete = name.value.trim() !== "" && text.value.trim() !== "";
  return (
    <InlineForm
      label="Define a quantity"
      isPlain
      go={{
        testid: "define-go",
        reason: isComplete ? "" : "A name and an expression are missing",
        onClick: define,
        children: "Define",
      }}
      close={close}
    >
      <label>
        Name <input data-testid="define-name" placeholder="visibility" {...typed(name)} />
      </label>
      <label>
        Expression{" "}
        <input
          data-testid="define-text"
          size={36}
          placeholder="(|2,0> - |1,1>) / (|2,0> + |1,1>)"
          {...typed(text)}
        />
      </label>
      {Object.entries(definitions).map(([known, expression]) => (
        <p key={known} class="quiet">
          {known} = <code>{expression}</code>{" "}
          <Button
            kind="small"
            label={`Remove ${known}`}
            onClick={() => session.run("define", { name: known, text: "" })}
          >
            Remove
          </Button>
        </p>
      ))}
    </InlineForm>
  );
}

/** Which columns the table has: the person's choice, or what says something. */

import type { Session } from "../session";
import { sets } from "../ui/hooks";
import { Menu } from "../ui/Menu";

const FIXED = ["position", "state"];

export function Columns({ session }: { session: Session }) {
  const { all, shown } = session.layout.value;
  const chosen = session.columns.value;
  const now = shown.map(({ name }) => name);
  const toggle = (name: string) => {
    const next = now.includes(name) ? now.filter((each) => each !== name) : [...now, name];
    session.columns.value = next.filter((each) => !FIXED.includes(each));
  };
  return (
    <Menu
      label="Columns"
      testid="columns"
      icon="columns"
      variants={[
        {
          label: "Automatic",
          hint: "what says something",
          isChecked: chosen.length === 0,
          onClick: sets(session.columns, []),
        },
        ...all
          .filter(({ name }) => !FIXED.includes(name))
          .map(({ name, title }) => ({
            label: title,
            isChecked: now.includes(name),
            onClick: () => toggle(name),
          })),
      ]}
    />
  );
}

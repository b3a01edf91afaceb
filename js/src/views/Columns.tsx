/** The choice of the table's columns. */

import { STICKY } from "../data/columns";
import type { Session } from "../session";
import { sets } from "../ui/hooks";
import { Menu } from "../ui/Menu";

export function Columns({ session }: { session: Session }) {
  const { all, shown } = session.layout.value;
  const chosen = session.columns.value;
  const now = shown.map(({ name }) => name);
  const toggle = (name: string) => {
    const next = now.includes(name) ? now.filter((each) => each !== name) : [...now, name];
    session.columns.value = next.filter((each) => !STICKY.includes(each));
  };
  return (
    <Menu
      label="Columns"
      testid="columns"
      icon="columns"
      variants={[
        {
          label: "Default columns",
          hint: "differences and results",
          isChecked: chosen.length === 0,
          onClick: sets(session.columns, []),
        },
        ...all
          .filter(({ name }) => !STICKY.includes(name))
          .map(({ name, title }) => ({
            label: title,
            isChecked: now.includes(name),
            onClick: () => toggle(name),
          })),
      ]}
    />
  );
}

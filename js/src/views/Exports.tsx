/** What is shown, to keep: as a file, or on the clipboard. */

import { useRef } from "preact/hooks";
import { asCsv, asJson, fileName, save, sheetOf } from "../data/exports";
import * as format from "../format";
import { copyText } from "../host/clipboard";
import type { Session } from "../session";
import { Menu } from "../ui/Menu";

export function Exports({ session }: { session: Session }) {
  const place = useRef<HTMLElement>(null);
  const group = session.traits.group.value;
  const count = session.rows.value.positions.length;
  const jobs = format.count(count, "job");
  const sheet = () => sheetOf(session.rows.value.table, session.rows.value.positions);
  const say = (text: string) => {
    session.status.value = { tone: "done", text };
  };
  const saveAs = (ending: "csv" | "json", text: string, type: string) => {
    const name = fileName(group, ending);
    save(text, name, type);
    say(`${jobs} saved as ${name}`);
  };
  const copy = async () => {
    const isCopied = place.current && (await copyText(asCsv(sheet()), place.current));
    say(isCopied ? `${jobs} copied` : "The browser does not let this page copy.");
  };
  return (
    <span ref={place}>
      <Menu
        label={`Export the ${jobs} shown`}
        testid="export"
        icon="export"
        reason={count > 0 ? "" : "No job is shown"}
        variants={[
          {
            label: "CSV file",
            hint: `the ${jobs} shown, for a spreadsheet`,
            onClick: () => saveAs("csv", asCsv(sheet()), "text/csv"),
          },
          {
            label: "JSON file",
            hint: "the same, for a program",
            onClick: () => saveAs("json", asJson(sheet()), "application/json"),
          },
          { label: "Copy as CSV", onClick: copy },
        ]}
      >
        Export
      </Menu>
    </span>
  );
}

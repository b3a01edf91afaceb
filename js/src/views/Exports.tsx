/** Export the jobs shown to a file or the clipboard. */

import { useRef } from "preact/hooks";
import { asCsv, asJson, fileName, save, sheetOf } from "../data/exports";
import * as format from "../format";
import { copyText } from "../host/clipboard";
import type { Session } from "../session";
import { Menu } from "../ui/Menu";

interface Props {
  session: Session;
  /** The jobs; undefined for those that are shown. */
  positions?: readonly number[];
}

export function Exports({ session, positions }: Props) {
  const place = useRef<HTMLElement>(null);
  const group = session.traits.group.value;
  const some = positions ?? session.rows.value.positions;
  const count = some.length;
  const which = positions ? "selected" : "shown";
  const jobs = format.count(count, "job");
  const sheet = () => {
    const { table, lines } = session.rows.value;
    return sheetOf(table, positions ? positions.flatMap((p) => table.linesOf(p)) : lines);
  };
  const say = (text: string) => {
    session.status.value = { tone: "done", text };
  };
  const saveAs = (ending: "csv" | "json", text: string, type: string) => {
    const name = fileName(group, ending);
    save(text, name, type);
    const missing = some.filter(session.measurements.isMissing).length;
    const less = missing > 0 ? `, without ${format.count(missing, "result")} not loaded yet` : "";
    say(`${jobs} saved as ${name}${less}`);
  };
  const copy = async () => {
    const isCopied = place.current && (await copyText(asCsv(sheet()), place.current));
    say(isCopied ? `${jobs} copied` : "The browser does not allow this page to copy.");
  };
  return (
    <span ref={place}>
      <Menu
        label={`Export the ${jobs} ${which}`}
        testid={positions ? "selected-export" : "export"}
        kind={positions ? "small" : ""}
        icon="export"
        reason={count > 0 ? "" : "No jobs are shown"}
        variants={[
          {
            label: "CSV file",
            hint: `the ${jobs} ${which}, for a spreadsheet`,
            onClick: () => saveAs("csv", asCsv(sheet()), "text/csv"),
          },
          {
            label: "JSON file",
            hint: "the same jobs, for a program",
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

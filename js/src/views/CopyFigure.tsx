/** Copy or save the figure as PNG, SVG or CSV, or copy the line of Python that draws it. */

import { type ReadonlySignal, useSignal } from "@preact/signals";
import { fileName, save } from "../data/exports";
import { copyPicture } from "../host/clipboard";
import { saveBlob } from "../host/download";
import type { Figure } from "../kernel/answers";
import { pngOf, pointsCsv, type Sheet, sheetOf, svgOf } from "../plot/export";
import type { Look } from "../plot/look";
import type { Zoom } from "../plot/PlotArea";
import type { Session } from "../session";
import { Button } from "../ui/Button";

/** Column widths of most physics journals. */
const WIDTHS = [
  [86, "one column (86 mm)"],
  [178, "two columns (178 mm)"],
] as const;

interface Props {
  session: Session;
  figure: Figure;
  look: Omit<Look, "width" | "height" | "zoomX" | "zoomY">;
  zoom: ReadonlySignal<Zoom>;
  name: string;
}

export function CopyFigure({ session, figure, look, zoom, name }: Props) {
  return (
    <ExportRow
      {...{ session, name }}
      csv={() => pointsCsv(figure)}
      sheet={(width, decimals) => {
        const { x: zoomX, y: zoomY } = zoom.peek();
        return sheetOf(figure, { ...look, zoomX, zoomY }, { width, decimals });
      }}
    />
  );
}

interface RowProps {
  session: Session;
  name: string;
  csv(): string;
  sheet(widthMm: number, decimals: number | null): Sheet;
}

export function ExportRow({ session, name, csv, sheet }: RowProps) {
  const width = useSignal<number>(WIDTHS[0][0]);
  const digits = useSignal("");
  const drawn = () => sheet(width.value, digits.value === "" ? null : Number(digits.value));
  const say = (text: string) => {
    session.status.value = { tone: "done", text };
  };
  return (
    <fieldset class="export-figure">
      <legend>Copy figure</legend>
      <label>
        <span>Width</span>{" "}
        <select
          data-testid="figure-width"
          value={width.value}
          onChange={({ currentTarget }) => {
            width.value = Number(currentTarget.value);
          }}
        >
          {WIDTHS.map(([mm, text]) => (
            <option key={mm} value={mm}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>Decimals</span>{" "}
        <select
          data-testid="figure-digits"
          value={digits.value}
          onChange={({ currentTarget }) => {
            digits.value = currentTarget.value;
          }}
        >
          {["", "0", "1", "2", "3", "4"].map((each) => (
            <option key={each} value={each}>
              {each || "as needed"}
            </option>
          ))}
        </select>
      </label>
      <span class="buttons">
        <Button
          kind="small"
          testid="figure-copy"
          onClick={async () => {
            const isCopied = await copyPicture(pngOf(drawn()));
            say(
              isCopied
                ? "Picture copied."
                : "The browser does not allow this page to copy pictures. Save it instead.",
            );
          }}
        >
          Copy picture
        </Button>
        <Button
          kind="small"
          testid="figure-png"
          onClick={async () => saveBlob(await pngOf(drawn()), fileName(name, "png"))}
        >
          PNG
        </Button>
        <Button
          kind="small"
          testid="figure-svg"
          onClick={() => save(svgOf(drawn(), width.value), fileName(name, "svg"), "image/svg+xml")}
        >
          SVG
        </Button>
        <Button
          kind="small"
          testid="figure-csv"
          onClick={() => save(csv(), fileName(name, "csv"), "text/csv")}
        >
          CSV
        </Button>
      </span>
    </fieldset>
  );
}

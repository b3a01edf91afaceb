import { describe, expect, it } from "vitest";
import { causesOf } from "../../src/data/causes";
import { asCsv, asJson, contentOf, fileName, sheetOf } from "../../src/data/exports";
import type { MeasuredRow } from "../../src/kernel/answers";
import { tableOf } from "./rows";

describe("causes", () => {
  it("ignore numbers and ids, and start with the most frequent", () => {
    const table = tableOf([
      { state: "error", message: "no memory for 12 photons" },
      { state: "error", message: "refused" },
      { state: "success" },
      { state: "error", message: "no memory for 9 photons" },
      { state: "refused", message: "refused" },
      { state: "canceled", message: "Canceled by the user" },
    ]);
    expect(causesOf(table)).toEqual([
      { sentence: "no memory for 12 photons", isExact: false, state: "error", positions: [0, 3] },
      { sentence: "refused", isExact: true, state: "error", positions: [1] },
      { sentence: "refused", isExact: true, state: "refused", positions: [4] },
    ]);
  });
});

describe("an export", () => {
  const table = tableOf([
    { state: "success", name: "=1+1", message: 'a "b",\nc', sent_at: 0, "label.phi": -0.5 },
    { state: "error", name: "@x" },
  ]);

  it("contains text that a spreadsheet does not evaluate, with times in UTC", () => {
    const [head, first] = asCsv(sheetOf(table, [0])).split("\r\n") as [string, string];
    expect(head.split(",").slice(0, 3)).toEqual(["position", "state", "name"]);
    expect(first).toContain("0,success,'=1+1,");
    expect(first).toContain('"a ""b"",\nc"');
    expect(first).toContain("1970-01-01T00:00:00.000Z");
    expect(first.endsWith(",-0.5")).toBe(true);
  });

  it("has measured values with their errors", () => {
    const measured = tableOf([{ state: "success" }, { state: "error" }]);
    const values = { "|1>": [0.25, 0.125], physical_perf: [0.5, null] };
    const row = { position: 0, iteration: null, of: 1, params: {}, samples: 12, values };
    measured.take([0, 1], [row as unknown as MeasuredRow]);
    const [done, failed] = JSON.parse(asJson(sheetOf(measured, [0, 1])));
    const found = { "measured.|1>": 0.25, "measured.|1> error": 0.125, "measured.samples": 12 };
    expect(done).toMatchObject({ ...found, "measured.physical_perf": 0.5 });
    expect(done).not.toHaveProperty(["measured.physical_perf error"]);
    expect(failed).toMatchObject({ "measured.|1>": null, "measured.samples": null });
  });

  it("has unchanged values as JSON", () => {
    const [job] = JSON.parse(asJson(sheetOf(table, [1])));
    expect(job).toMatchObject({ position: 1, name: "@x", sent_at: null, "label.phi": null });
  });

  it("marks UTF-8 for spreadsheets, but not in JSON", () => {
    expect(contentOf("λ", "text/csv")).toBe("\ufeffλ");
    const odd = tableOf([{ state: "error", name: "λ/2 \u{1f600}" }]);
    const json = contentOf(asJson(sheetOf(odd, [0])), "application/json");
    expect(json).toMatch(/^[\n -~]*$/);
    expect(JSON.parse(json)[0].name).toBe("λ/2 \u{1f600}");
  });

  it("has a valid file name", () => {
    expect(fileName('a/b: "c"', "csv")).toBe("a b c.csv");
    expect(fileName("", "json")).toBe("jobs.json");
  });
});

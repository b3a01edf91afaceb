import { describe, expect, it } from "vitest";
import recorded from "../../../tests/dashboard/protocol.json";
import { TRAITS } from "../../src/kernel/model";
import {
  type Command,
  decodeColumn,
  type FromPython,
  type Question,
  type Setting,
} from "../../src/kernel/protocol";
import { type Session, startSession } from "../../src/session";
import { FakeModel } from "../model";

const messages = recorded.from_python.map(({ message, buffers }) => ({
  message: message as unknown as FromPython,
  buffers: buffers.map(viewOf),
}));

/** As a host passes it: an unaligned window of a larger buffer. */
function viewOf(base64: string): DataView {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const larger = new Uint8Array(bytes.length + 6);
  larger.set(bytes, 3);
  return new DataView(larger.buffer, 3, bytes.length);
}

function sessionWith(...indices: number[]): { session: Session; model: FakeModel } {
  const model = new FakeModel();
  const session = startSession(model, new AbortController().signal);
  for (const i of indices) {
    const each = messages[i];
    if (each) model.push(each.message, each.buffers);
  }
  return { session, model };
}

function rowsOf({ rows }: Session) {
  const { table } = rows.value;
  const columns = ["state", "remote_id", "message", "sent_at", "attempts", "label.phi", "label.on"];
  return [0, 1, 2].map((position) => columns.map((column) => table.cell(position, column)));
}

// The compiler checks that these are complete.
const commands: Record<Command, true> = {
  run: true,
  rerun: true,
  repeat: true,
  remove: true,
  prioritize: true,
  cancel: true,
  stop: true,
  pause: true,
  resume: true,
  resend: true,
  confirm: true,
  refresh: true,
  delete: true,
  restore: true,
  export: true,
  open: true,
  describe: true,
  annotate: true,
  define: true,
  keep: true,
};
const questions: Record<Question, true> = {
  job: true,
  payload: true,
  drawing: true,
  results: true,
  measured: true,
  figure: true,
  compare: true,
  compare_groups: true,
  groups: true,
  size: true,
  saved: true,
  estimate: true,
  slots: true,
};
const settings: Record<Setting, true> = {
  filter: true,
  sort: true,
  search: true,
  selected: true,
  columns: true,
  plot: true,
  table: true,
};

describe("the words and traits that Python and the page share", () => {
  it("are equal, with their defaults", () => {
    expect(TRAITS).toEqual(recorded.traits);
    expect(Object.keys(commands)).toEqual(recorded.commands);
    expect(Object.keys(questions)).toEqual(recorded.queries);
    expect(Object.keys(settings)).toEqual(recorded.settings);
  });
});

describe("messages of the kernel", () => {
  it("change nothing if they are not part of the protocol", () => {
    const { session, model } = sessionWith(0);
    const had = [session.rows.value, session.status.value, session.clientState()];
    for (const strange of [null, {}, { t: "no such" }]) model.push(strange as never);
    expect([session.rows.value, session.status.value, session.clientState()]).toEqual(had);
  });

  it("carry the same rows as plain values and as JSON columns", () => {
    const rows = [
      ["unsent", null, null, null, 0, 0, null],
      ["success", "id-1", null, 1001.5, 1, 0.25, null],
      ["error", "id-2", 'Max shots "é"\nmust be less', null, 2, 0.5, true],
    ];
    expect(rowsOf(sessionWith(0).session)).toEqual(rows);
    expect(rowsOf(sessionWith(1).session)).toEqual(rows);
  });

  it("change rows with patches", () => {
    const { session } = sessionWith(0, 2, 3);
    expect(session.rows.value.table.state(0)).toBe("error");
    expect(session.clientState()).toEqual({ epoch: "e1", version: 8 });
  });

  it("turn objects into a column for each key, shortened to fit a cell", () => {
    const { table } = sessionWith().session.rows.value;
    const texts = ['{"a":[1],"b":"x"}', "", "no JSON", `{"b":"${"y".repeat(300)}"}`];
    table.apply({ n: 4, columns: { position: [0, 1, 2, 3], "label.": texts } }, []);
    expect(table.dynamicNames()).toEqual(["label.a", "label.b"]);
    expect([0, 1, 2].map((p) => table.cell(p, "label.a"))).toEqual(["[1]", null, null]);
    expect(table.text(3, "label.b")).toBe("y".repeat(200));
  });

  it("raise an error if a buffer is missing", () => {
    expect(() => decodeColumn({ at: 1, zero: 0 }, [])).toThrow("buffer 1");
  });
});

describe("messages of the browser", () => {
  it("match the recording", () => {
    const { session, model } = sessionWith();
    session.link.open();
    model.push((messages[0] as (typeof messages)[0]).message);
    const [open, sync] = model.sent.splice(0);
    session.link.open();
    session.link.do("rerun", { positions: [2], replace: false });
    const overrides = { max_shots: 1000, seed: "x", exact: false };
    session.link.do("rerun", { positions: [2], overrides });
    session.link.do("annotate", { position: 2, text: "too noisy" });
    session.link.do("prioritize", { positions: [2, 0] });
    session.link.ask("job", { position: 1 });
    session.link.ask("estimate", { rerun: true, positions: [2] });
    session.link.set("selected", [[0, 1]]);
    session.link.giveToken({ url: "https://cloud.example", account: "" }, "abc", () => {});
    session.link.close(true);
    const ids = new Map<string, string>();
    const sent = [open, model.sent[0], sync, ...model.sent.slice(1)].map((message) => {
      if (!message || !("id" in message)) return message;
      ids.set(message.id, String(ids.size + 1));
      return { ...message, id: ids.get(message.id) };
    });
    expect(sent).toEqual(recorded.to_python);
  });
});

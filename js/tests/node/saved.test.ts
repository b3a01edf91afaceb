import { effect } from "@preact/signals";
import { expect, it } from "vitest";
import { startSession } from "../../src/session";
import { FakeModel } from "../model";
import { blockOf } from "./rows";

it("notifies observers that the page is a saved one", () => {
  const model = new FakeModel();
  const session = startSession(model, new AbortController().signal);
  const seen: boolean[] = [];
  const end = effect(() => void seen.push(session.isSaved()));
  model.push({
    ...{ t: "snapshot", version: 1, part: 0, parts: 1, epoch: "saved", n: 1, now: 0 },
    ...{ total: 1, rows: blockOf([{ state: "success" }], 0) },
  });
  end();
  expect(seen).toEqual([false, true]);
});

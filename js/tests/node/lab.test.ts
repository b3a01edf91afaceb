/** The texts of JupyterLab's sidebar. */

import { expect, it, vi } from "vitest";
import { type Group, statusOf } from "../../lab/src/groups";

vi.mock("../../lab/src/server", () => ({}));

it("a group's line in the sidebar counts its jobs, also unsent and unconfirmed ones", () => {
  const line = (changes: Partial<Group>) =>
    statusOf({ counts: {}, total: 1500, ended: 1200, running: 0, ...changes } as Group);
  expect(line({})).toBe("1,200 of 1,500 ended");
  expect(line({ running: 3, counts: { unconfirmed: 2 } })).toBe(
    "1,200 of 1,500 ended · 3 on the cloud · 2 unconfirmed",
  );
  expect(line({ ended: 0, total: 2000, counts: { unsent: 2000 } })).toBe(
    "0 of 2,000 ended · 2,000 to send",
  );
  expect(line({ running: 3, counts: { unsent: 296, unconfirmed: 1 } })).toBe(
    "1,200 of 1,500 ended · 3 on the cloud · 296 to send · 1 unconfirmed",
  );
  expect(line({ total: 0 })).toBe("no jobs yet");
});

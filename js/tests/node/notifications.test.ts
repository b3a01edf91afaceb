import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { browserNotifier } from "../../src/host/notifications";

const told: string[] = [];

class Granting {
  static permission = "granted";
  static requestPermission = async () => "granted";
  constructor(title: string, { body }: { body: string }) {
    told.push(`${title}: ${body}`);
  }
}

beforeEach(() => {
  told.length = 0;
  const kept = new Map<string, string>();
  vi.stubGlobal("localStorage", {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => kept.set(name, value),
  });
  vi.stubGlobal("Notification", Granting);
});
afterEach(() => vi.unstubAllGlobals());

describe("notifications", () => {
  it("appear once at the first failure and once at the end", async () => {
    const bell = browserNotifier();
    await bell.toggle();
    bell.look("dip", { running: 3 }, true, true);
    bell.look("dip", { running: 2, success: 1 }, true);
    expect(told).toEqual([]);
    bell.look("dip", { running: 1, success: 1, error: 1 }, true);
    bell.look("dip", { running: 0, success: 1, error: 2 }, false);
    bell.look("dip", { running: 0, success: 1, error: 2 }, false);
    expect(told).toEqual(["dip: A job has failed", "dip: 3 jobs finished, 2 failed"]);
  });

  it("do not appear for states that the first rows had", async () => {
    const bell = browserNotifier();
    await bell.toggle();
    bell.look("dip", { running: 1 }, true, true);
    bell.look("other", { success: 1, error: 1 }, false);
    bell.look("other", { success: 1, error: 1 }, false, true);
    bell.look("other", { success: 1, error: 1 }, false);
    bell.look("idle", { unsent: 2 }, false, true);
    bell.look("idle", { unsent: 3 }, false);
    expect(told).toEqual([]);
  });

  it("appear when a run has ended, not between two of its jobs", async () => {
    const bell = browserNotifier();
    await bell.toggle();
    bell.look("dip", { unsent: 2 }, false, true);
    bell.look("dip", { unsent: 1, success: 1 }, true);
    expect(told).toEqual([]);
    bell.look("dip", { unsent: 1, success: 1 }, false);
    bell.look("dip", { unsent: 1, success: 1 }, false);
    expect(told).toEqual(["dip: 1 job finished, 1 to send"]);
  });

  it("write each number the same way", async () => {
    const bell = browserNotifier();
    await bell.toggle();
    bell.look("dip", { running: 1, error: 1 }, true, true);
    bell.look("dip", { success: 3000, error: 1200, unsent: 5000 }, false);
    expect(told).toEqual(["dip: 4,200 jobs finished, 1,200 failed, 5,000 to send"]);
  });

  it("appear only while they are switched on", async () => {
    const bell = browserNotifier();
    bell.look("dip", { running: 1 }, true, true);
    bell.look("dip", { success: 1 }, false);
    await bell.toggle();
    expect(browserNotifier().isOn.peek()).toBe(true);
    await bell.toggle();
    expect(browserNotifier().isOn.peek()).toBe(false);
    bell.look("dip", { running: 1 }, true, true);
    bell.look("dip", { success: 1 }, false);
    expect(told).toEqual([]);
  });

  it("work without storage, and are not offered without the browser's support", async () => {
    vi.stubGlobal("localStorage", undefined);
    const bell = browserNotifier();
    expect(await bell.toggle()).toBe("");
    expect(bell.isOn.peek()).toBe(true);
    vi.stubGlobal("Notification", undefined);
    expect(browserNotifier().isThere).toBe(false);
  });
});

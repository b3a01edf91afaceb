import { describe, expect, it, onTestFinished, vi } from "vitest";
import * as format from "../../src/format";

describe("lengths of time", () => {
  it.each([
    [null, ""],
    [0, "< 1 s"],
    [3, "3 s"],
    [0.04, "< 0.1 s"],
    [1.24, "1.2 s"],
    [9.96, "10 s"],
    [59.6, "1 min 00 s"],
    [184, "3 min 04 s"],
    [7500, "2 h 05 min"],
    [273_600, "3 d 4 h"],
    [-1, "0 s"],
    [Number.NaN, ""],
  ])("%s seconds are %j", (seconds, text) => {
    expect(format.duration(seconds)).toBe(text);
  });

  it("say how long ago, never in the future", () => {
    expect(format.ago(100, 100.4)).toBe("just now");
    expect(format.ago(100, 103)).toBe("3 s ago");
    expect(format.ago(100, 90)).toBe("just now");
    expect(format.ago(0, 7200)).toBe("2 h ago");
  });

  it("give the time left as a range, or nothing if it is unknown", () => {
    expect(format.timeLeft([240, 560])).toBe("4–9 min left");
    expect(format.timeLeft([240, 245])).toBe("about 4 min left");
    expect(format.timeLeft([50, 130])).toBe("50 s–2 min left");
    expect(format.timeLeft([0, 2])).toBe("less than 2 s left");
    expect(format.timeLeft(null)).toBe("");
  });
});

describe("points in time", () => {
  const noon = new Date(2026, 4, 1, 12, 0, 5).getTime() / 1000;

  it("show the time of day, and the date of another day", () => {
    expect(format.clock(noon, noon + 60)).toBe("12:00:05");
    expect(format.clock(noon, noon + 86_400)).toBe("2026-05-01 12:00");
    expect(format.clock(null, noon)).toBe("");
  });

  it.each([
    ["Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25 02:30:00 UTC+2"],
    ["Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25 02:30:00 UTC+1"],
    ["Asia/Kolkata", "2026-10-25T01:30:00Z", "2026-10-25 07:00:00 UTC+5:30"],
    ["America/St_Johns", "2026-12-25T01:30:00Z", "2026-12-24 22:00:00 UTC−3:30"],
    ["UTC", "2026-12-25T01:30:05Z", "2026-12-25 01:30:05 UTC"],
  ])("in full are unique in %s, even if clocks change", (zone, utc, text) => {
    vi.stubEnv("TZ", zone);
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(format.moment(Date.parse(utc) / 1000)).toBe(text);
  });
});

describe("numbers", () => {
  it.each([
    [10_000, "10000"],
    [1_234_567, "1,234,567"],
    [0.1 + 0.2, "0.3"],
    [0.0012345678, "0.00123457"],
    [1.5e-9, "1.500e-9"],
    [1e300, "1.000e+300"],
    [Number.MAX_SAFE_INTEGER, "9,007,199,254,740,991"],
  ])("%s is %j", (value, text) => {
    expect(format.number(value)).toBe(text);
  });

  it.each([
    [0.1 + 0.2, "0.3"],
    [1550.1234, "1550.1234"],
    [193_414.489, "193414.489"],
    [193_414_489_000_000, "193,414,489,000,000"],
    [1550 + 1 / 4900, "1550.0002"],
    [Math.PI / 11, "0.285599"],
    [6.02214076e23, "6.02214076e+23"],
    [-2.5e-7, "-2.5e-7"],
  ])("a swept %s is %j", (value, text) => {
    expect(format.given(value)).toBe(text);
  });

  it.each([
    [999, "999 B"],
    [1_234_567, "1.2 MB"],
    [999_600, "1.0 MB"],
    [33_000_000_000, "33 GB"],
  ])("%s bytes are %j", (bytes, text) => {
    expect(format.bytes(bytes)).toBe(text);
  });
});

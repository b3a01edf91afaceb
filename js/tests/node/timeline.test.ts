import { describe, expect, it } from "vitest";
import { timelineOf } from "../../src/data/timeline";
import { tableOf } from "./rows";

const success = (sent_at: number, started_at: number | null, duration_s: number) => ({
  state: "success",
  sent_at,
  started_at,
  duration_s,
  finished_at: started_at === null ? null : started_at + duration_s,
});

function of(rows: Parameters<typeof tableOf>[0], now: number, most: number) {
  const table = tableOf(rows);
  return timelineOf(
    table,
    table.where(() => true),
    now,
    most,
  );
}

describe("slots", () => {
  it("get the next job as soon as one ends", () => {
    const jobs = [success(100, 101, 4), success(100, 102, 8), success(106, 107, 3)];
    const { from, to, lanes } = of(jobs, 1000, 10);
    expect([from, to]).toEqual([100, 110]);
    expect(lanes.map((lane) => lane.map(({ position }) => position))).toEqual([[0, 2], [1]]);
  });

  it("are as many as jobs that ran at once, however many were queued", () => {
    const jobs = [success(100, 101, 4), success(100, 105, 4), success(100, 109, 4)];
    const { lanes } = of(jobs, 1000, 10);
    expect(lanes).toHaveLength(1);
  });

  it("count as one if jobs overlap by less than clouds can report", () => {
    const seconds = [success(100, 101, 4.6), success(100, 105, 4)];
    expect(of(seconds, 1000, 10).lanes).toHaveLength(1);
    const exact = [success(100, 101.2, 4.6), success(100, 105.1, 4)];
    expect(of(exact, 1000, 10).lanes).toHaveLength(2);
  });

  it("end by the cloud's clock, not when jobgroup saw the end", () => {
    const late = { ...success(100, 101, 4), finished_at: 130 };
    expect(of([late], 1000, 10).to).toBe(105);
  });

  it("hold jobs on the cloud until now and show which are queued", () => {
    const jobs = [
      { state: "waiting", sent_at: 100 },
      { state: "running", sent_at: 100, started_at: 104 },
      { state: "unsent" },
    ];
    const { to, lanes, waiting } = of(jobs, 120, 10);
    expect(to).toBe(120);
    expect(lanes.map(([stay]) => [stay?.ran, stay?.ended])).toEqual([[104, 120]]);
    expect(waiting.map(({ position }) => position)).toEqual([0]);
  });

  it("compute a start from the duration if the cloud reports no start", () => {
    const job = { state: "error", sent_at: 100, duration_s: 2, finished_at: 105 };
    expect(of([job], 120, 10).lanes[0]?.[0]).toMatchObject({
      ran: 103,
      ended: 105,
    });
  });

  it("show the last jobs of a long list, and how many there are", () => {
    const jobs = Array.from({ length: 9 }, (_, i) => success(100 + 2 * i, 100 + 2 * i, 1));
    const { from, lanes, total } = of([...jobs, { state: "unsent" }], 1000, 3);
    expect([from, lanes.length, lanes[0]?.length, total]).toEqual([112, 1, 3, 9]);
  });
});

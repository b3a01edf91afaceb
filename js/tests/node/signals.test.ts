import { describe, expect, it, vi } from "vitest";
import { batch, computed, effect, signal } from "../../src/signals";

describe("an effect", () => {
  it("runs at once and whenever what it read changed, and no more once it is ended", () => {
    const [a, b] = [signal(1), signal(10)];
    const seen: number[] = [];
    const stop = effect(() => void seen.push(a.current + b.peek()));
    a.current = 2;
    a.current = 2;
    b.current = 20;
    stop();
    a.current = 3;
    expect(seen).toEqual([11, 12]);
  });

  it("watches what it read last, not what it once read", () => {
    const [which, a, b] = [signal(true), signal("a"), signal("b")];
    const run = vi.fn(() => void (which.current ? a.current : b.current));
    effect(run);
    which.current = false;
    a.current = "unseen";
    expect(run).toHaveBeenCalledTimes(2);
    b.current = "seen";
    expect(run).toHaveBeenCalledTimes(3);
  });

  it("runs once for a batch, nested ones too", () => {
    const [a, b] = [signal(0), signal(0)];
    const run = vi.fn(() => void (a.current + b.current));
    effect(run);
    batch(() => {
      a.current = 1;
      batch(() => {
        b.current = 1;
      });
      expect(run).toHaveBeenCalledTimes(1);
    });
    expect(run).toHaveBeenCalledTimes(2);
  });

  it("may change what others read, and what it reads itself until that rests", () => {
    const [a, b] = [signal(5), signal(0)];
    effect(() => {
      b.current = a.current * 2;
    });
    effect(() => {
      if (a.current < 10) a.current += 1;
    });
    expect([a.current, b.current]).toEqual([10, 20]);
  });

  it("that never rests is an error, not a hang", () => {
    const a = signal(0);
    expect(() =>
      effect(() => {
        a.current += 1;
      }),
    ).toThrow("without end");
  });

  it("that throws leaves the others watching as before", () => {
    const a = signal(0);
    const seen: number[] = [];
    const stop = effect(() => {
      if (a.current === 1) throw new Error("no");
    });
    expect(() => {
      a.current = 1;
    }).toThrow("no");
    stop();
    effect(() => void seen.push(a.current));
    a.current = 2;
    expect(seen).toEqual([1, 2]);
  });
});

describe("a computed value", () => {
  it("is computed when it is read and stale, and never seen out of date", () => {
    const a = signal(1);
    const compute = vi.fn(() => a.current * 2);
    const double = computed(compute);
    expect(compute).not.toHaveBeenCalled();
    expect([double.current, double.current]).toEqual([2, 2]);
    expect(compute).toHaveBeenCalledTimes(1);
    const seen: string[] = [];
    effect(() => void seen.push(`${a.current} ${double.current}`));
    a.current = 2;
    expect(seen).toEqual(["1 2", "2 4"]);
  });

  it("of a computed value follows too", () => {
    const a = signal(1);
    const b = computed(() => a.current + 1);
    const c = computed(() => b.current + 1);
    const seen: number[] = [];
    effect(() => void seen.push(c.current));
    a.current = 5;
    expect(seen).toEqual([3, 7]);
  });
});

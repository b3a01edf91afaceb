import { expect, it } from "vitest";
import { countIn, numberIn } from "../../src/data/fields";

it.each([
  ["4", 4, 4],
  [" 1e3 ", 1000, 1000],
  ["2.5", 2.5, null],
  ["0", 0, null],
  ["-3", -3, null],
  ["", null, null],
  [" ", null, null],
  ["1O", null, null],
  ["Infinity", null, null],
  ["1e400", null, null],
])("%j is the number %s and the count %s", (text, number, count) => {
  expect(numberIn(text)).toBe(number);
  expect(countIn(text)).toBe(count);
});

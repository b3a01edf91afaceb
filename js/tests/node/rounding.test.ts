/** Numbers that differ only by rounding, with the examples of Python's tests. */

import { expect, it } from "vitest";
import examples from "../../../tests/rounding_examples.json";
import { isSameNumber } from "../../src/data/rounding";

it.each(examples)("$numbers are one number within $span: $is_same", (example) => {
  const [one = 0, other = 0] = example.numbers;
  expect(isSameNumber(one, other, example.span)).toBe(example.is_same);
  expect(isSameNumber(other, one, example.span)).toBe(example.is_same);
});

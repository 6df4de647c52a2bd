import { expect, test } from "vitest";
import { parse, stringify } from "../src/json.js";

const MAX = Number.MAX_SAFE_INTEGER;

test("whole numbers beyond 2^53-1 are read as bigint, all others as numbers", () => {
  expect(parse(`[${MAX},-${MAX},9007199254740992,-9007199254740993,1,0.5,1e30,12345678901234567890]`)).toEqual([
    MAX, -MAX, 9_007_199_254_740_992n, -9_007_199_254_740_993n, 1, 0.5, 1e30, 12_345_678_901_234_567_890n,
  ]);
});

test("digits in texts and names stay text", () => {
  const text = String.raw`{"9007199254740993":"9007199254740993","q":"a \" 9007199254740993, \\","n":9007199254740993}`;
  expect(parse(text)).toEqual({ "9007199254740993": "9007199254740993", q: 'a " 9007199254740993, \\', n: 9_007_199_254_740_993n });
});

test("bigint is written as a number, wherever it is", () => {
  expect(stringify({ amount: 5n, metadata: { a: [-9_007_199_254_740_993n], b: "5n" } })).toBe('{"amount":5,"metadata":{"a":[-9007199254740993],"b":"5n"}}');
});

test.each([Number.NaN, Infinity, 0.5, MAX + 1, -Infinity])("an amount of %s is refused before it is sent", (amount) => {
  expect(() => stringify({ amount })).toThrow(TypeError);
  expect(() => stringify({ operations: [{ op: "grant", amount }] })).toThrow("amount");
  expect(() => stringify({ thresholds: [1, amount] })).toThrow("thresholds");
});

test("an amount that is undefined is refused: the API reads a missing one as everything", () => {
  expect(() => stringify({ amount: undefined })).toThrow("amount is undefined");
  expect(stringify({ amount: 1, reference: undefined })).toBe('{"amount":1}');
});

test("metadata may have fractions, but no number that JSON does not have", () => {
  expect(stringify({ metadata: { ratio: 0.25, amount: undefined } })).toBe('{"metadata":{"ratio":0.25}}');
  expect(() => stringify({ metadata: { ratio: Number.NaN } })).toThrow("ratio is NaN");
});

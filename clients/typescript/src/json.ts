// JSON without loss. JavaScript's numbers hold whole numbers exactly up to 2^53-1. All amounts are within that; sums of a report and numbers in
// metadata need not be. Whole numbers beyond it are read as `bigint`, and a `bigint` is written as a number.
import { randomId } from "./random.js";

/** A value of JSON. Whole numbers beyond 2^53-1 are `bigint`. */
export type JsonValue = string | number | bigint | boolean | null | JsonValue[] | JsonObject;

/** An object of JSON. */
export interface JsonObject {
  [name: string]: JsonValue | undefined;
}

/** A sum over time: a `number`, or a `bigint` where it is beyond 2^53-1. `BigInt(total)` takes both. */
export type Total = number | bigint;

// What stands for a bigint in between. No text of anyone else has it.
const MARK = `bigint:${randomId()}:`;
const MARKED = new RegExp(`"${MARK}(-?[0-9]+)"`, "g");
const LONG = /[0-9]{16}/;
const TOKEN = /"(?:[^"\\]|\\.)*"|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/g;
const WHOLE = /^-?[0-9]{16,}$/;

/** Reads JSON; whole numbers that a number can't hold become `bigint`. */
export function parse(text: string): unknown {
  if (!LONG.test(text)) return JSON.parse(text);
  const marked = text.replace(TOKEN, (token) => (WHOLE.test(token) && !Number.isSafeInteger(Number(token)) ? `"${MARK}${token}"` : token));
  return JSON.parse(marked, (_name, value: unknown) =>
    typeof value === "string" && value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value,
  );
}

/** Writes a request. Throws a `TypeError` for a number that JSON would change on the way, and for an amount that is `undefined`. */
export function stringify(body: object): string {
  check(body, "", false);
  return JSON.stringify(body, (_name, value: unknown) => (typeof value === "bigint" ? `${MARK}${value}` : value)).replace(MARKED, "$1");
}

// JSON.stringify writes NaN as null, which the API reads as "left out": a capture of everything, for one.
function check(value: unknown, name: string, own: boolean): void {
  if (typeof value === "number") {
    if (own ? !Number.isFinite(value) : !Number.isSafeInteger(value)) {
      throw new TypeError(`${name || "a value"} is ${value}; ${own ? "JSON has no such number" : "a whole number of at most 2^53-1 was expected"}`);
    }
  } else if (Array.isArray(value)) {
    for (const entry of value as unknown[]) check(entry, name, own);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, entry] of Object.entries(value) as [string, unknown][]) {
      if (key === "amount" && entry === undefined && !own) throw new TypeError("amount is undefined; leave it out if you mean that there is none");
      check(entry, key, own || key === "metadata");
    }
  }
}

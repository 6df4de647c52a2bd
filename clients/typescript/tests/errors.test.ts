// The classes of errors, compared with the list of codes of the service.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { InsufficientFundsError, PROBLEMS, ProblemError, TocosError, problemError, type Code, type Problem } from "@tocos/client";

const file = (name: string): string => readFileSync(new URL(`../../../${name}`, import.meta.url), "utf8");
const codes = Object.keys(PROBLEMS).sort();

/** The codes that the service has, as its source has them, and whether they are retryable. */
function codesOfTheService(): Map<string, boolean> {
  const source = file("crates/api/src/rendering/code.rs");
  const all = source.slice(source.indexOf("const ALL"), source.indexOf("];"));
  const retryable = source.slice(source.indexOf("fn is_retryable"));
  const words = new Map([...source.matchAll(/Self::(\w+) =>\s*\{?\s*\("(\w+)"/g)].map(([, name, word]) => [name, word]));
  return new Map([...all.matchAll(/Self::(\w+),/g)].map(([, name]) => [words.get(name) ?? `no word for ${name}`, retryable.includes(`Self::${name}\n`)]));
}

test("there is a class for each code of the service, and none besides", () => {
  const known = codesOfTheService();
  expect(known.size).toBeGreaterThan(30);
  expect(codes).toEqual([...known.keys()].sort());
});

test("there is a class for each code that docs/api.md lists, and none besides", () => {
  const text = file("docs/api.md");
  const table = text.slice(text.indexOf("| status | code |"), text.indexOf("Only input that is not a valid HTTP request"));
  const listed = new Set(
    table
      .split("\n")
      .slice(2)
      .flatMap((row) => [...(row.split("|")[2] ?? "").matchAll(/`(\w+)`/g)].map(([, code]) => code)),
  );
  expect([...listed].sort()).toEqual(codes);
});

test("each class has the name of its code, and is a ProblemError", () => {
  for (const code of codes) {
    const problem: Problem = { type: `urn:tocos:problem:${code}`, title: "t", status: 409, detail: "d", code: code as Code, retryable: false };
    const error = problemError(problem, "request");
    const name = `${code.replace(/(?:^|_)(\w)/g, (_all, letter: string) => letter.toUpperCase())}Error`;
    expect([error.name, error.constructor.name]).toEqual([name, name]);
    expect(error).toBeInstanceOf(PROBLEMS[code as Code]);
    expect(error).toBeInstanceOf(ProblemError);
    expect(error).toBeInstanceOf(TocosError);
    expect(error).toMatchObject({ code, message: "d", title: "t", requestId: "request", retryable: false });
  }
});

test("what a refusal says besides is typed", () => {
  const problem = { type: "urn:tocos:problem:insufficient_funds", title: "t", status: 402, detail: "d", code: "insufficient_funds", retryable: false, available: 2, needed: 3, user: "ana", coin: "toco" } as const;
  const error = problemError(problem);
  expect(error instanceof InsufficientFundsError && [error.available, error.needed, error.user, error.coin]).toEqual([2, 3, "ana", "toco"]);
});

test("a code of a newer service is a ProblemError with that code", () => {
  const problem = { type: "urn:tocos:problem:moon_is_full", title: "t", status: 409, detail: "d", code: "moon_is_full" as Code, retryable: false };
  expect(problemError(problem).constructor).toBe(ProblemError);
  expect(problemError({ ...problem, code: "constructor" as Code }).constructor).toBe(ProblemError);
  expect(problemError(problem).code).toBe("moon_is_full");
});

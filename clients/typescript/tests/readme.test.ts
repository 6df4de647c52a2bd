// The README's program: its types hold, it runs against a real service, and it prints what its comments say.
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Service } from "./service.js";

const root = new URL("..", import.meta.url).pathname;
// A project that uses the package.
const folder = mkdtempSync(`${tmpdir()}/tocos-client-tour-`);
let service: Service;

beforeAll(async () => {
  service = await Service.start();
});
afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What the comments behind `console.log` say, in order: one line each, or several between bars. */
function expected(program: string): string[] {
  return [...program.matchAll(/console\.log\(.*\);? \/\/ (.*)$/gm)].flatMap(([, text = ""]) => text.split(" | "));
}

test("the program of the README does what it says", async () => {
  const readme = readFileSync(`${root}README.md`, "utf8");
  const program = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, block = ""]) => block).join("\n");
  mkdirSync(`${folder}/node_modules/@tocos`, { recursive: true });
  symlinkSync(root, `${folder}/node_modules/@tocos/client`);
  for (const types of ["@types", "undici-types"]) symlinkSync(`${root}node_modules/${types}`, `${folder}/node_modules/${types}`);
  writeFileSync(`${folder}/package.json`, '{"type":"module"}');
  writeFileSync(`${folder}/tour.ts`, program);
  const options = { target: "es2022", module: "nodenext", strict: true, noUncheckedIndexedAccess: true, lib: ["es2022", "esnext.disposable"], types: ["node"] };
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions: options, files: ["tour.ts"] }));
  execFileSync(`${root}node_modules/.bin/tsc`, ["-p", folder], { stdio: "inherit" });
  const { stdout } = await promisify(execFile)(process.execPath, [`${folder}/tour.js`], { env: { ...process.env, TOCOS_URL: service.url, WEBHOOK_SECRET: undefined } });
  const lines = expected(program);
  expect(lines.length).toBeGreaterThan(15);
  // The webhook's handler prints before its caller does, and stands before it as well.
  expect(stdout.trimEnd().split("\n")).toEqual(lines);
});

test("the ten lines of the project's README are those of this one", () => {
  const section = /^```ts\n(.*?)^```$/ms;
  const own = section.exec(readFileSync(`${root}README.md`, "utf8"))?.[1];
  expect(section.exec(readFileSync(`${root}../../README.md`, "utf8"))?.[1]).toBe(own);
});

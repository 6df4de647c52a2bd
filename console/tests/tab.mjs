// A tab of the browser with the console in it, and what is pressed there.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { useBundle } from "./service.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** A new tab; whatever goes wrong in it fails the test. */
export async function openTab(t, browser, of, hash, { allowed = [], ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-GB", timezoneId: "Europe/Madrid", ...options });
  await useBundle(context);
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("dialog", (dialog) => { wrong.push(`a script said ${dialog.message()}`); void dialog.dismiss(); });
  page.on("console", (message) => { if (/Content Security Policy|Trusted/.test(message.text())) wrong.push(message.text()); });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.origin !== of.url) wrong.push(`it asked ${url.origin}`);
    if (/tocos_\d/.test(request.url())) wrong.push("a key is in an address");
  });
  t.after(async () => {
    await context.close();
    assert.deepEqual(wrong.filter((words) => !allowed.some((one) => words.includes(one))), []);
  });
  await page.goto(`${of.url}/${hash}`);
  return page;
}

export const button = (page, name) => page.getByRole("button", { name, exact: true });
export const dialog = (page) => page.getByRole("dialog");
export const preview = (page) => page.locator(".preview");
export const confirm = (page, name) => dialog(page).getByRole("button", { name, exact: true });
export async function done(page) {
  await dialog(page).waitFor({ state: "detached" });
  await page.locator(".toast").last().waitFor();
}

/** Opens a dialog from the menu of a user's page. */
export async function more(page, name) {
  await page.locator(".menu summary").click();
  await page.locator(".menu-items").getByRole("button", { name }).click();
}

/** Counts what is pressed from now on; the result says how often that was. */
export async function presses(page) {
  await page.evaluate(() => {
    // What the mouse does, and not the click that a label passes on to its input. Once, also where the page goes on.
    if (globalThis.pressed === undefined) addEventListener("pointerdown", () => { globalThis.pressed += 1; }, true);
    globalThis.pressed = 0;
  });
  return () => page.evaluate(() => globalThis.pressed);
}

/** Nothing that axe calls serious or critical is on the page. */
export async function axe(page, where) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations.filter((one) => ["serious", "critical"].includes(one.impact));
  assert.deepEqual(serious.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).slice(0, 3).join(" | ")}`), [], where);
}

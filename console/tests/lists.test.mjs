// The list of users in its orders, and what the overview tells over time, on a real service.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Receiver } from "./receiver.mjs";
import { fill, launch, Service } from "./service.mjs";
import { axe, button, openTab } from "./tab.mjs";

let service, browser, receiver;
before(async () => {
  [service, browser, receiver] = await Promise.all([Service.start(["--webhooks-allow-private", "127.0.0.1"]), launch(), Receiver.start()]);
  await fill(service);
});
after(async () => {
  await browser?.close();
  await service?.stop();
  receiver?.stop();
});

const open = (t, hash = "#/", options = {}) => openTab(t, browser, service, hash, options);
const listed = (page) => page.locator("main tbody tr td:nth-child(2)").allInnerTexts();
/** Waits until the list is what the service gives for this query. */
async function matches(page, query) {
  const wanted = (await service.get(`/v1/users?limit=50&${query}`)).users.map((user) => user.id);
  assert.ok(wanted.length > 1, query);
  for (let tries = 0; ; tries += 1) {
    const found = await listed(page);
    if (JSON.stringify(found) === JSON.stringify(wanted)) return;
    if (tries > 100) assert.deepEqual(found, wanted, query);
    await page.waitForTimeout(50);
  }
}
const sorted = (page, head) => page.getByRole("columnheader", { name: head }).getAttribute("aria-sort");

describe("the list of users", () => {
  test("is sorted by its heads, with the keyboard too, and the address keeps it", async (t) => {
    const page = await open(t, "#/users");
    await matches(page, "");
    assert.deepEqual([await sorted(page, "Id"), await sorted(page, "Coins"), await sorted(page, "Name")], ["ascending", "none", null]);
    await button(page, "Id").click();
    await matches(page, "order=-id");
    assert.equal(await sorted(page, "Id"), "descending");
    await page.locator("main thead").getByRole("button", { name: "Coins" }).focus();
    await page.keyboard.press("Enter");
    await matches(page, "order=-balance&coin=toco");
    assert.deepEqual([await sorted(page, "Id"), await sorted(page, "Balance")], ["none", "descending"]);
    await page.keyboard.press("Space");
    await matches(page, "order=balance&coin=toco");
    assert.equal(await sorted(page, "Balance"), "ascending");
    await page.waitForFunction(() => location.hash === "#/users?coin=toco&order=balance");
    await page.reload();
    await matches(page, "order=balance&coin=toco");
    await page.getByLabel("Sort").selectOption("Newest first");
    await matches(page, "order=-created&coin=toco");
    assert.deepEqual([await sorted(page, "Id"), await sorted(page, "Balance")], ["none", "none"]);
    await axe(page, "a list in another order");
  });

  test("is sorted while it is searched, and goes on page by page", async (t) => {
    for (let at = 0; at < 120; at += 1) await service.put(`/v1/users/page-${String(at * 37 % 120).padStart(3, "0")}`, { name: `Page ${at}` });
    const page = await open(t, "#/users?q=page");
    await page.getByText("Page 0", { exact: true }).waitFor();
    assert.equal(await page.getByLabel("Sort").inputValue(), "created");
    await page.getByLabel("Sort").selectOption("Id, last to first");
    await matches(page, "q=page&order=-id");
    const seen = await listed(page);
    for (const number of [2, 3]) {
      await button(page, "Next").click();
      await page.getByText(`Page ${number}`, { exact: true }).last().waitFor();
      await page.waitForFunction((last) => document.querySelector("main tbody td:nth-child(2)")?.textContent !== last, seen[seen.length - (number === 2 ? 50 : 50)]);
      seen.push(...await listed(page));
    }
    assert.deepEqual(seen, Array.from({ length: 120 }, (_, at) => `page-${String(119 - at).padStart(3, "0")}`));
    // Without a coin there is no balance to go by.
    await page.getByLabel("Sort").selectOption("Highest balance");
    await page.getByText("No user is found").waitFor();
    await page.getByLabel("Coin").selectOption("Any");
    await page.getByText("Page 0", { exact: true }).waitFor();
    assert.equal(await page.getByLabel("Sort").inputValue(), "created");
  });
});

describe("the overview", () => {
  test("shows what was refused over time, also before it was opened", async (t) => {
    const before = (await service.get("/v1/status")).refusals_by_time.counts.reduce((sum, one) => sum + one, 0);
    assert.ok(before >= 2, `${before}`);
    const page = await open(t, "#/");
    const tile = page.locator(".tile", { hasText: "Refusals" });
    await tile.getByText(String(before), { exact: true }).waitFor();
    await tile.getByText("in the last 24 hours").waitFor();
    await tile.getByRole("img", { name: "Refusals of each of the last 24 hours" }).waitFor();
    assert.equal(await tile.locator("rect").count(), 24);
    assert.equal(await tile.locator("rect.some").count(), 1);
    const card = page.locator(".card", { has: page.getByRole("heading", { name: "Refusals" }) });
    await card.locator("canvas").waitFor();
    await card.locator("summary").click();
    await card.getByRole("row").nth(1).waitFor();
    const counted = (await card.locator("tbody tr td:nth-child(2)").allInnerTexts()).reduce((sum, one) => sum + Number(one), 0);
    assert.equal(counted, before);
    for (let times = 0; times < 3; times += 1) await assert.rejects(service.post("/v1/spends", { user: "bob", coin: "toco", amount: 70_000 }), /402/);
    await tile.getByText(String(before + 3), { exact: true }).waitFor();
    await axe(page, "refusals as a table");
  });

  test("shows what was held over time where the report has it", async (t) => {
    const page = await open(t, "#/nowhere");
    const day = (at, more) => ({ day: `2026-11-0${at}`, from: `2026-11-0${at}T00:00:00Z`, until: `2026-11-0${at + 1}T00:00:00Z`, opening: 0, granted: 5, spent: 1, expired: 0, reversed: 0, closing: 4 * at, ...more });
    let rows = [day(1, { held: 3 }), day(2, { held: 1_234_567 })];
    await page.route("**/v1/reports/liability*", (route) => route.fulfill({ contentType: "application/json", body: JSON.stringify({ rows }) }));
    await page.goto(`${service.url}/#/`);
    const chart = page.locator(".card", { has: page.getByRole("heading", { name: "toco by day" }) });
    await chart.getByText("Held 1,234,567").waitFor();
    await chart.getByRole("img", { name: "toco: outstanding and held by day." }).waitFor();
    await chart.locator("summary").click();
    await chart.getByRole("columnheader", { name: "held" }).waitFor();
    rows = [day(1), day(2)];
    await page.reload();
    await chart.getByText("Outstanding 8").waitFor();
    assert.equal(await chart.getByText("Held").count(), 0);
    await chart.locator("summary").click();
    await chart.getByRole("columnheader", { name: "outstanding" }).waitFor();
    assert.equal(await chart.getByRole("columnheader", { name: "held" }).count(), 0);
  });

  test("tells of webhooks that fail or are switched off, and leads to them", async (t) => {
    const page = await open(t, "#/");
    await page.getByText("Newest events").waitFor();
    assert.equal(await page.locator(".attention").count(), 0);
    receiver.answers.set("/billing", [500, "no"]);
    receiver.answers.set("/gone", [410, "no more"]);
    const ids = ["off", "billing", "gone", "well"];
    for (const id of ids) await service.put(`/v1/webhooks/${id}`, { url: `${receiver.url}/${id}`, from_event: 1 });
    await service.post("/v1/webhooks/off/disable");
    const list = page.locator(".attention");
    await list.getByRole("listitem").filter({ hasText: "failing" }).filter({ hasText: /Webhook billing since .*; behind by \d+ events/ }).waitFor();
    await list.getByRole("listitem").filter({ hasText: /^switched offWebhook gone: it answered 410 Gone/ }).waitFor();
    await list.getByRole("listitem").filter({ hasText: /^switched offWebhook off: / }).waitFor();
    assert.deepEqual(await list.getByRole("link").allInnerTexts(), ["billing", "gone", "off"], "one that delivers is not told of, and one that was switched off on request comes last");
    await axe(page, "an overview with something to look at");
    await list.getByRole("link", { name: "billing" }).click();
    await page.getByRole("heading", { level: 1, name: "billing" }).waitFor();
    for (const id of ids) await service.call("DELETE", `/v1/webhooks/${id}`);
    await page.goto(`${service.url}/#/`);
    await page.getByText("Newest events").waitFor();
    await list.waitFor({ state: "detached" });
  });
});

// What people do with the console, in Chromium, on a real service.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fill, launch, NAMES, Service } from "./service.mjs";
import { axe, button, confirm, dialog, done, more, openTab, presses, preview } from "./tab.mjs";

const LONG = "L".repeat(128);
const PAGES = ["#/", "#/users", "#/users?q=a", "#/users/ana", "#/users/script", "#/users/arabic", `#/users/${LONG}`, "#/users/none", "#/events", "#/events?reference=order%201001", "#/events/24", "#/events/27", "#/events/30", "#/holds", "#/schedules", "#/coins", "#/keys", "#/webhooks", "#/webhooks/none", "#/nowhere"];

let service, browser;

before(async () => {
  [service, browser] = await Promise.all([Service.start(), launch()]);
  await fill(service);
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

/** A new tab; whatever goes wrong in it fails the test. */
const open = (t, hash = "#/", { of = service, ...options } = {}) => openTab(t, browser, of, hash, options);
const toco = async (id, of = service) => (await of.get(`/v1/users/${encodeURIComponent(id)}`)).accounts.find((account) => account.coin === "toco");

describe("support", () => {
  test("finds a user by a part of the name", async (t) => {
    const page = await open(t, "#/users");
    await page.locator("#user-search").pressSequentially("garc");
    await page.getByRole("row", { name: /Ana García/ }).waitFor();
    await page.getByRole("row", { name: /Corner Shop/ }).waitFor({ state: "detached" });
    assert.equal(await page.getByRole("row").count(), 2, "the head and one user");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Ana García" }).waitFor();
  });

  test("sees in one click why the balance is what it is", async (t) => {
    const page = await open(t, "#/users/ana");
    await button(page, "Why this balance?").waitFor();
    const pressed = await presses(page);
    await button(page, "Why this balance?").click();
    const why = page.locator(".why");
    await why.getByText("available =").waitFor();
    assert.equal(await pressed(), 1);
    await why.getByRole("link", { name: /^Grant \d+/ }).first().waitFor();
    const account = await toco("ana");
    assert.match(await why.innerText(), new RegExp(`${account.available} available = ${account.total} in all − ${account.held} held`));
    const balances = await page.locator(".history-table tbody tr td:nth-child(5)").allInnerTexts();
    assert.equal(balances[0], `${account.total} toco`, "the newest entry has the balance of now");
  });

  test("gives 50 coins that expire in 30 days in three clicks", async (t) => {
    const page = await open(t, "#/users/bob");
    const before = await toco("bob");
    await button(page, "Grant").waitFor();
    const pressed = await presses(page);
    await button(page, "Grant").click();
    await page.getByText("30 days", { exact: true }).click();
    await preview(page).getByText(`${before.total + 50} toco`).waitFor();
    assert.match(await preview(page).innerText(), /bob gets 50 toco\.[^]*They expire on .*\(in 30 days\)/);
    assert.deepEqual(await toco("bob"), before, "a dry run changes nothing");
    await confirm(page, "Grant").click();
    await done(page);
    assert.equal(await pressed(), 3);
    const now = await toco("bob");
    assert.equal(now.total, before.total + 50);
    const lot = now.lots.find((lot) => lot.amount === 50);
    const days = (new Date(lot.expires_at) - Date.now()) / 86_400_000;
    assert.ok(days > 29.9 && days < 30.1, `${days} days`);
    await page.getByText("50 of the lot that expires on").waitFor();
  });

  test("undoes a wrong spend in two clicks", async (t) => {
    const before = await toco("ana");
    const spend = await service.post("/v1/spends", { user: "ana", coin: "toco", amount: 33, reference: "a mistake" });
    const page = await open(t, "#/users/ana");
    await button(page, `Undo event ${spend.event}`).waitFor();
    const pressed = await presses(page);
    await button(page, `Undo event ${spend.event}`).click();
    await preview(page).getByText("33 toco come back to ana").waitFor();
    await confirm(page, "Undo it").click();
    await done(page);
    assert.equal(await pressed(), 2);
    assert.deepEqual((await toco("ana")).lots, before.lots);
    await page.goto(`${service.url}/#/events/${spend.event}`);
    await page.getByText("All of it was undone.").waitFor();
  });

  test("gets from an entry to what it belongs to", async (t) => {
    const page = await open(t, "#/users/ana?kind=spend");
    await page.locator(".expander").last().click();
    await page.locator(".entry-more").getByText("of the promotional lot that expires on").waitFor();
    await page.locator(".entry-more").getByRole("link", { name: "order 1001" }).click();
    await page.getByText("Events that name order 1001").waitFor();
    await page.getByRole("link", { name: "#27" }).click();
    await page.getByRole("heading", { name: "Event 27" }).waitFor();
    await page.locator(".lots-taken").getByRole("link", { name: "#22" }).click();
    await page.getByText("Where its coins are").waitFor();
    await page.getByText("24 spent", { exact: true }).waitFor();
  });
});

describe("what is done", () => {
  test("happens once, however often it is clicked", async (t) => {
    const before = await toco("shop");
    const page = await open(t, "#/users/shop");
    await button(page, "Spend").click();
    await dialog(page).getByLabel("Amount").fill("7");
    await preview(page).getByText("shop spends 7 toco").waitFor();
    await confirm(page, "Spend").evaluate((element) => { element.click(); element.click(); element.click(); });
    await done(page);
    assert.equal((await toco("shop")).total, before.total - 7);
  });

  test("happens once where the answer is lost", async (t) => {
    const before = await toco("shop");
    const page = await open(t, "#/users/shop");
    const keys = [];
    await page.route("**/v1/spends", async (route) => {
      keys.push(route.request().headers()["idempotency-key"]);
      const response = await route.fetch();
      if (keys.length === 1) { assert.equal(response.status(), 201); await route.abort(); } else await route.fulfill({ response });
    });
    await button(page, "Spend").click();
    await dialog(page).getByLabel("Amount").fill("3");
    await preview(page).getByText("shop spends 3 toco").waitFor();
    await confirm(page, "Spend").click();
    await done(page);
    assert.deepEqual([keys.length, keys[0] === keys[1]], [2, true]);
    assert.equal((await toco("shop")).total, before.total - 3);
  });

  test("has another key when the form is changed", async (t) => {
    const page = await open(t, "#/users/shop");
    const keys = [];
    await page.route("**/v1/transfers", async (route) => {
      keys.push(route.request().headers()["idempotency-key"]);
      // Refused after the dry run, as when somebody else was quicker.
      if (keys.length === 1) await route.fulfill({ status: 402, contentType: "application/problem+json", body: JSON.stringify({ code: "insufficient_funds", title: "Not enough coins", detail: "Somebody was quicker.", status: 402, retryable: false }) });
      else await route.continue();
    });
    await button(page, "Transfer").click();
    await dialog(page).getByLabel("To", { exact: true }).fill("emoji");
    await dialog(page).getByLabel("Amount").fill("5");
    await preview(page).getByText("shop sends 5 toco to emoji").waitFor();
    await confirm(page, "Transfer").click();
    await dialog(page).getByText("Somebody was quicker.").waitFor();
    await dialog(page).getByLabel("Amount").fill("4");
    await preview(page).getByText("shop sends 4 toco to emoji").waitFor();
    await confirm(page, "Transfer").click();
    await done(page);
    assert.equal(keys.length, 2);
    assert.notEqual(keys[0], keys[1]);
  });

  test("is refused in plain words before it is confirmed", async (t) => {
    const page = await open(t, "#/users/hebrew");
    const { available } = await toco("hebrew");
    await button(page, "Spend").click();
    await dialog(page).getByLabel("Amount").fill("1,000,000");
    await preview(page).getByText("Not enough coins").waitFor();
    assert.match(await preview(page).innerText(), new RegExp(`hebrew has ${available} toco available and 1000000 are needed`));
    assert.equal(await confirm(page, "Spend").isDisabled(), true);
    await dialog(page).getByLabel("Amount").fill("1.5");
    await dialog(page).getByText("This coin has no decimals.").waitFor();
    await dialog(page).getByLabel("Amount").fill("many");
    await dialog(page).getByText("This is not a number.").waitFor();
    await page.keyboard.press("Escape");
    await dialog(page).waitFor({ state: "detached" });
    await button(page, "Transfer").click();
    await dialog(page).getByLabel("Amount").fill("5");
    await dialog(page).getByLabel("To", { exact: true }).fill("nobody-at-all");
    await preview(page).getByText("No such user").waitFor();
  });

  test("is holding, extending, capturing and releasing", async (t) => {
    const page = await open(t, "#/users/emoji");
    for (const amount of ["20", "9"]) {
      await button(page, "Hold").click();
      await dialog(page).getByLabel("Amount").fill(amount);
      await preview(page).getByText(`${amount} toco of emoji are held`).waitFor();
      await confirm(page, "Hold").click();
      await done(page);
    }
    await page.locator(".items li").nth(1).waitFor();
    await page.locator(".items").getByRole("button", { name: "Extend" }).first().click();
    await page.getByText("7 days", { exact: true }).click();
    await preview(page).getByText("The hold ends by itself on").waitFor();
    await confirm(page, "Extend").click();
    await done(page);
    await page.locator(".items").getByRole("button", { name: "Capture" }).first().click();
    await dialog(page).getByLabel("Amount").fill("12");
    await preview(page).getByText("The rest of the hold, 8, becomes available again.").waitFor();
    await confirm(page, "Capture").click();
    await done(page);
    // The one that was captured is no longer there.
    await page.locator(".items li").nth(1).waitFor({ state: "detached" });
    await page.locator(".items").getByRole("button", { name: "Release" }).first().click();
    await preview(page).getByText("9 toco of emoji are released").waitFor();
    await confirm(page, "Release").click();
    await done(page);
    await page.getByText("None.").first().waitFor();
    assert.equal((await toco("emoji")).held, 0);
  });

  test("is freezing, limits, spending limits, thresholds, names", async (t) => {
    const page = await open(t, "#/users/hebrew");
    await more(page, "Freeze toco…");
    await preview(page).getByText("No coins can leave the account").waitFor();
    await confirm(page, "Freeze").click();
    await done(page);
    await page.locator(".account .badge", { hasText: "frozen" }).waitFor();
    await more(page, "Unfreeze toco…");
    await confirm(page, "Unfreeze").click();
    await done(page);
    await more(page, /^Limits…/);
    await dialog(page).getByLabel("Ceiling").fill("5,000");
    await preview(page).getByText("ceiling 5,000").waitFor();
    await confirm(page, "Set limits").click();
    await done(page);
    await more(page, "Spending limit…");
    await dialog(page).getByLabel("At most").fill("90");
    await dialog(page).getByLabel("Within").selectOption("hours");
    await preview(page).getByText("90 toco within 1 day").waitFor();
    await confirm(page, "Set limit").click();
    await done(page);
    await more(page, "Thresholds…");
    await dialog(page).getByLabel("Amounts of available coins").fill("10 200");
    await preview(page).getByText("10, 200").waitFor();
    await confirm(page, "Set thresholds").click();
    await done(page);
    const account = await toco("hebrew");
    assert.deepEqual([account.ceiling, account.frozen, account.thresholds, account.spend_limit.hours], [5_000, false, [10, 200], 24]);
    await more(page, "Rename…");
    await dialog(page).getByLabel("Name").fill("Sara");
    await confirm(page, "Rename").click();
    await done(page);
    await page.getByRole("heading", { level: 1, name: "Sara" }).waitFor();
    await service.put("/v1/users/hebrew", { name: NAMES.hebrew });
  });

  test("is making a user, a schedule, and closing", async (t) => {
    const page = await open(t, "#/users");
    await button(page, "New user").click();
    await dialog(page).getByLabel("Id", { exact: true }).fill("zoë@example.com");
    await dialog(page).getByLabel("Name").fill("Zoë");
    await preview(page).getByText("User zoë@example.com was made, named Zoë").waitFor();
    await confirm(page, "Make user").click();
    await page.getByRole("heading", { level: 1, name: "Zoë" }).waitFor();
    await more(page, "New schedule…");
    await dialog(page).getByLabel("Id", { exact: true }).fill("plan:zoë");
    await dialog(page).getByLabel("Amount").fill("25");
    await dialog(page).getByLabel("Begins").fill("2031-01-01T09:00");
    await dialog(page).getByLabel("The coins expire").selectOption("at_next");
    await preview(page).getByText("gets 25 toco every month").waitFor();
    await confirm(page, "Make schedule").click();
    await done(page);
    await page.locator(".items").getByRole("button", { name: "Pause" }).click();
    await confirm(page, "Pause").click();
    await done(page);
    await page.locator(".items .badge", { hasText: "paused" }).waitFor();
    await page.locator(".items").getByRole("button", { name: "Resume" }).click();
    await confirm(page, "Resume").click();
    await done(page);
    await page.locator(".items").getByRole("button", { name: "End" }).click();
    await confirm(page, "End it").click();
    await done(page);
    await more(page, "Close user…");
    await preview(page).getByText("was closed for good").waitFor();
    await confirm(page, "Close for good").click();
    await done(page);
    await page.locator(".page-head .badge", { hasText: "closed" }).waitFor();
    assert.equal(await button(page, "Grant").count(), 0, "nothing can be done with a closed user");
    assert.equal((await service.get("/v1/users/zo%C3%AB%40example.com")).closed, true);
  });

  test("is making a coin with decimals, and amounts are exact", async (t) => {
    const page = await open(t, "#/coins");
    await button(page, "New coin").click();
    await dialog(page).getByLabel("Code").fill("cent");
    await dialog(page).getByLabel("Decimals").fill("2");
    await confirm(page, "Make coin").click();
    await done(page);
    await page.goto(`${service.url}/#/users/emoji`);
    await button(page, "Grant").click();
    await dialog(page).getByLabel("Coin", { exact: true }).selectOption("cent");
    await dialog(page).getByLabel("Amount").fill("90,071,992,547,409.91");
    await preview(page).getByText("emoji gets 90,071,992,547,409.91 cent").waitFor();
    await confirm(page, "Grant").click();
    await done(page);
    assert.equal((await service.get("/v1/coins/cent")).issued, Number.MAX_SAFE_INTEGER);
  });
});

test("integers beyond those of JavaScript are shown exactly", async (t) => {
  const page = await open(t, "#/nowhere");
  await page.route("**/v1/coins", (route) => route.fulfill({ contentType: "application/json", body: '{"coins":[{"code":"toco","decimals":0,"issued":9223372036854775807,"spent":-9223372036854775808,"expired":0,"outstanding":9223372036854775806,"held":9007199254740993}]}' }));
  await page.goto(`${service.url}/#/coins`);
  for (const text of ["9,223,372,036,854,775,807", "9,223,372,036,854,775,806", "9,007,199,254,740,993"]) await page.getByText(text).waitFor();
});

describe("keys", () => {
  let guarded, secrets;
  before(async () => {
    guarded = await Service.start();
    await fill(guarded);
    guarded.key = await guarded.newKey("admin");
    secrets = { read: await guarded.newKey("read"), spend: await guarded.newKey("spend"), grant: await guarded.newKey("grant"), admin: guarded.key };
  });
  after(() => guarded?.stop());

  async function signIn(t, right, hash = "#/users/ana") {
    const page = await open(t, hash, { of: guarded });
    await page.getByLabel("API key").fill(secrets[right] ?? right);
    await button(page, "Sign in").click();
    return page;
  }

  test("a wrong key is refused in plain words", async (t) => {
    const page = await signIn(t, "tocos_9_wrong");
    await page.getByText("This API key is not known, has expired or was revoked.").waitFor();
    await page.getByLabel("API key").fill(secrets.read);
    await button(page, "Sign in").click();
    await page.getByRole("heading", { level: 1, name: "Ana García" }).waitFor();
  });

  test("what a key may not do is not offered", async (t) => {
    const offered = { read: [], spend: ["Spend", "Transfer", "Hold", "Capture", "Release", "Extend"], grant: ["Grant", "Undo", "Change"], admin: [] };
    const seen = new Set();
    for (const right of ["read", "spend", "grant", "admin"]) {
      const page = await signIn(t, right);
      await page.locator(".history-table tbody tr").first().waitFor();
      await page.locator(".items li").nth(1).waitFor();
      for (const name of offered[right]) seen.add(name);
      for (const name of Object.values(offered).flat()) {
        const count = await page.getByRole("button", { name: name === "Undo" ? /^Undo event/ : name, exact: true }).count();
        assert.equal(count > 0, seen.has(name), `${name} with ${right}`);
      }
      assert.equal(await page.getByRole("link", { name: "Keys" }).count(), right === "admin" ? 1 : 0, right);
      if (right !== "read" && right !== "spend") {
        await page.locator(".menu summary").click();
        assert.equal(await button(page, "Close user…").count(), right === "admin" ? 1 : 0, right);
      }
      if (right === "read") {
        for (const hash of ["#/users", "#/coins", "#/holds", "#/schedules", "#/events/22", "#/keys"]) {
          await page.goto(`${guarded.url}/${hash}`);
          await page.getByRole("heading", { level: 1 }).waitFor();
          await page.waitForTimeout(250);
          for (const name of ["New user", "New coin", "Capture", "Pause", "Decimals", "Undo", "New key"]) assert.equal(await button(page, name).count(), 0, `${name} at ${hash}`);
        }
      }
    }
  });

  test("a key is forgotten with its tab unless asked to stay", async (t) => {
    const page = await signIn(t, "read");
    await page.getByRole("heading", { level: 1, name: "Ana García" }).waitFor();
    assert.equal(await page.evaluate(() => localStorage.length), 0);
    await page.reload();
    await page.getByRole("heading", { level: 1, name: "Ana García" }).waitFor();
    const other = await page.context().newPage();
    await other.goto(guarded.url);
    await other.getByLabel("API key").fill(secrets.read);
    await other.getByLabel("Stay signed in on this device").check();
    await button(other, "Sign in").click();
    await other.getByRole("heading", { name: "Overview" }).waitFor();
    const third = await other.context().newPage();
    await third.goto(guarded.url);
    await third.getByRole("heading", { name: "Overview" }).waitFor();
    await button(third, "Sign out").click();
    await third.getByLabel("API key").waitFor();
    assert.equal(await third.evaluate(() => localStorage.length + sessionStorage.length), 0);
  });

  test("are made and revoked, and the secret is shown once", async (t) => {
    const page = await signIn(t, "admin", "#/keys");
    await button(page, "New key").click();
    await dialog(page).getByLabel("Name").fill("<b>shop</b>");
    await dialog(page).getByLabel("It may").selectOption("spend");
    await preview(page).getByText("API key <b>shop</b> was made, with the right spend").waitFor();
    await confirm(page, "Make key").click();
    const secret = await page.locator(".secret code").innerText();
    assert.match(secret, /^tocos_\d+_/);
    assert.equal((await guarded.call("GET", "/v1/keys/self", undefined, secret)).right, "spend");
    await page.reload();
    await page.getByRole("row", { name: /<b>shop<\/b>/ }).waitFor();
    assert.equal(await page.locator(".secret").count(), 0);
    const id = /^tocos_(\d+)_/.exec(secret)[1];
    await button(page, `Revoke key ${id}`).click();
    await confirm(page, "Revoke").click();
    await done(page);
    await assert.rejects(guarded.call("GET", "/v1/keys/self", undefined, secret), /401/);
  });

  test("one that is revoked while it is used leads back to signing in", async (t) => {
    const secret = await guarded.newKey("read", "short");
    const page = await signIn(t, secret);
    await page.getByRole("heading", { level: 1, name: "Ana García" }).waitFor();
    await guarded.post(`/v1/keys/${/^tocos_(\d+)_/.exec(secret)[1]}/revoke`);
    await page.getByText("This API key is not known, has expired or was revoked.").waitFor();
  });

  test("the first one is made here, and used from then on", async (t) => {
    const fresh = await Service.start();
    t.after(() => fresh.stop());
    const page = await open(t, "#/keys", { of: fresh });
    await button(page, "First key").click();
    await preview(page).getByText("with the right admin").waitFor();
    await confirm(page, "Make key").click();
    fresh.key = await page.locator(".secret code").innerText();
    await button(page, "I have kept it").click();
    await page.getByRole("link", { name: "Users" }).click();
    await page.getByText("No users", { exact: true }).waitFor();
    await fresh.get("/v1/users");
  });
});

describe("a service that goes away", () => {
  test("and comes back is noticed, and everything goes on by itself", async (t) => {
    const frail = await Service.start();
    t.after(() => frail.stop());
    await fill(frail);
    const page = await open(t, "#/users/ana", { of: frail });
    await page.locator(".history-table tbody tr").first().waitFor();
    const before = await toco("ana", frail);
    await button(page, "Spend").click();
    await dialog(page).getByLabel("Amount").fill("11");
    await preview(page).getByText("ana spends 11 toco").waitFor();
    await frail.kill();
    await confirm(page, "Spend").click();
    await dialog(page).getByText("No answer yet").waitFor();
    await page.locator(".banner").waitFor();
    await frail.run();
    await done(page);
    await page.locator(".banner").waitFor({ state: "detached" });
    assert.equal((await toco("ana", frail)).total, before.total - 11);
    await frail.post("/v1/grants", { user: "ana", coin: "toco", amount: 1, reference: "after the restart" });
    await page.getByText("after the restart").waitFor();
  });
});

test("events come live", async (t) => {
  const page = await open(t, "#/events");
  await page.getByRole("row").nth(1).waitFor();
  const { event } = await service.post("/v1/grants", { user: "nobody", coin: "toco", amount: 2 });
  await page.getByRole("link", { name: `#${event}`, exact: true }).waitFor();
  await page.getByLabel("Find by").selectOption("event");
  await page.getByLabel("What to find").fill("22");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Event 22" }).waitFor();
});

describe("names of others", () => {
  test("are text on every page, whatever they contain", async (t) => {
    const page = await open(t);
    for (const hash of PAGES) {
      await page.goto(`${service.url}/${hash}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForTimeout(150);
      assert.equal(await page.locator("img").count(), 0, hash);
    }
    await page.goto(`${service.url}/#/users/script`);
    await page.getByRole("heading", { level: 1, name: NAMES.script }).waitFor();
    await button(page, "Grant").click();
    await preview(page).getByText("script gets 50 toco").waitFor();
  });

  test("from right to left leave what is around them in place", async (t) => {
    const page = await open(t, "#/users");
    for (const name of [NAMES.arabic, NAMES.hebrew]) {
      const cell = page.locator("bdi", { hasText: name });
      await cell.waitFor();
      assert.equal(await cell.evaluate((element) => getComputedStyle(element).unicodeBidi), "isolate");
      assert.equal(await cell.evaluate((element) => getComputedStyle(element).direction), "rtl");
    }
  });
});

describe("the keyboard", () => {
  test("reaches the search, and everything else", async (t) => {
    const page = await open(t);
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("боян");
    await page.keyboard.press("Enter");
    await page.getByRole("row", { name: /Боян Петров/ }).waitFor();
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.id), "user-search");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Боян Петров" }).waitFor();
    await button(page, "Grant").focus();
    await page.keyboard.press("Enter");
    await dialog(page).waitFor();
    for (let at = 0; at < 25; at += 1) {
      await page.keyboard.press("Tab");
      const inside = await page.evaluate(() => document.activeElement === document.body || !!document.activeElement.closest("dialog"));
      assert.ok(inside, "focus stays in the dialog");
    }
    await page.keyboard.press("Escape");
    await dialog(page).waitFor({ state: "detached" });
    await page.waitForFunction(() => document.activeElement.textContent === "Grant");
  });
});

for (const [name, options] of [["light", { colorScheme: "light" }], ["dark", { colorScheme: "dark" }]]) {
  test(`axe finds nothing serious in ${name}`, async (t) => {
    const page = await open(t, "#/", options);
    const check = (where) => axe(page, where);
    for (const hash of PAGES) {
      await page.goto(`${service.url}/${hash}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForTimeout(250);
      await check(hash);
    }
    await page.goto(`${service.url}/#/users/ana`);
    await button(page, "Why this balance?").click();
    await page.locator(".expander").first().click();
    await page.locator(".why-lots").waitFor();
    await check("an explanation");
    await button(page, "Grant").click();
    await page.getByText("30 days", { exact: true }).click();
    await preview(page).getByText("ana gets 50 toco").waitFor();
    await check("a dialog");
  });
}

test("every page fits a phone", async (t) => {
  const page = await open(t, "#/", { viewport: { width: 360, height: 740 }, hasTouch: true });
  for (const hash of PAGES) {
    await page.goto(`${service.url}/${hash}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.waitForTimeout(150);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, hash);
    await axe(page, `${hash} on a phone`);
  }
  await button(page, "Menu").click();
  await page.getByRole("link", { name: "Coins" }).click();
  await page.getByRole("heading", { name: "Coins" }).waitFor();
});

test("dates and numbers are the locale's", async (t) => {
  const page = await open(t, "#/users/ana?coin=gem", { locale: "de-DE" });
  await page.getByText("+123,45").waitFor();
});

test("a group shows its nodes and its archive", async (t) => {
  const group = {
    node: "a", role: "follower", epoch: 7, leader: { node: "b", url: "http://10.0.0.2:8080", epoch: 7 }, last_event: 811, tip_event: 812, behind_s: 0.2, lease_age_s: 0, in_flight: 0, appends: 0, healed_frames: 0, faults: 2, rivals: 0, changes: 3, synchronous: true, note: "",
    members: [{ node: "a", url: "http://10.0.0.1:8080", last_event: 811, seen_ago_s: 0.1 }, { node: "b", url: "http://10.0.0.2:8080", last_event: 812, seen_ago_s: 0.4 }],
  };
  const archive = { lag_s: 3.4, lag_bytes: 20_480, last_success_at: new Date().toISOString(), failures: 0 };
  const page = await open(t, "#/nowhere");
  await page.route("**/v1/cluster", (route) => route.fulfill({ contentType: "application/json", body: JSON.stringify(group) }));
  await page.route("**/v1/status", (route) => route.fulfill({ contentType: "application/json", body: JSON.stringify({ open_holds: 0, oldest_hold_at: null, expiring: [], refusals: [], archive }) }));
  await page.reload();
  await page.getByRole("link", { name: "Group" }).click();
  await page.getByRole("row", { name: /10\.0\.0\.2:8080 leader/ }).waitFor();
  await page.getByRole("row", { name: /1 event / }).waitFor();
  await page.getByText("20 kB").waitFor();
  await button(page, "Hand the lead over").waitFor();
  await axe(page, "the group");
});

test("the headers allow the page its own files alone", async () => {
  const page = await fetch(service.url);
  const policy = page.headers.get("content-security-policy");
  for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"]) assert.ok(policy.includes(part), part);
  assert.deepEqual([page.headers.get("x-content-type-options"), page.headers.get("referrer-policy"), page.headers.get("cache-control")], ["nosniff", "no-referrer", "no-cache"]);
  const script = /src="(\/console\/[^"]+)"/.exec(await page.text())[1];
  const file = await fetch(`${service.url}${script}`);
  assert.deepEqual([file.headers.get("content-type"), file.headers.get("cache-control")], ["text/javascript; charset=utf-8", "public, max-age=31536000, immutable"]);
});

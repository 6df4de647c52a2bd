// What operators do with webhooks in the console, on a real service that delivers to a receiver in this process.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { Receiver } from "./receiver.mjs";
import { fill, launch, NAMES, Service } from "./service.mjs";
import { axe, button, confirm, dialog, done, more, openTab, preview } from "./tab.mjs";

/** Waits until it holds. */
async function until(what, holds) {
  for (let tries = 0; !(await holds()); tries += 1) {
    assert.ok(tries < 200, what);
    await new Promise((next) => setTimeout(next, 50));
  }
}

function signature(secret, { headers, body }) {
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  return `v1,${createHmac("sha256", key).update(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`).digest("base64")}`;
}
const signs = (secret, request) => request.headers["webhook-signature"].split(" ").includes(signature(secret, request));

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

const open = (t, hash = "#/webhooks", { of = service, ...options } = {}) => openTab(t, browser, of, hash, options);
const hook = (id) => service.get(`/v1/webhooks/${id}`);
const make = (id, fields = {}) => service.put(`/v1/webhooks/${id}`, { url: `${receiver.url}/${id}`, ...fields });
const grant = async () => (await service.post("/v1/grants", { user: "bob", coin: "toco", amount: 1 })).event;
const heading = (page, name) => page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
const secretOf = (page) => page.locator(".secret code").innerText();
const delivered = (page) => page.getByRole("region", { name: "Last requests" }).getByRole("row");

test("one is made, its secret is shown once, and what it gets arrives", async (t) => {
  const page = await open(t, "#/webhooks", { permissions: ["clipboard-read", "clipboard-write"] });
  await page.getByText("No webhooks").waitFor();
  await button(page, "New webhook").click();
  await dialog(page).getByLabel("Id", { exact: true }).fill("shop");
  await dialog(page).getByLabel("URL", { exact: true }).fill(`${receiver.url}/shop`);
  await preview(page).getByText(`Webhook shop was made: all events but those about webhooks go to ${receiver.url}/shop`).waitFor();
  await dialog(page).getByLabel("It gets").selectOption("some");
  await dialog(page).getByText("Choose at least one.").waitFor();
  assert.equal(await confirm(page, "Make webhook").isDisabled(), true);
  await dialog(page).getByRole("checkbox", { name: "grant", exact: true }).focus();
  await page.keyboard.press("Space");
  await dialog(page).getByRole("checkbox", { name: "hold expired", exact: true }).check();
  await preview(page).getByText("events of the kinds grant, hold expired go to").waitFor();
  assert.deepEqual((await service.get("/v1/webhooks")).webhooks, [], "a dry run changes nothing");
  await confirm(page, "Make webhook").evaluate((element) => { element.click(); element.click(); });
  await done(page);
  await heading(page, "shop");
  const secret = await secretOf(page);
  assert.match(secret, /^whsec_/);
  await page.getByText("is shown now and never again").waitFor();
  await button(page, "Copy the secret").click();
  await page.getByText("Copied").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), secret);
  assert.deepEqual((await hook("shop")).kinds, ["grant", "hold_expired"]);

  await page.getByText("None since the service started").waitFor();
  const event = await grant();
  await page.getByRole("region", { name: "Last requests" }).getByRole("link", { name: `#${event}` }).waitFor();
  assert.match(await delivered(page).nth(1).innerText(), /delivered\s+204/);
  const [request] = receiver.at("/shop");
  assert.ok(signs(secret, request), "the secret that was shown signs what arrives");

  assert.doesNotMatch(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href])), /whsec_/);
  await page.getByRole("link", { name: "Webhooks", exact: true }).click();
  await heading(page, "Webhooks");
  await page.getByRole("row", { name: /^shop .*delivering/ }).getByRole("link", { name: "shop", exact: true }).click();
  await heading(page, "shop");
  await page.getByText("it is not shown again").waitFor();
  assert.equal(await page.getByText("whsec_").count(), 0, "it is gone once one has left the page");
});

test("where the answer with the secret is lost, that is said", async (t) => {
  const page = await open(t);
  let sent = 0;
  await page.route(/\/v1\/webhooks\/lost$/, async (route) => {
    const response = await route.fetch();
    if (route.request().method() === "PUT" && ++sent === 1) await route.abort(); else await route.fulfill({ response });
  });
  await button(page, "New webhook").click();
  await dialog(page).getByLabel("Id", { exact: true }).fill("lost");
  await dialog(page).getByLabel("URL", { exact: true }).fill(`${receiver.url}/lost`);
  await confirm(page, "Make webhook").click();
  await page.getByText("The answer with its secret was lost.").waitFor();
  assert.equal(sent, 2);
  await service.call("DELETE", "/v1/webhooks/lost");
});

test("what is wrong is refused in plain words before it is confirmed", async (t) => {
  await make("taken", { kinds: ["coin"] });
  const page = await open(t);
  await button(page, "New webhook").click();
  const url = dialog(page).getByLabel("URL", { exact: true });
  await dialog(page).getByLabel("Id", { exact: true }).fill("a b");
  await url.fill("ftp://shop.example/");
  await preview(page).getByText("The request is not valid").waitFor();
  assert.equal(await confirm(page, "Make webhook").isDisabled(), true);
  await dialog(page).getByLabel("Id", { exact: true }).fill("new");
  await preview(page).getByText("a URL begins with https://, not with ftp:").waitFor();
  await url.fill(`${receiver.url}/new`);
  await dialog(page).getByText("More", { exact: true }).click();
  await dialog(page).getByLabel("From event").fill("999999");
  await preview(page).getByText("There is no event 999999.").waitFor();
  await dialog(page).getByLabel("From event").fill("");
  await dialog(page).getByLabel("A secret of your own").fill("hush");
  await preview(page).getByText("The request is not valid").waitFor();
  await dialog(page).getByLabel("A secret of your own").fill("");
  await dialog(page).getByLabel("Id", { exact: true }).fill("taken");
  await preview(page).getByText("There is a webhook taken already").waitFor();
  await page.keyboard.press("Escape");
  await dialog(page).waitFor({ state: "detached" });
  assert.deepEqual((await hook("taken")).kinds, ["coin"]);
});

test("one that fails is seen at a glance, says why, and goes on at once when it is asked to", async (t) => {
  const url = `${receiver.url}/frail?x=${NAMES.script.replaceAll(" ", "+")}`;
  // Without the delay that it asks for it would be tried again while this looks at it.
  receiver.answers.set("/frail", [500, `${NAMES.script}${"too long ".repeat(30)}the end`, { "retry-after": "900" }]);
  await service.put("/v1/webhooks/frail", { url, kinds: ["grant"] });
  const event = await grant();
  const page = await open(t);
  const row = page.getByRole("row", { name: /^frail .*failing since/ });
  await row.waitFor();
  assert.match(await row.innerText(), /behind by \d+ events?/);
  await row.getByText(url).waitFor();
  await page.getByText(/\d delivering, 1 failing/).waitFor();
  await row.getByRole("link", { name: "frail" }).click();
  await page.getByRole("alert").getByText("Deliveries are failing since").waitFor();
  await delivered(page).nth(1).waitFor();
  const text = await delivered(page).nth(1).innerText();
  assert.match(text, /failed\s+500/);
  assert.match(text, /it answered 500/);
  assert.ok(text.includes(NAMES.script), "the answer is text");
  assert.ok(!text.includes("the end"));
  await delivered(page).last().getByRole("button", { name: "More" }).click();
  await delivered(page).last().getByText("the end").waitFor();
  await page.getByText(url).first().waitFor();
  assert.equal(await page.locator("img").count(), 0);
  await button(page, "Send a test").click();
  await dialog(page).getByText(url).waitFor();
  await confirm(page, "Send a test").click();
  await page.getByText("The test failed").waitFor();
  assert.equal(await page.locator("img").count(), 0);
  assert.equal(receiver.at("/frail").filter((one) => one.json.type === "ping").length, 1);

  receiver.answers.delete("/frail");
  await button(page, "Send a test").click();
  await confirm(page, "Send a test").click();
  await page.getByText("The test was delivered").waitFor();
  assert.ok(!receiver.events("/frail").slice(1).includes(event), "a test does not try again");
  await button(page, "Try now").click();
  await preview(page).getByText("Deliveries go on where they were, at once.").waitFor();
  await confirm(page, "Try now").click();
  await done(page);
  await page.locator(".page-head .badge", { hasText: "delivering" }).waitFor();
  await page.getByRole("alert").waitFor({ state: "detached" });
  assert.ok(receiver.events("/frail").includes(event));
  await service.call("DELETE", "/v1/webhooks/frail");
});

test("it is switched off and on, and what happened meanwhile arrives", async (t) => {
  await make("pausing", { kinds: ["grant"] });
  const page = await open(t, "#/webhooks/pausing");
  await button(page, "Switch off").click();
  await preview(page).getByText("Nothing is delivered until it is switched on again.").waitFor();
  await confirm(page, "Switch off").click();
  await done(page);
  await page.locator(".page-head .badge", { hasText: "switched off" }).waitFor();
  const event = await grant();
  await page.locator(".page-head").getByText(/by a request.*behind by \d+ event/).waitFor();
  assert.deepEqual(receiver.events("/pausing"), []);
  await button(page, "Switch on").click();
  await preview(page).getByText("Webhook pausing was switched on").waitFor();
  await confirm(page, "Switch on").click();
  await done(page);
  await page.getByRole("region", { name: "Last requests" }).getByRole("link", { name: `#${event}` }).waitFor();
  assert.deepEqual(receiver.events("/pausing"), [event]);
});

test("one that answered 410 was switched off, and says so", async (t) => {
  receiver.answers.set("/gone", [410, "no more"]);
  await make("gone", { kinds: ["grant"] });
  await grant();
  const page = await open(t, "#/webhooks");
  await page.getByRole("row", { name: /^gone .*switched off it answered 410 Gone/ }).waitFor();
  await page.goto(`${service.url}/#/webhooks/gone`);
  await page.getByRole("alert").getByText("It was switched off: it answered 410 Gone").waitFor();
  receiver.answers.delete("/gone");
  await page.getByRole("alert").getByRole("button", { name: "Switch on" }).click();
  await confirm(page, "Switch on").click();
  await done(page);
  await page.getByRole("alert").waitFor({ state: "detached" });
});

test("a new secret signs, for a while beside the old one", async (t) => {
  const { secret: old } = await make("turning", { kinds: ["grant"] });
  const page = await open(t, "#/webhooks/turning");
  await more(page, "New secret…");
  await preview(page).getByText("For 1 day requests are signed with the one before, too.").waitFor();
  await confirm(page, "Make new secret").click();
  await done(page);
  await page.getByText("Webhook turning has a new secret").waitFor();
  const secret = await secretOf(page);
  assert.notEqual(secret, old);
  await page.getByText("two sign, the old one until").waitFor();
  await grant();
  await until("it arrives", () => receiver.at("/turning").length === 1);
  assert.ok(signs(secret, receiver.at("/turning")[0]) && signs(old, receiver.at("/turning")[0]));
  await button(page, "I have kept it").click();
  assert.equal(await page.getByText("whsec_").count(), 0);
  await more(page, "New secret…");
  await dialog(page).getByLabel("The old one goes on signing, too").selectOption("0");
  await preview(page).getByText("The one before no longer signs anything.").waitFor();
  await confirm(page, "Make new secret").click();
  await done(page);
  const third = await secretOf(page);
  await grant();
  await until("it arrives", () => receiver.at("/turning").length === 2);
  assert.equal(receiver.at("/turning")[1].headers["webhook-signature"], signature(third, receiver.at("/turning")[1]));
});

test("it delivers again from an event, or skips to one", async (t) => {
  const first = await grant();
  await make("again", { kinds: ["grant"], from_event: first });
  const second = await grant();
  await until("both arrive", () => receiver.events("/again").length === 2);
  const page = await open(t, "#/webhooks/again");
  await more(page, "Deliver again…");
  const from = dialog(page).getByLabel("From event");
  await from.fill("999999");
  await preview(page).getByText("There is no event 999999.").waitFor();
  assert.equal(await confirm(page, "Deliver again").isDisabled(), true);
  await from.fill(String(first));
  await preview(page).getByText(new RegExp(`Those of the events ${first} to \\d+ that are for it arrive again`)).waitFor();
  await confirm(page, "Deliver again").click();
  await done(page);
  await until("both arrive again", () => receiver.events("/again").length === 4);
  assert.deepEqual(receiver.events("/again"), [first, second, first, second]);

  await page.goto(`${service.url}/#/events/${second}`);
  await button(page, "Deliver again from here").click();
  await dialog(page).getByLabel("To", { exact: true }).selectOption("again");
  await preview(page).getByText("Deliveries to webhook again go on from event").waitFor();
  await confirm(page, "Deliver again").click();
  await done(page);
  await until("one arrives again", () => receiver.events("/again").length === 5);
  assert.equal(receiver.events("/again")[4], second);

  await service.post("/v1/webhooks/again/disable");
  const skipped = await grant();
  const wanted = await grant();
  await page.goto(`${service.url}/#/webhooks/again`);
  await page.locator(".page-head .badge", { hasText: "switched off" }).waitFor();
  await more(page, "Deliver again…");
  await from.fill(String(wanted));
  await preview(page).getByText(/Events \d+ to \d+ are skipped/).waitFor();
  await preview(page).getByText("It is switched off and stays so.").waitFor();
  await confirm(page, "Deliver again").click();
  await done(page);
  await service.post("/v1/webhooks/again/enable");
  await until("the last one arrives", () => receiver.events("/again").includes(wanted));
  assert.ok(!receiver.events("/again").includes(skipped));
});

test("it is changed, keeps what is not in the form, and is deleted", async (t) => {
  const { secret } = await make("change", { kinds: ["grant", "spend"], coins: ["toco"], user_prefix: "bo", crossed_only: true, batch: 20 });
  const page = await open(t, "#/webhooks/change");
  await page.getByText("events of the kinds grant, spend, of toco, of users that begin with bo, only if they crossed a threshold").waitFor();
  await button(page, "Change").click();
  await dialog(page).getByRole("checkbox", { name: "spend", exact: true }).uncheck();
  await preview(page).getByText("events of the kind grant, of toco, of users that begin with bo, only if they crossed a threshold").waitFor();
  await dialog(page).getByText("More", { exact: true }).click();
  await dialog(page).getByLabel("Only events that crossed a threshold").uncheck();
  await preview(page).getByText("It goes on where it is").waitFor();
  await confirm(page, "Change").click();
  await done(page);
  await page.getByText("a list of up to 20").waitFor();
  const { kinds, coins, user_prefix: prefix, crossed_only: crossed, batch } = await hook("change");
  assert.deepEqual({ kinds, coins, prefix, crossed, batch }, { kinds: ["grant"], coins: ["toco"], prefix: "bo", crossed: false, batch: 20 });
  await grant();
  await until("it arrives", () => receiver.at("/change").length === 1);
  assert.ok(signs(secret, receiver.at("/change")[0]), "the secret is as before");
  await more(page, "Delete…");
  await preview(page).getByText("Nothing more is delivered to it.").waitFor();
  await confirm(page, "Delete").click();
  await done(page);
  await heading(page, "Webhooks");
  await assert.rejects(hook("change"), /404/);
  await page.goto(`${service.url}/#/webhooks/change`);
  await page.getByText("There is no such webhook").waitFor();
});

test("all kinds of the API can be chosen", async (t) => {
  const { paths } = await service.get("/openapi.json");
  const kinds = paths["/v1/webhooks/{webhook}"].put.requestBody.content["application/json"].schema.properties.kinds.items.enum;
  const page = await open(t);
  await button(page, "New webhook").click();
  await dialog(page).getByLabel("It gets").selectOption("some");
  const offered = await dialog(page).getByRole("group", { name: "Kinds" }).locator(".chip").allInnerTexts();
  assert.deepEqual(offered.map((word) => word.replaceAll(" ", "_")).sort(), [...kinds].sort());
});

test("what happened to webhooks is said in words", async (t) => {
  await make("told", { batch: 5 });
  await service.post("/v1/webhooks/told/disable");
  await service.call("DELETE", "/v1/webhooks/told");
  const page = await open(t, "#/events");
  for (const words of ["Webhook told was made", "Webhook told was switched off", "Webhook told was deleted"]) await page.getByText(words).waitFor();
  const { events } = await service.get("/v1/events?limit=1000");
  const about = events.filter((event) => event.kind.startsWith("webhook"));
  const kinds = new Map(about.map((event) => [event.kind, event.event]));
  assert.ok(kinds.size >= 5, [...kinds.keys()].join());
  for (const [kind, event] of kinds) {
    await page.goto(`${service.url}/#/events/${event}`);
    await page.locator(".words-head").waitFor();
    assert.match(await page.locator(".words-head").innerText(), /ebhook \S+ /, kind);
  }
});

describe("on every screen", () => {
  const PAGES = ["#/webhooks", "#/webhooks/shown", "#/webhooks/none"];
  before(async () => {
    receiver.answers.set("/shown", [500, `${"W".repeat(300)}${NAMES.arabic}`]);
    await service.put(`/v1/users/${encodeURIComponent(NAMES.hebrew)}`);
    await service.post("/v1/grants", { user: NAMES.hebrew, coin: "toco", amount: 1 });
    await service.put("/v1/webhooks/shown", { url: `${receiver.url}/shown?${"long".repeat(100)}`, kinds: ["grant", "spend", "hold_expired", "webhook_failing", "thresholds"], user_prefix: NAMES.hebrew, from_event: 1 });
    await until("it fails", async () => (await hook("shown")).failing_since !== null);
  });

  for (const scheme of ["light", "dark"]) {
    test(`axe finds nothing serious in ${scheme}`, async (t) => {
      const page = await open(t, "#/webhooks", { colorScheme: scheme });
      for (const hash of PAGES) {
        await page.goto(`${service.url}/${hash}`);
        await page.getByRole("heading", { level: 1 }).waitFor();
        await page.waitForTimeout(300);
        await axe(page, hash);
      }
      await page.goto(`${service.url}/#/webhooks/shown`);
      await button(page, "Change").click();
      await preview(page).getByText("Webhook shown was changed").waitFor();
      await axe(page, "a form");
    });
  }

  test("it fits a phone", async (t) => {
    const page = await open(t, "#/webhooks", { viewport: { width: 360, height: 740 }, hasTouch: true });
    for (const hash of PAGES) {
      await page.goto(`${service.url}/${hash}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForTimeout(300);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, hash);
      await axe(page, `${hash} on a phone`);
    }
    await page.goto(`${service.url}/#/webhooks/shown`);
    await button(page, "Change").click();
    await preview(page).getByText("Webhook shown was changed").waitFor();
    const wide = await dialog(page).evaluate((element) => element.scrollWidth - element.clientWidth);
    assert.equal(wide, 0);
  });

  test("texts of others keep their direction to themselves", async (t) => {
    const page = await open(t, "#/webhooks/shown");
    const prefix = page.locator(".facts bdi", { hasText: NAMES.hebrew });
    await prefix.waitFor();
    assert.equal(await prefix.evaluate((element) => getComputedStyle(element).direction), "rtl");
  });
});

// The last one: from here on the service wants a key.
test("a key that may read sees it all and is offered nothing", async (t) => {
  service.key = await service.newKey("admin");
  const secrets = { read: await service.newKey("read"), grant: await service.newKey("grant"), admin: service.key };
  const names = ["New webhook", "Change", "Send a test", "Switch off", "Switch on", "Try now", "More", "Delete…", "Deliver again from here"];
  for (const [right, offers] of [["read", false], ["grant", false], ["admin", true]]) {
    const page = await open(t, "#/webhooks");
    await page.getByLabel("API key").fill(secrets[right]);
    await button(page, "Sign in").click();
    await page.getByRole("row", { name: /^shown .*failing/ }).waitFor();
    const seen = new Set();
    for (const hash of ["#/webhooks", "#/webhooks/shown", "#/webhooks/shop", "#/events/20"]) {
      await page.goto(`${service.url}/${hash}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      if (hash === "#/webhooks/shown") await delivered(page).nth(1).waitFor();
      await page.waitForTimeout(300);
      for (const name of names) if (await page.locator(".page-head, .notice").getByText(name, { exact: true }).count()) seen.add(name);
    }
    if (offers) for (const name of ["New webhook", "Change", "Send a test", "Switch off", "Try now", "More", "Deliver again from here"]) assert.ok(seen.has(name), name);
    else assert.deepEqual([...seen], [], right);
  }
});

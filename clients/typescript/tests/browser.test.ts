// The same package in Chromium, on a page of the service's own origin.
import { readFileSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type * as client from "@tocos/client";
import { Service } from "./service.js";

const PAGE = '<!doctype html><title>app</title><script type="module">import * as client from "/app/index.js"; globalThis.client = client;</script>';
const dist = new URL("../dist/", import.meta.url).pathname;
let service: Service;
let browser: Browser;

beforeAll(async () => {
  service = await Service.start();
  service.apiKey = (await service.client().keys.create({ name: "page", right: "admin" })).secret;
  browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
});
afterAll(async () => {
  await browser.close();
  await service.stop();
});

test("a page grants, holds, captures, lists, follows the feed and checks a webhook", async () => {
  const page = await browser.newPage();
  await page.route("**/app/**", async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === "/app/") return route.fulfill({ contentType: "text/html", body: PAGE });
    return route.fulfill({ contentType: "text/javascript", body: readFileSync(dist + pathname.slice("/app/".length), "utf8") });
  });
  await page.goto(`${service.url}/app/`);
  await page.waitForFunction("globalThis.client");
  const result = await page.evaluate(async (apiKey) => {
    const { Tocos, InsufficientFundsError, signWebhook, verifyWebhook } = (globalThis as unknown as { client: typeof client }).client;
    const tocos = new Tocos({ url: location.origin, apiKey });
    await tocos.users.put("ana");
    await tocos.grant({ user: "ana", coin: "toco", amount: 50 });
    await tocos.withHold({ user: "ana", coin: "toco", amount: 40 }, (hold) => hold.capture(8));
    const refusal = await tocos.spend({ user: "ana", coin: "toco", amount: 999 }).catch((error: unknown) => error);
    const kinds: string[] = [];
    for await (const event of tocos.events.follow()) {
      kinds.push(event.kind);
      if (event.kind === "capture") break;
    }
    const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const webhook = await verifyWebhook("{}", await signWebhook("{}", { secret, id: "1" }), { secret });
    return { users: await tocos.users.list().toArray(), refused: refusal instanceof InsufficientFundsError && refusal.available, kinds, webhook };
  }, service.apiKey);
  expect(result).toEqual({
    users: [{ id: "ana", name: null, coins: { toco: 42 } }],
    refused: 42,
    kinds: ["key", "user", "grant", "hold", "capture"],
    webhook: {},
  });
});

test("a page of another origin can't use the service, as the README says", async () => {
  const other = await Service.start();
  const page = await browser.newPage();
  await page.goto(`${other.url}/version`);
  const refused = await page.evaluate((url) => fetch(`${url}/version`).then(() => "allowed", () => "refused"), service.url);
  expect(refused).toBe("refused");
  await other.stop();
});

// The feed, and lists page by page.
import { afterAll, beforeAll, expect, test } from "vitest";
import { Tocos, type Event } from "@tocos/client";
import { Proxy, type Fault } from "./proxy.js";
import { Service } from "./service.js";

let service: Service;
let proxy: Proxy;
let direct: Tocos;
let tocos: Tocos;

beforeAll(async () => {
  service = await Service.start();
  proxy = await Proxy.start(service.url);
  direct = service.client();
  tocos = new Tocos({ url: proxy.url, backoff: { baseMs: 5, maxMs: 20 }, attemptTimeoutMs: 300 });
  await direct.users.put("ana");
});
afterAll(async () => {
  await proxy.stop();
  await service.stop();
});

async function take(feed: AsyncIterable<Event>, count: number): Promise<number[]> {
  const numbers: number[] = [];
  for await (const { event } of feed) {
    numbers.push(event);
    if (numbers.length === count) break;
  }
  return numbers;
}

test("the feed goes on through breaks and a restart: every event comes once, in order", async () => {
  const faults: Fault[] = ["cut", "half", "503", "lost", "pass"];
  let asked = 0;
  proxy.next = () => faults[asked++ % faults.length] ?? "pass";
  const first = (await direct.grant({ user: "ana", coin: "toco", amount: 1 })).event;
  const taken = take(tocos.events.follow({ after: first - 1, waitS: 1 }), 61);
  for (let count = 0; count < 30; count += 1) await direct.grant({ user: "ana", coin: "toco", amount: 1 });
  await service.kill();
  await service.run();
  for (let count = 0; count < 30; count += 1) await direct.grant({ user: "ana", coin: "toco", amount: 1 });
  expect(await taken).toEqual(Array.from({ length: 61 }, (_none, at) => first + at));
  proxy.script();
});

test("latest begins with what comes next", async () => {
  const feed = tocos.events.follow({ after: "latest", waitS: 5 });
  const next = feed.next();
  await new Promise((done) => setTimeout(done, 100));
  const grant = await direct.grant({ user: "ana", coin: "toco", amount: 1 });
  expect((await next).value).toEqual(grant);
  await feed.return();
});

test("a signal ends the feed with its reason", async () => {
  const controller = new AbortController();
  setTimeout(() => {
    controller.abort(new Error("enough"));
  }, 50);
  await expect(take(tocos.events.follow({ after: "latest", signal: controller.signal }), 1)).rejects.toThrow("enough");
});

test("a feed that has a timeout is patient with a quiet service, and not with one that is away", async () => {
  proxy.script();
  const quiet = tocos.events.follow({ after: "latest", waitS: 1, timeoutMs: 300 });
  const next = quiet.next();
  await new Promise((done) => setTimeout(done, 1_500));
  const grant = await direct.grant({ user: "ana", coin: "toco", amount: 1 });
  expect((await next).value).toEqual(grant);
  proxy.next = () => "lost";
  await expect(quiet.next()).rejects.toMatchObject({ name: "ConnectionError" });
  proxy.script();
});

test("a definite refusal ends the feed", async () => {
  await expect(take(tocos.events.follow({ after: -1 }), 1)).rejects.toMatchObject({ code: "invalid_request", field: "after" });
});

test("only events that crossed a threshold, past those that did not", async () => {
  await direct.users.put("bob");
  await direct.users.setThresholds("bob", "toco", { thresholds: [10] });
  const small = await direct.grant({ user: "bob", coin: "toco", amount: 5 });
  const crossing = await direct.grant({ user: "bob", coin: "toco", amount: 10 });
  expect(await take(tocos.events.follow({ after: small.event - 1, crossed: true, waitS: 1 }), 1)).toEqual([crossing.event]);
  const listed = await tocos.events.list({ crossed: true, limit: 1 }).toArray();
  expect(listed.map(({ event }) => event)).toEqual([crossing.event]);
});

test("lists go page by page, each page once, and on a bad network too", async () => {
  const ids = Array.from({ length: 25 }, (_none, at) => `member${String(at).padStart(2, "0")}`);
  await direct.batch(ids.map((user) => ({ op: "user", user }) as const));
  const faults: Fault[] = ["cut", "pass"];
  let asked = 0;
  proxy.next = () => faults[asked++ % 2] ?? "pass";
  const list = tocos.users.list({ prefix: "member", limit: 10 });
  expect((await list.toArray()).map(({ id }) => id)).toEqual(ids);
  proxy.script();
  const pages: number[] = [];
  for await (const { items } of list.pages()) pages.push(items.length);
  expect(pages.reduce((sum, count) => sum + count)).toBe(25);
  expect(pages.length).toBeGreaterThanOrEqual(3);
  proxy.script();
  for await (const { id } of list) if (id === "member03") break;
  expect(proxy.seen).toHaveLength(1);
  const page = await list.page();
  expect((await tocos.users.list({ prefix: "member", limit: 10, cursor: page.next ?? "" }).page()).items[0]?.id).toBe(ids[page.items.length]);
});

test("events are listed up to now, whatever the size of a page", async () => {
  const all = await tocos.events.list({ limit: 7 }).toArray();
  expect(all.map(({ event }) => event)).toEqual(Array.from({ length: all.length }, (_none, at) => at + 1));
  expect(all.length).toBeGreaterThan(80);
  expect(await tocos.events.list({ reference: "none" }).toArray()).toEqual([]);
});

test("reads wait for what was written, where that is asked for", async () => {
  const seen: string[] = [];
  const client = new Tocos({
    url: service.url,
    readYourWrites: true,
    fetch: (input, init) => {
      seen.push(new Headers(init?.headers).get("tocos-min-event") ?? "none");
      return fetch(input, init);
    },
  });
  const { event } = await client.grant({ user: "ana", coin: "toco", amount: 1 });
  await client.users.get("ana");
  expect(seen).toEqual(["none", String(event)]);
  expect(client.lastEvent).toBe(event);
  const behind = client.users.get("ana", {}, { minEvent: event + 1_000, maxRetries: 0 });
  await expect(behind).rejects.toMatchObject({ code: "behind", event, minEvent: event + 1_000 });
});

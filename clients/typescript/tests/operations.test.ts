// Every operation of the API, on a real service.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  KeySecretLostError,
  ProblemError,
  UserNotFoundError,
  WebhookNotFoundError,
  WebhookSecretLostError,
  eventsOfWebhook,
  isProblem,
  verifyWebhook,
  type Attempt,
  type Tocos,
} from "@tocos/client";
import { Receiver } from "./receiver.js";
import { Service } from "./service.js";

interface Document {
  paths: Record<string, Record<string, { operationId: string }>>;
}
const document = JSON.parse(readFileSync(new URL("../../../crates/api/openapi.json", import.meta.url), "utf8")) as Document;

// A page for people.
const NOT_FOR_CLIENTS = new Set(["get_docs"]);
const called = new Set<string>();

function note({ method, path, status }: Attempt): void {
  if (status === undefined || status >= 300) return;
  for (const [template, operations] of Object.entries(document.paths)) {
    const pattern = new RegExp(`^${template.replaceAll(".", "\\.").replace(/\{\w+\}/g, "[^/]+")}$`);
    const operation = operations[method.toLowerCase()];
    // /v1/keys/self is not a key.
    if (pattern.test(path) && operation && (template === path || !Object.hasOwn(document.paths, path))) called.add(operation.operationId);
  }
}

let service: Service;
let tocos: Tocos;
let receiver: Receiver;

beforeAll(async () => {
  service = await Service.start("--test-clock", "--webhooks-allow-private", "127.0.0.1");
  receiver = await Receiver.start();
  const first = await service.client({ onAttempt: note }).keys.create({ name: "tests", right: "admin" });
  service.apiKey = first.secret;
  tocos = service.client({ onAttempt: note });
});
afterAll(async () => {
  receiver.stop();
  await service.stop();
});

test("users are made, found, read as they were, and closed", async () => {
  const made = await tocos.users.create({ id: "ana", name: "Ana" });
  expect(made).toMatchObject({ kind: "user", user: "ana", created: true });
  const odd = "auth0|5f7c 8ec7&?".replace("?", "é");
  await tocos.users.put(odd, { metadata: { plan: "pro" } });
  expect((await tocos.users.get(odd)).metadata).toEqual({ plan: "pro" });
  await tocos.grant({ user: "ana", coin: "toco", amount: 10 });
  expect((await tocos.users.get("ana", { at: String(made.event) })).coins).toEqual({});
  expect((await tocos.users.list({ q: "an" }).toArray()).map(({ id }) => id)).toEqual(["ana"]);
  expect((await tocos.users.list({ id: ["nobody", odd, "ana"] }).toArray()).map(({ id }) => id)).toEqual([odd, "ana"]);
  expect((await tocos.users.close(odd)).kind).toBe("user_closed");
  await expect(tocos.users.close("nobody")).rejects.toBeInstanceOf(UserNotFoundError);
});

test("coins have limits and thresholds", async () => {
  await tocos.coins.put("gem", { decimals: 2 });
  await tocos.users.put("carl");
  await tocos.coins.setThresholds("gem", { thresholds: [5] });
  await tocos.coins.setSpendLimit("gem", { amount: 100, per: "day" });
  expect((await tocos.coins.get("gem")).spend_limit).toMatchObject({ amount: 100 });
  await tocos.coins.removeSpendLimit("gem");
  expect((await tocos.coins.get("gem")).spend_limit ?? null).toBeNull();
  await tocos.users.setLimits("carl", "gem", { floor: -10, ceiling: 500 });
  await tocos.users.setSpendLimit("carl", "gem", { amount: 8, per: "hours", hours: 2 });
  await tocos.users.setThresholds("carl", "gem", { thresholds: [1, 2] });
  await tocos.grant({ user: "carl", coin: "gem", amount: 3 });
  await expect(tocos.spend({ user: "carl", coin: "gem", amount: 9 })).rejects.toMatchObject({ code: "spend_limit_reached", left: 8, needed: 9 });
  await tocos.users.removeSpendLimit("carl", "gem");
  expect((await tocos.spend({ user: "carl", coin: "gem", amount: 9 })).balances).toEqual({ carl: { total: -6, held: 0, available: -6 } });
  expect((await tocos.coins.list()).map(({ code }) => code).sort()).toEqual(["gem", "toco"]);
  await expect(tocos.users.setSpendLimit("carl", "gem", { amount: undefined as unknown as number })).rejects.toThrow("amount is undefined");
});

test("coins are granted, spent, transferred, reversed and followed", async () => {
  await tocos.users.put("dora");
  await tocos.users.put("emil");
  const grant = await tocos.grant({ user: "dora", coin: "toco", amount: 100, lot: true, reference: "order 17" });
  await tocos.transfer({ from: "dora", to: "emil", coin: "toco", amount: 20 });
  const spend = await tocos.spend({ user: "dora", coin: "toco", amount: 30 });
  await tocos.events.reverse(spend.event, { amount: 10 });
  expect(await tocos.grants.get(grant.event)).toMatchObject({ left: 60, spent: 20, moved_on: 20 });
  expect(await tocos.grants.uses(grant.event, { limit: 1 }).toArray()).toHaveLength(3);
  expect(await tocos.events.list({ reference: "order 17" }).toArray()).toEqual([grant]);
  expect(await tocos.events.get(spend.event)).toEqual(spend);
  const history = await tocos.users.history("dora", { limit: 2 }).toArray();
  expect(history.map(({ kind }) => kind)).toEqual(["reverse", "spend", "transfer", "grant"]);
});

test("holds are made, listed, extended, captured and released", async () => {
  await tocos.users.put("finn");
  await tocos.grant({ user: "finn", coin: "toco", amount: 50 });
  const hold = await tocos.holds.create({ user: "finn", coin: "toco", amount: 40, timeout_s: 60 });
  const later = new Date(Date.parse(hold.expires_at) + 3_600_000).toISOString();
  expect(Date.parse((await tocos.holds.extend(hold.id, { expires_at: later })).expires_at)).toBe(Date.parse(later));
  expect(await tocos.holds.list({ user: "finn" }).toArray()).toEqual([await tocos.holds.get(hold.id)]);
  expect(await tocos.holds.capture(hold.id, { amount: 5, final: false })).toMatchObject({ held: 35, state: "open" });
  expect(await tocos.holds.release(hold.id)).toMatchObject({ amount: 35 });
});

test("schedules are put, listed, previewed, paused, resumed and deleted, and grant by themselves", async () => {
  await tocos.users.put("gina");
  await tocos.schedules.put("plan:gina", { user: "gina", coin: "toco", amount: 7, every_days: 1 });
  expect((await tocos.schedules.preview("plan:gina", { count: 3 })).occurrences).toHaveLength(3);
  await tocos.clock.advance(86_400 * 2);
  const { coins } = await tocos.users.get("gina");
  expect(coins["toco"]).toBeGreaterThanOrEqual(14);
  await tocos.schedules.pause("plan:gina");
  await tocos.schedules.resume("plan:gina");
  expect(await tocos.schedules.list({ user: "gina" }).toArray()).toHaveLength(1);
  expect((await tocos.schedules.get("plan:gina")).amount).toBe(7);
  await tocos.schedules.delete("plan:gina");
  await expect(tocos.schedules.get("plan:gina")).rejects.toMatchObject({ code: "schedule_not_found", schedule: "plan:gina" });
});

test("a batch says what was applied and what was refused; an atomic one is refused as a whole", async () => {
  await tocos.users.put("hans");
  const result = await tocos.batch(
    [
      { op: "grant", user: "hans", coin: "toco", amount: 9 },
      { op: "spend", user: "nobody", coin: "toco", amount: 1 },
    ],
    { results: "all" },
  );
  expect(result).toMatchObject({ applied: 1, refused: 1 });
  expect(result.results.map(isProblem)).toEqual([false, true]);
  const refusal = tocos.batch(
    [
      { op: "spend", user: "hans", coin: "toco", amount: 9 },
      { op: "spend", user: "hans", coin: "toco", amount: 1 },
    ],
    { atomic: true },
  );
  await expect(refusal).rejects.toMatchObject({ code: "insufficient_funds", available: 0, needed: 1 });
  expect((await tocos.users.get("hans")).coins).toEqual({ toco: 9 });
});

test("a dry run returns what would happen, and nothing does", async () => {
  const before = await tocos.users.get("ana");
  const would = await tocos.spend({ user: "ana", coin: "toco", amount: 4 }, { dryRun: true });
  expect(would.balances["ana"]?.total).toBe(6);
  expect(await tocos.users.get("ana")).toEqual(before);
  expect((await tocos.keys.create({ name: "none", right: "read" }, { dryRun: true })).secret).toBeUndefined();
});

test("keys are made, listed and revoked; a secret that was lost is said to be lost", async () => {
  const key = await tocos.keys.create({ name: "shop", right: "read" }, { idempotencyKey: "key/shop" });
  expect(await service.client({ apiKey: key.secret, onAttempt: note }).keys.self()).toMatchObject({ id: key.id, right: "read" });
  await expect(service.client({ apiKey: key.secret }).grant({ user: "ana", coin: "toco", amount: 1 })).rejects.toMatchObject({ code: "forbidden" });
  const again = await tocos.keys.create({ name: "shop", right: "read" }, { idempotencyKey: "key/shop" }).catch((error: unknown) => error);
  expect(again).toBeInstanceOf(KeySecretLostError);
  expect((again as KeySecretLostError).keyId).toBe(key.id);
  expect((await tocos.keys.list()).some(({ id }) => id === key.id)).toBe(true);
  await tocos.keys.revoke(key.id);
  await expect(service.client({ apiKey: key.secret }).keys.self()).rejects.toMatchObject({ code: "unauthenticated", status: 401 });
});

test("webhooks are put, tested, delivered to, delivered to again, switched off and on, and deleted", async () => {
  await tocos.users.put("karl");
  const { secret = "", ...made } = await tocos.webhooks.put("shop", { url: receiver.url, kinds: ["grant"] });
  expect(made).toMatchObject({ kind: "webhook", webhook: "shop", kinds: ["grant"], created: true });
  const check = async (by: string): Promise<unknown> => {
    const { body, headers } = await receiver.next();
    // The test clock is ahead by days.
    const message = await verifyWebhook(body, headers, { secret: by, now: Number(headers["webhook-timestamp"]) * 1_000 });
    return message.type === "ping" ? message.data : eventsOfWebhook(message);
  };
  expect(await tocos.webhooks.test("shop")).toMatchObject({ delivered: true, status: 204, events: 0 });
  expect(await check(secret)).toEqual({ webhook: "shop" });

  const grant = await tocos.grant({ user: "karl", coin: "toco", amount: 3 });
  expect(await check(secret)).toEqual([grant]);
  // It goes on where it is, with its secret.
  const changed = await tocos.webhooks.put("shop", { url: receiver.url, kinds: ["grant", "spend"], batch: 10 });
  expect([changed.created, changed.batch, changed.secret]).toEqual([false, 10, undefined]);
  const spend = await tocos.spend({ user: "karl", coin: "toco", amount: 2 });
  expect(await check(secret)).toEqual([spend]);
  expect((await tocos.webhooks.redeliver("shop", { from_event: grant.event })).from_event).toBe(grant.event);
  expect(await check(secret)).toEqual([grant, spend]);

  const rotated = await tocos.webhooks.rotateSecret("shop", { keep_s: 60 });
  await tocos.webhooks.test("shop");
  await tocos.webhooks.test("shop");
  for (const one of [secret, rotated.secret ?? ""]) expect(await check(one)).toEqual({ webhook: "shop" });

  expect((await tocos.webhooks.disable("shop", { reference: "moving" })).reason).toBe("requested");
  expect(await tocos.webhooks.get("shop")).toMatchObject({ id: "shop", enabled: false, disabled_reason: "requested" });
  await tocos.webhooks.enable("shop");
  expect(await tocos.webhooks.list()).toMatchObject([{ id: "shop", enabled: true, disabled_reason: null }]);
  // A delivery is noted a moment after its request was answered, and tests are noted by others.
  const ranges = async (): Promise<string[]> => (await tocos.webhooks.deliveries("shop")).map((one) => `${one.first_event}-${one.last_event}`);
  await expect.poll(ranges, { timeout: 5_000 }).toHaveLength(6);
  const newestFirst = [`${grant.event}-${spend.event}`, `${spend.event}-${spend.event}`, `${grant.event}-${grant.event}`];
  expect((await ranges()).filter((range) => range !== "null-null")).toEqual(newestFirst);

  await tocos.webhooks.delete("shop");
  const gone = await tocos.webhooks.get("shop").catch((error: unknown) => error);
  expect(gone instanceof WebhookNotFoundError && gone.webhook).toBe("shop");
});

test("a receiver that fails or is slow is no error of a test", async () => {
  await tocos.webhooks.put("slow", { url: receiver.url, kinds: ["key"] });
  receiver.status = 500;
  expect(await tocos.webhooks.test("slow")).toMatchObject({ delivered: false, status: 500 });
  receiver.status = 204;
  receiver.delayMs = 400;
  const attempts: Attempt[] = [];
  const hasty = service.client({ attemptTimeoutMs: 100, onAttempt: (attempt) => attempts.push(attempt) });
  expect(await hasty.webhooks.test("slow")).toMatchObject({ delivered: true });
  expect(attempts.map(({ idempotencyKey, status }) => [idempotencyKey, status])).toEqual([[undefined, 200]]);
  await expect(tocos.webhooks.test("slow", { attemptTimeoutMs: 100 })).rejects.toMatchObject({ name: "DeadlineError", attempts: 1 });
  receiver.delayMs = 0;
  await tocos.webhooks.delete("slow");
});

test("a webhook's secret that was lost is said to be lost; one that was brought can't be", async () => {
  const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  const body = { url: receiver.url, kinds: ["key" as const] };
  expect((await tocos.webhooks.put("lost", body, { dryRun: true })).secret).toBeUndefined();
  const made = await tocos.webhooks.put("lost", body, { idempotencyKey: "webhook/lost" });
  const again = await tocos.webhooks.put("lost", body, { idempotencyKey: "webhook/lost" }).catch((error: unknown) => error);
  expect(again).toBeInstanceOf(WebhookSecretLostError);
  expect(again).toMatchObject({ webhook: "lost", idempotencyKey: "webhook/lost", mayHaveBeenApplied: true });
  expect((await tocos.webhooks.rotateSecret("lost", {}, { dryRun: true })).secret).toBeUndefined();
  const rotated = await tocos.webhooks.rotateSecret("lost", {}, { idempotencyKey: "rotate/lost" });
  expect(new Set([made.secret, rotated.secret, undefined]).size).toBe(3);
  await expect(tocos.webhooks.rotateSecret("lost", {}, { idempotencyKey: "rotate/lost" })).rejects.toBeInstanceOf(WebhookSecretLostError);
  expect((await tocos.webhooks.rotateSecret("lost", { secret })).secret).toBeUndefined();
  expect((await tocos.webhooks.put("brought", { ...body, secret })).created).toBe(true);
  await expect(tocos.webhooks.put("bad", { url: "http://10.0.0.1/" })).rejects.toMatchObject({ code: "invalid_request", field: "url" });
});

test("the liability report adds up, also where its sums are beyond what a number holds", async () => {
  await tocos.coins.put("big");
  await tocos.users.put("ida");
  for (let round = 0; round < 2; round += 1) {
    const grant = await tocos.grant({ user: "ida", coin: "big", amount: Number.MAX_SAFE_INTEGER });
    await tocos.events.reverse(grant.event);
  }
  const report = await tocos.liability({ coin: "big" });
  expect(report.rows[0]?.granted).toBe(18_014_398_509_481_982n);
  expect(report.rows[0]?.reversed).toBe(-18_014_398_509_481_982n);
  expect(report.rows[0]?.closing).toBe(0);
});

test("metadata come back as they were sent, whole numbers of any size included", async () => {
  const metadata = { id: 123_456_789_012_345_678_901n, small: 5, half: 0.5, text: '"9007199254740993"', deep: [{ n: -9_007_199_254_740_993n }] };
  await tocos.users.put("jan", { metadata });
  expect((await tocos.users.get("jan")).metadata).toEqual(metadata);
});

test("the service says what it is and how it is", async () => {
  expect((await tocos.version()).name).toBe("tocos");
  expect((await tocos.openapi())["openapi"]).toBe("3.1.0");
  expect((await tocos.status()).open_holds).toBe(0);
  expect((await tocos.clock.get()).ledger_time).toBeTypeOf("string");
  expect((await tocos.cluster.get()).role).toBe("alone");
});

test("what only a group or an implausible clock takes is refused, and not sent again", async () => {
  const attempts: Attempt[] = [];
  const client = service.client({ onAttempt: (attempt) => attempts.push(attempt) });
  await expect(client.cluster.handover()).rejects.toBeInstanceOf(ProblemError);
  await client.clock.accept().catch((error: unknown) => {
    expect(error).toBeInstanceOf(ProblemError);
  });
  expect(attempts).toHaveLength(2);
  expect(attempts.every(({ idempotencyKey }) => idempotencyKey === undefined)).toBe(true);
  for (const attempt of attempts) note({ ...attempt, status: 200 });
});

test("no operation of the API is left out", () => {
  const all = Object.values(document.paths).flatMap((operations) => Object.values(operations).map(({ operationId }) => operationId));
  expect(all.filter((id) => !called.has(id) && !NOT_FOR_CLIENTS.has(id))).toEqual([]);
});

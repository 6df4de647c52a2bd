// A bad network: whatever it does, each operation is applied once. The sums are those of the ledger.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ConnectionError, DeadlineError, InsufficientFundsError, Tocos, UnexpectedResponseError, type ClientOptions } from "@tocos/client";
import { Proxy, type Fault } from "./proxy.js";
import { Service } from "./service.js";

let service: Service;
let proxy: Proxy;
/** Sees the ledger without faults. */
let direct: Tocos;
let tocos: Tocos;

const through = (options: Partial<ClientOptions> = {}): Tocos =>
  new Tocos({ url: proxy.url, apiKey: service.apiKey, attemptTimeoutMs: 200, backoff: { baseMs: 5, maxMs: 20 }, timeoutMs: 20_000, ...options });

beforeAll(async () => {
  service = await Service.start();
  service.apiKey = (await service.client().keys.create({ name: "tests", right: "admin" })).secret;
  direct = service.client();
  proxy = await Proxy.start(service.url);
  tocos = through();
});
afterAll(async () => {
  await proxy.stop();
  await service.stop();
});

const total = async (user: string): Promise<number> => (await direct.users.get(user)).coins["toco"] ?? 0;
let user: string;
let users = 0;
beforeEach(async () => {
  users += 1;
  user = `user${users}`;
  await direct.users.put(user);
  await direct.grant({ user, coin: "toco", amount: 1_000 });
  proxy.script();
});

describe("a spend that meets a fault is applied once, under one key", () => {
  test.each<Fault>(["lost", "cut", "half", "slow", "502", "503", "429", "refused"])("%s", async (fault) => {
    proxy.script(fault, fault);
    const event = await tocos.spend({ user, coin: "toco", amount: 10 });
    expect(event.balances[user]?.total).toBe(990);
    expect(await total(user)).toBe(990);
    expect(proxy.seen.map((seen) => seen.fault)).toEqual([fault, fault, "pass"]);
    const keys = new Set(proxy.seen.map(({ key }) => key));
    expect(keys.size).toBe(1);
    expect([...keys][0]).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(proxy.seen.map(({ body }) => body)).size).toBe(1);
  });
});

test("two calls have two keys", async () => {
  await tocos.spend({ user, coin: "toco", amount: 10 });
  await tocos.spend({ user, coin: "toco", amount: 10 });
  expect(new Set(proxy.seen.map(({ key }) => key)).size).toBe(2);
  expect(await total(user)).toBe(980);
});

test("a key of the caller's own is the one that is sent, and makes a second call harmless", async () => {
  proxy.script("cut");
  const first = await tocos.spend({ user, coin: "toco", amount: 10 }, { idempotencyKey: `order 1/${user}` });
  const second = await tocos.spend({ user, coin: "toco", amount: 10 }, { idempotencyKey: `order 1/${user}` });
  expect(second).toEqual(first);
  expect(new Set(proxy.seen.map(({ key }) => key))).toEqual(new Set([`order 1/${user}`]));
  expect(await total(user)).toBe(990);
});

test("a refusal is definite: it is not sent again", async () => {
  await expect(tocos.spend({ user, coin: "toco", amount: 5_000 })).rejects.toBeInstanceOf(InsufficientFundsError);
  await expect(tocos.spend({ user: "nobody", coin: "toco", amount: 1 })).rejects.toMatchObject({ code: "user_not_found", attempts: 1, mayHaveBeenApplied: false });
  expect(proxy.seen).toHaveLength(2);
});

test("a refusal after a cut settles that nothing was applied", async () => {
  proxy.script("cut");
  const refusal = tocos.spend({ user, coin: "toco", amount: 5_000 });
  await expect(refusal).rejects.toMatchObject({ code: "insufficient_funds", attempts: 2, mayHaveBeenApplied: false });
});

test("Retry-After is honoured", async () => {
  proxy.script("refused");
  await tocos.spend({ user, coin: "toco", amount: 10 });
  const [first, second] = proxy.seen;
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1_000);
});

test("the deadline ends the retries, and a Retry-After beyond it ends them at once; the error has the key", async () => {
  proxy.next = () => "cut";
  const started = performance.now();
  const cut = await through({ timeoutMs: 300 })
    .spend({ user, coin: "toco", amount: 10 })
    .catch((error: unknown) => error);
  expect(performance.now() - started).toBeLessThan(1_000);
  expect(cut).toBeInstanceOf(ConnectionError);
  expect(cut).toMatchObject({ mayHaveBeenApplied: true, idempotencyKey: proxy.seen[0]?.key });
  // The last one may have ended before it reached the proxy.
  expect((cut as ConnectionError).attempts - proxy.seen.length).toBeLessThanOrEqual(1);
  expect(proxy.seen.length).toBeGreaterThan(2);

  proxy.script("refused");
  const refused = await through({ timeoutMs: 900 })
    .spend({ user, coin: "toco", amount: 10 })
    .catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(UnexpectedResponseError);
  expect(refused).toMatchObject({ status: 503, attempts: 1 });

  proxy.script("slow");
  const slow = await through({ timeoutMs: 100 })
    .spend({ user, coin: "toco", amount: 10 })
    .catch((error: unknown) => error);
  expect(slow).toBeInstanceOf(DeadlineError);
  expect(slow).toMatchObject({ mayHaveBeenApplied: true });
  // Under the key of the error the caller finds out.
  const { idempotencyKey } = cut as ConnectionError;
  expect((await direct.events.list({ idempotency_key: idempotencyKey ?? "" }).toArray()).map(({ kind }) => kind)).toEqual(["spend"]);
});

test("maxRetries bounds the attempts; 0 sends once", async () => {
  proxy.next = () => "lost";
  await expect(through({ maxRetries: 0 }).spend({ user, coin: "toco", amount: 1 })).rejects.toMatchObject({ attempts: 1 });
  await expect(tocos.spend({ user, coin: "toco", amount: 1 }, { maxRetries: 2 })).rejects.toMatchObject({ attempts: 3 });
});

test("a signal ends a call with its reason, also amid a pause, and nothing is sent afterwards", async () => {
  proxy.script("refused");
  const controller = new AbortController();
  const reason = new Error("the user went away");
  setTimeout(() => {
    controller.abort(reason);
  }, 50);
  await expect(tocos.spend({ user, coin: "toco", amount: 10 }, { signal: controller.signal })).rejects.toBe(reason);
  await expect(tocos.spend({ user, coin: "toco", amount: 10 }, { signal: controller.signal })).rejects.toBe(reason);
  expect(proxy.seen).toHaveLength(1);
  proxy.script("slow");
  const slow = new AbortController();
  setTimeout(() => {
    slow.abort(reason);
  }, 50);
  await expect(tocos.users.get(user, {}, { signal: slow.signal })).rejects.toBe(reason);
});

test("a service that is not there was not reached: nothing may have been applied", async () => {
  const gone = await Proxy.start(service.url);
  await gone.stop();
  const nowhere = new Tocos({ url: gone.url, timeoutMs: 100 });
  await expect(nowhere.spend({ user, coin: "toco", amount: 1 })).rejects.toMatchObject({ name: "ConnectionError", mayHaveBeenApplied: false });
});

test("reads are sent again, and so are dry runs, which have no key", async () => {
  proxy.script("cut", "503", "half");
  expect((await tocos.users.get(user)).coins).toEqual({ toco: 1_000 });
  proxy.script("cut", "half");
  await tocos.spend({ user, coin: "toco", amount: 10 }, { dryRun: true });
  expect(proxy.seen.map(({ key }) => key)).toEqual([undefined, undefined, undefined]);
  expect(await total(user)).toBe(1_000);
});

test("a write that takes no key is not sent again after a cut", async () => {
  const clocked = await Service.start("--test-clock");
  const fault = await Proxy.start(clocked.url);
  try {
    const client = new Tocos({ url: fault.url, backoff: { baseMs: 5 } });
    const before = Date.parse((await client.clock.get()).system_time);
    fault.script("cut");
    await expect(client.clock.advance(60)).rejects.toMatchObject({ attempts: 1, mayHaveBeenApplied: true });
    expect(Date.parse((await client.clock.get()).system_time) - before).toBe(60_000);
  } finally {
    await fault.stop();
    await clocked.stop();
  }
});

test("a batch that is cut off is applied once, operation by operation", async () => {
  for (const atomic of [false, true]) {
    proxy.script("cut", "half");
    const result = await tocos.batch(
      [1, 2, 3].map((amount) => ({ op: "spend", user, coin: "toco", amount }) as const),
      { atomic },
    );
    expect(result.applied + result.replayed).toBe(3);
  }
  expect(await total(user)).toBe(1_000 - 12);
});

test("through random faults, from several clients at once, nothing is lost and nothing is done twice", async () => {
  const seed = Number(process.env["TOCOS_SEED"] ?? Date.now() % 1_000_000);
  console.log(`TOCOS_SEED=${seed}`);
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const faults: Fault[] = ["lost", "cut", "half", "slow", "502", "503", "429"];
  proxy.next = () => (random() < 0.5 ? "pass" : (faults[Math.floor(random() * faults.length)] ?? "pass"));
  const to = `${user}/shop`.replace("/", "-");
  await direct.users.put(to);
  let spent = 0;
  let moved = 0;
  let left = 120;
  const work = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const amount = 1 + (left % 5);
      if (left % 3 === 0) {
        await tocos.transfer({ from: user, to, coin: "toco", amount });
        moved += amount;
      } else if (left % 3 === 1) {
        await tocos.spend({ user, coin: "toco", amount });
        spent += amount;
      } else {
        await tocos.withHold({ user, coin: "toco", amount: amount + 5 }, (hold) => hold.capture(amount));
        spent += amount;
      }
    }
  };
  await Promise.all([work(), work(), work(), work()]);
  expect(await total(user)).toBe(1_000 - spent - moved);
  expect(await total(to)).toBe(moved);
  expect(await direct.holds.list({ user }).toArray()).toEqual([]);
  expect(proxy.seen.length).toBeGreaterThan(200);
}, 60_000);

test("a call outlives a restart of the service", async () => {
  await service.kill();
  const spend = through({ timeoutMs: 20_000 }).spend({ user, coin: "toco", amount: 10 });
  await new Promise((done) => setTimeout(done, 200));
  await service.run();
  expect((await spend).balances[user]?.total).toBe(990);
});

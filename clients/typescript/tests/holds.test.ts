// Holds as scopes: who leaves one without a capture releases the coins.
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Tocos, type OpenHold } from "@tocos/client";
import { Proxy } from "./proxy.js";
import { Service } from "./service.js";

let service: Service;
let proxy: Proxy;
let tocos: Tocos;
let user: string;
let users = 0;

beforeAll(async () => {
  service = await Service.start();
  proxy = await Proxy.start(service.url);
  tocos = new Tocos({ url: proxy.url, backoff: { baseMs: 5 } });
});
afterAll(async () => {
  await proxy.stop();
  await service.stop();
});
beforeEach(async () => {
  proxy.script();
  users += 1;
  user = `user${users}`;
  await tocos.users.put(user);
  await tocos.grant({ user, coin: "toco", amount: 500 });
});

const balance = async (): Promise<unknown> => {
  const { total, held, available } = (await tocos.users.get(user)).accounts[0] ?? {};
  return { total, held, available };
};
const body = (): { user: string; coin: string; amount: number } => ({ user, coin: "toco", amount: 400 });

test("what the work cost is captured, and the rest is released", async () => {
  const captured = await tocos.withHold(body(), async (hold) => {
    expect(await balance()).toEqual({ total: 500, held: 400, available: 100 });
    return hold.capture(137);
  });
  expect(captured).toMatchObject({ amount: 137, released: 263, state: "captured" });
  expect(await balance()).toEqual({ total: 363, held: 0, available: 363 });
  expect(proxy.seen.some(({ path }) => path.endsWith("/release"))).toBe(false);
});

test("an error releases everything, and is thrown", async () => {
  const error = new Error("the model is overloaded");
  const failed = tocos.withHold(body(), () => {
    throw error;
  });
  await expect(failed).rejects.toBe(error);
  expect(await balance()).toEqual({ total: 500, held: 0, available: 500 });
});

test("leaving without a capture releases everything", async () => {
  expect(await tocos.withHold(body(), () => "nothing was used")).toBe("nothing was used");
  expect(await balance()).toEqual({ total: 500, held: 0, available: 500 });
});

test("captures that leave the hold open take their part; the rest is released at the end", async () => {
  await tocos.withHold(body(), async (hold) => {
    await hold.capture(100, { final: false, reference: "first answer" });
    await hold.capture(50, { final: false });
    await hold.capture(25, {}, { dryRun: true });
  });
  expect(await balance()).toEqual({ total: 350, held: 0, available: 350 });
});

test("an abort of the work does not keep the release from being sent", async () => {
  const controller = new AbortController();
  const work = tocos.withHold(
    body(),
    async (hold) => {
      controller.abort(new Error("stop"));
      await hold.capture(1, {}, { signal: controller.signal });
    },
    { signal: controller.signal },
  );
  await expect(work).rejects.toThrow("stop");
  expect(await balance()).toEqual({ total: 500, held: 0, available: 500 });
});

test("a hold that ended otherwise meanwhile is fine", async () => {
  await tocos.withHold(body(), async ({ id }) => {
    await tocos.holds.capture(id, { amount: 7 });
  });
  expect(await balance()).toEqual({ total: 493, held: 0, available: 493 });
});

test("an amount that is missing by mistake does not take everything", async () => {
  const work = tocos.withHold(body(), (hold) => hold.capture(undefined as unknown as number));
  await expect(work).rejects.toThrow("an amount was expected");
  await expect(tocos.withHold(body(), (hold) => hold.capture(Number.NaN))).rejects.toThrow("NaN");
  expect(await balance()).toEqual({ total: 500, held: 0, available: 500 });
  await tocos.withHold(body(), (hold) => hold.captureAll());
  expect(await balance()).toEqual({ total: 100, held: 0, available: 100 });
});

test("await using releases at the end of the scope, and extend keeps the hold longer", async () => {
  let kept: OpenHold | undefined;
  {
    await using hold = await tocos.hold(body());
    kept = hold;
    const later = new Date(Date.now() + 7_200_000).toISOString();
    expect((await hold.extend({ expires_at: later })).hold).toBe(hold.id);
    expect(await balance()).toMatchObject({ held: 400 });
  }
  expect((await tocos.holds.get(kept.id)).state).toBe("released");
  await kept.close();
  expect(await balance()).toEqual({ total: 500, held: 0, available: 500 });
});

test("hold, capture and release are each done once on a bad network", async () => {
  proxy.script("cut", "half", "pass", "cut", "503", "pass");
  await tocos.withHold(body(), (hold) => hold.capture(30));
  proxy.script("pass", "cut", "half");
  await tocos.withHold(body(), () => undefined);
  expect(await balance()).toEqual({ total: 470, held: 0, available: 470 });
});

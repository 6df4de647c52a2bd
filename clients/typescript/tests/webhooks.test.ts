// Webhooks, compared with the library of Standard Webhooks.
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { WebhookVerificationError, signWebhook, verifyWebhook } from "@tocos/client";

const secret = `whsec_${Buffer.from("a secret of thirty-two bytes....").toString("base64")}`;
const other = `whsec_${Buffer.from("another one, of other bytes").toString("base64")}`;
const body = '{"event":7,"kind":"spend","user":"Бобан","amount":5,"big":9007199254740993}';
const now = 1_800_000_000_000;
const signed = (key = secret, at = now): Record<string, string> => ({
  "webhook-id": "msg_1",
  "webhook-timestamp": String(at / 1_000),
  "webhook-signature": new Webhook(key).sign("msg_1", new Date(at), body),
});

test("what the library signs is accepted, as text and as bytes, with any kind of headers", async () => {
  const expected = { event: 7, kind: "spend", user: "Бобан", amount: 5, big: 9_007_199_254_740_993n };
  expect(await verifyWebhook(body, signed(), { secret, now })).toEqual(expected);
  expect(await verifyWebhook(Buffer.from(body), new Headers(signed()), { secret, now })).toEqual(expected);
  const upper = Object.fromEntries(Object.entries(signed()).map(([name, value]) => [name.toUpperCase(), value]));
  expect(await verifyWebhook(new TextEncoder().encode(body), upper, { secret, now })).toEqual(expected);
});

test("what signWebhook signs is what the library signs, and accepts", async () => {
  const headers = await signWebhook(body, { secret, id: "msg_1", timestamp: now / 1_000 });
  expect(headers).toEqual(signed());
  const fresh = await signWebhook(body, { secret, id: "msg_2" });
  expect(new Webhook(secret).verify(body, fresh)).toMatchObject({ event: 7 });
});

test("one right signature among several is enough, and one right secret", async () => {
  const both = `v1,AAAA v1a,xyz ${signed(other)["webhook-signature"] ?? ""} ${signed()["webhook-signature"] ?? ""}`;
  await verifyWebhook(body, { ...signed(), "webhook-signature": both }, { secret, now });
  await verifyWebhook(body, signed(), { secret: [other, secret], now });
});

const refused: [string, string, Record<string, string | undefined>, number][] = [
  ["another body", `${body} `, signed(), now],
  ["another secret", body, signed(other), now],
  ["another id", body, { ...signed(), "webhook-id": "msg_2" }, now],
  ["another time", body, { ...signed(), "webhook-timestamp": String(now / 1_000 + 1) }, now],
  ["no signature of this version", body, { ...signed(), "webhook-signature": (signed()["webhook-signature"] ?? "").replace("v1,", "v2,") }, now],
  ["no base64", body, { ...signed(), "webhook-signature": "v1,%%%" }, now],
  ["an empty signature", body, { ...signed(), "webhook-signature": "v1," }, now],
  ["no id", body, { ...signed(), "webhook-id": undefined }, now],
  ["no time", body, { ...signed(), "webhook-timestamp": "soon" }, now],
  ["too old", body, signed(), now + 301_000],
  ["from the future", body, signed(), now - 301_000],
];
test.each(refused)("%s is refused", async (_what, text, headers, at) => {
  await expect(verifyWebhook(text, headers, { secret, now: at })).rejects.toBeInstanceOf(WebhookVerificationError);
});

test("the tolerance is five minutes, both ways, unless it is set", async () => {
  await verifyWebhook(body, signed(), { secret, now: now + 299_000 });
  await verifyWebhook(body, signed(), { secret, now: now - 299_000 });
  await verifyWebhook(body, signed(), { secret, now: now + 3_599_000, toleranceS: 3_600 });
});

test("a secret of another form is a mistake of the caller", async () => {
  await expect(verifyWebhook(body, signed(), { secret: "abc", now })).rejects.toBeInstanceOf(TypeError);
  await expect(verifyWebhook(body, signed(), { secret: "whsec_", now })).rejects.toBeInstanceOf(TypeError);
});

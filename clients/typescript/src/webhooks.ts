// Checks that a webhook comes from the service: the scheme of Standard Webhooks (standardwebhooks.com), symmetric signatures.
import { parse } from "./json.js";
import { TocosError } from "./errors.js";
import type { Event } from "./types.js";

const TOLERANCE_S = 300;
const PREFIX = "whsec_";

/** A request that is not a webhook of the service, or an old one. Respond with 400 and do nothing. */
export class WebhookVerificationError extends TocosError {
  override readonly name: string = "WebhookVerificationError";
}

/** What a webhook is checked against. */
export interface VerifyOptions {
  /** The secret of the endpoint, `whsec_...`; several while it is replaced by another. */
  secret: string | readonly string[];
  /** How old a webhook may be, and how far ahead its clock. Default: 300 seconds. */
  toleranceS?: number | undefined;
  /** The time to compare with, in milliseconds. Default: now. */
  now?: number | undefined;
}

/** The headers of a request: those of `fetch`, or the object that Node's servers have. */
export type WebhookHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

/** What the service sends: one event, a list of them where `batch` is above 1, or a test. */
export type WebhookMessage =
  | { type: `event.${Event["kind"]}`; timestamp: string; data: Event }
  | { type: "events"; timestamp: string; data: Event[] }
  | { type: "ping"; timestamp: string; data: { webhook: string } };

/** The events of a message, in order: none in a test. Drop those whose number you already have. */
export function eventsOfWebhook(message: WebhookMessage): Event[] {
  if (message.type === "events") return message.data;
  return message.type === "ping" ? [] : [message.data];
}

/**
 * Checks a webhook and returns its content. Pass the body exactly as it was received: text that was parsed and written again has other bytes.
 * Throws a `WebhookVerificationError` if the signature or the time is wrong.
 */
export async function verifyWebhook<T = WebhookMessage>(body: string | Uint8Array, headers: WebhookHeaders, options: VerifyOptions): Promise<T> {
  const id = header(headers, "webhook-id");
  const timestamp = header(headers, "webhook-timestamp");
  const signatures = header(headers, "webhook-signature");
  const seconds = /^[0-9]{1,15}$/.test(timestamp) ? Number(timestamp) : NaN;
  const ageS = (options.now ?? Date.now()) / 1_000 - seconds;
  const toleranceS = options.toleranceS ?? TOLERANCE_S;
  if (Number.isNaN(seconds)) throw new WebhookVerificationError("webhook-timestamp is not a time in seconds");
  if (Math.abs(ageS) > toleranceS) throw new WebhookVerificationError(`webhook-timestamp is ${ageS > 0 ? "too old" : "in the future"}`);
  const signed = signedBytes(id, timestamp, body);
  const secrets = typeof options.secret === "string" ? [options.secret] : options.secret;
  let matches = false;
  for (const secret of secrets) {
    const key = await importKey(secret, ["verify"]);
    for (const entry of signatures.split(" ")) {
      const signature = entry.startsWith("v1,") ? fromBase64(entry.slice(3)) : undefined;
      // WebCrypto compares in constant time.
      if (signature && (await crypto.subtle.verify("HMAC", key, signature, signed))) matches = true;
    }
  }
  if (!matches) throw new WebhookVerificationError("none of the signatures is right");
  try {
    return parse(typeof body === "string" ? body : new TextDecoder("utf-8", { fatal: true }).decode(body)) as T;
  } catch (cause) {
    throw new WebhookVerificationError("the body is not JSON", { cause });
  }
}

/** Signs a webhook as the service does, for your own tests. Returns the headers. */
export async function signWebhook(
  body: string | Uint8Array,
  options: { secret: string; id: string; timestamp?: number | undefined },
): Promise<{ "webhook-id": string; "webhook-timestamp": string; "webhook-signature": string }> {
  const timestamp = String(options.timestamp ?? Math.floor(Date.now() / 1_000));
  const key = await importKey(options.secret, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, signedBytes(options.id, timestamp, body));
  const base64 = btoa(String.fromCharCode(...new Uint8Array(signature)));
  return { "webhook-id": options.id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${base64}` };
}

function header(headers: WebhookHeaders, name: string): string {
  let value: string | readonly string[] | null | undefined;
  if (headers instanceof Headers) value = headers.get(name);
  else value = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  if (typeof value !== "string" || value === "") throw new WebhookVerificationError(`the header ${name} is missing`);
  return value;
}

function signedBytes(id: string, timestamp: string, body: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const head = encoder.encode(`${id}.${timestamp}.`);
  const rest = typeof body === "string" ? encoder.encode(body) : body;
  const all = new Uint8Array(head.length + rest.length);
  all.set(head);
  all.set(rest, head.length);
  return all;
}

async function importKey(secret: string, uses: KeyUsage[]): Promise<CryptoKey> {
  const bytes = secret.startsWith(PREFIX) ? fromBase64(secret.slice(PREFIX.length)) : undefined;
  if (!bytes?.length) throw new TypeError("the secret of a webhook was expected: whsec_ and base64");
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, uses);
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}

// URLs that events are delivered to. What receives them is in ../webhooks.ts.
import { WebhookSecretLostError } from "../errors.js";
import { path } from "../transport.js";
import type { CallOptions, ReadOptions, WriteOptions } from "../options.js";
import { Resource } from "./resource.js";
import type {
  NewWebhook,
  NoteBody,
  RedeliverBody,
  RotatedWebhook,
  RotateSecretBody,
  Webhook,
  WebhookBody,
  WebhookDeletedEvent,
  WebhookDelivery,
  WebhookDisabledEvent,
  WebhookEnabledEvent,
  WebhookRedeliveredEvent,
} from "../types.js";

// The service waits 15 seconds for the receiver.
const TEST_MS = 20_000;

export class Webhooks extends Resource {
  /** All webhooks, without their secrets. */
  async list(options: ReadOptions = {}): Promise<Webhook[]> {
    return (await this.read<{ webhooks: Webhook[] }>("/v1/webhooks", options)).webhooks;
  }

  /** A webhook, and how far its deliveries have come. */
  get(webhook: string, options: ReadOptions = {}): Promise<Webhook> {
    return this.read(path`/v1/webhooks/${webhook}`, options);
  }

  /**
   * Makes a webhook under an id of yours, or replaces its URL, filter and batch; it then goes on where it is, with its secret. The `secret` that
   * the service makes for a new one is in this response only. If the response is lost on its way, the retry finds the webhook made and no secret:
   * then this throws a `WebhookSecretLostError`. (A dry run returns no secret.)
   */
  async put(webhook: string, body: WebhookBody, options: WriteOptions = {}): Promise<NewWebhook> {
    const put = await this.write<NewWebhook>("PUT", path`/v1/webhooks/${webhook}`, body, options);
    if (put.created) checkSecret(put, body, options);
    return put;
  }

  delete(webhook: string, options: WriteOptions = {}): Promise<WebhookDeletedEvent> {
    return this.write("DELETE", path`/v1/webhooks/${webhook}`, undefined, options);
  }

  /**
   * Makes a new secret; for `keep_s` the one before signs as well. The secret is in this response only: if it is lost on its way, this throws
   * a `WebhookSecretLostError`. (A dry run returns no secret.)
   */
  async rotateSecret(webhook: string, body: RotateSecretBody = {}, options: WriteOptions = {}): Promise<RotatedWebhook> {
    const rotated = await this.write<RotatedWebhook>("POST", path`/v1/webhooks/${webhook}/rotate-secret`, body, options);
    checkSecret(rotated, body, options);
    return rotated;
  }

  /** Delivers nothing until it is enabled again. It stays where it is. */
  disable(webhook: string, body: NoteBody = {}, options: WriteOptions = {}): Promise<WebhookDisabledEvent> {
    return this.write("POST", path`/v1/webhooks/${webhook}/disable`, body, options);
  }

  /** Goes on where deliveries were, at once, also where they were failing. */
  enable(webhook: string, body: NoteBody = {}, options: WriteOptions = {}): Promise<WebhookEnabledEvent> {
    return this.write("POST", path`/v1/webhooks/${webhook}/enable`, body, options);
  }

  /** Goes on from an event on, an earlier or a later one. */
  redeliver(webhook: string, body: RedeliverBody, options: WriteOptions = {}): Promise<WebhookRedeliveredEvent> {
    return this.write("POST", path`/v1/webhooks/${webhook}/redeliver`, body, options);
  }

  /** Sends a request of the type `ping` now, and returns what came of it. A receiver that fails is no error: look at `delivered`. */
  test(webhook: string, options: CallOptions = {}): Promise<WebhookDelivery> {
    const attemptTimeoutMs = options.attemptTimeoutMs ?? Math.max(TEST_MS, this.transport.attemptTimeoutMs);
    return this.once(path`/v1/webhooks/${webhook}/test`, {}, { ...options, attemptTimeoutMs });
  }

  /** The last 50 requests since the start of the node that delivers, the newest first. */
  async deliveries(webhook: string, options: ReadOptions = {}): Promise<WebhookDelivery[]> {
    return (await this.read<{ deliveries: WebhookDelivery[] }>(path`/v1/webhooks/${webhook}/deliveries`, options)).deliveries;
  }
}

function checkSecret(response: NewWebhook | RotatedWebhook, body: { secret?: string | null | undefined }, options: WriteOptions): void {
  if (response.secret !== undefined || (body.secret ?? null) !== null || options.dryRun) return;
  throw new WebhookSecretLostError(response.webhook, { idempotencyKey: response.idempotency_key, mayHaveBeenApplied: true });
}

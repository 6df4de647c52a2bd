// The client of Tocos, a credits ledger.
export { Tocos, type BatchOptions } from "./client.js";
export { ConnectionError, DeadlineError, KeySecretLostError, TocosError, UnexpectedResponseError, WebhookSecretLostError, type Failure } from "./errors.js";
export type { FollowOptions } from "./feed.js";
export type { components, operations, paths } from "./generated/schema.js";
export { OpenHold } from "./hold.js";
export type { JsonObject, JsonValue, Total } from "./json.js";
export type { Attempt, CallOptions, ClientOptions, ReadOptions, WriteOptions } from "./options.js";
export { Pages, type Page } from "./pages.js";
export * from "./problems.js";
export type * from "./types.js";
export { WebhookVerificationError, eventsOfWebhook, signWebhook, verifyWebhook, type VerifyOptions, type WebhookHeaders, type WebhookMessage } from "./webhooks.js";

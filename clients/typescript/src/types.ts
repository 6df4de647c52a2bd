// The types of the API, by the names that people use.
import type { components, operations } from "./generated/schema.js";
import type { Problem } from "./problems.js";

type Schemas = components["schemas"];
type Operation = keyof operations;

/** The body of an operation's request. */
export type Body<O extends Operation> = operations[O] extends { requestBody?: infer R }
  ? NonNullable<R> extends { content: { "application/json": infer B } }
    ? B
    : never
  : never;

/** The parameters of an operation's query. `dry_run` is an option of the call. */
export type Query<O extends Operation> = Omit<NonNullable<operations[O]["parameters"]["query"]>, "dry_run">;

export type Account = Schemas["Account"];
export type Balance = Schemas["Balance"];
export type BatchOperation = Schemas["BatchOperation"];
export type CaptureEvent = Schemas["CaptureEvent"];
export type Clock = Schemas["Clock"];
export type Cluster = Schemas["Cluster"];
export type Coin = Schemas["Coin"];
export type CoinEvent = Schemas["CoinEvent"];
export type Event = Schemas["Event"];
export type ExtendEvent = Schemas["ExtendEvent"];
export type Grant = Schemas["Grant"];
export type GrantEvent = Schemas["GrantEvent"];
export type GrantUse = Schemas["GrantUse"];
export type Handover = Schemas["Handover"];
export type HistoryEntry = Schemas["HistoryEntry"];
export type Hold = Schemas["Hold"];
export type HoldEvent = Schemas["HoldEvent"];
export type Key = Schemas["Key"];
export type LiabilityReport = Schemas["LiabilityReport"];
export type LimitsEvent = Schemas["LimitsEvent"];
export type Lot = Schemas["Lot"];
export type NewKey = Schemas["NewKey"];
export type NewWebhook = Schemas["NewWebhook"];
export type OwnKey = Schemas["OwnKey"];
export type Preview = Schemas["Preview"];
export type ReleaseEvent = Schemas["ReleaseEvent"];
export type ReverseEvent = Schemas["ReverseEvent"];
export type RotatedWebhook = Schemas["RotatedWebhook"];
export type Schedule = Schemas["Schedule"];
export type ScheduleDeletedEvent = Schemas["ScheduleDeletedEvent"];
export type ScheduleEvent = Schemas["ScheduleEvent"];
export type SchedulePausedEvent = Schemas["SchedulePausedEvent"];
export type ScheduleResumedEvent = Schemas["ScheduleResumedEvent"];
export type SpendEvent = Schemas["SpendEvent"];
export type SpendLimitEvent = Schemas["SpendLimitEvent"];
export type Status = Schemas["Status"];
export type TestClock = Schemas["TestClock"];
export type ThresholdsEvent = Schemas["ThresholdsEvent"];
export type TransferEvent = Schemas["TransferEvent"];
export type User = Schemas["User"];
export type UserClosedEvent = Schemas["UserClosedEvent"];
export type UserEvent = Schemas["UserEvent"];
export type UserSummary = Schemas["UserSummary"];
export type Version = Schemas["Version"];
export type Webhook = Schemas["Webhook"];
export type WebhookDeletedEvent = Schemas["WebhookDeletedEvent"];
export type WebhookDelivery = Schemas["WebhookDelivery"];
export type WebhookDisabledEvent = Schemas["WebhookDisabledEvent"];
export type WebhookEnabledEvent = Schemas["WebhookEnabledEvent"];
export type WebhookRedeliveredEvent = Schemas["WebhookRedeliveredEvent"];

export type UserBody = Body<"put_v1_users_user">;
export type CoinBody = Body<"put_v1_coins_coin">;
export type LimitsBody = Body<"put_v1_users_user_limits_coin">;
export type SpendLimitBody = Body<"put_v1_users_user_spend_limit_coin">;
export type ThresholdsBody = Body<"put_v1_users_user_thresholds_coin">;
export type GrantBody = Body<"post_v1_grants">;
export type SpendBody = Body<"post_v1_spends">;
export type TransferBody = Body<"post_v1_transfers">;
export type HoldBody = Body<"post_v1_holds">;
export type CaptureBody = Body<"post_v1_holds_hold_capture">;
export type ReleaseBody = Body<"post_v1_holds_hold_release">;
export type ExtendBody = Body<"post_v1_holds_hold_extend">;
export type ReverseBody = Body<"post_v1_events_event_reverse">;
export type ScheduleBody = Body<"put_v1_schedules_schedule">;
export type WebhookBody = Body<"put_v1_webhooks_webhook">;
export type RotateSecretBody = Body<"post_v1_webhooks_webhook_rotate_secret">;
export type RedeliverBody = Body<"post_v1_webhooks_webhook_redeliver">;
export type NoteBody = Body<"post_v1_users_user_close">;
export type KeyBody = Body<"post_v1_keys">;

/** An entry of a batch's `results`: an event, or why the operation was refused. `isProblem` tells them apart. */
export type BatchEntry = (Event & { replayed?: true }) | (Problem & { operation: number });

/** The response to a batch. */
export type BatchResult = Omit<Schemas["Batch"], "results"> & { results: BatchEntry[] };

// Made by scripts/generate.mjs of crates/api/openapi.json. Do not edit it.
import type { JsonObject, Total } from "../json.js";

export interface paths {
    "/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List users and their coins
         * @description Lists users and their coins, ordered by id unless `order` says otherwise; with `q` those who are found, with `id` those who are named. Requires an API key with the right `read`.
         */
        get: operations["get_v1_users"];
        put?: never;
        /**
         * Create or replace a user, with the id in the body
         * @description Creates a user, or replaces the name and metadata of an existing one. Requires an API key with the right `grant`.
         */
        post: operations["post_v1_users"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/{user}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a user with their accounts and lots
         * @description Returns a user with their accounts and lots, now or at any time in the past. Requires an API key with the right `read`.
         */
        get: operations["get_v1_users_user"];
        /**
         * Create or replace a user
         * @description Creates a user, or replaces the name and metadata of an existing one. Requires an API key with the right `grant`.
         */
        put: operations["put_v1_users_user"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/{user}/close": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Close a user permanently
         * @description Closes a user permanently. The user must have no coins and no open holds. Requires an API key with the right `admin`.
         */
        post: operations["post_v1_users_user_close"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/{user}/limits/{coin}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Replace the limits of an account
         * @description Replaces floor, ceiling and frozen of an account. Omitted fields are reset to their defaults. Requires an API key with the right `grant`.
         */
        put: operations["put_v1_users_user_limits_coin"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/{user}/spend-limit/{coin}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Replace the spending limit of an account
         * @description Replaces the limit on what may be spent of an account within a day, a month, or a number of hours. Open holds count as spent. Requires an API key with the right `grant`.
         */
        put: operations["put_v1_users_user_spend_limit_coin"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/{user}/thresholds/{coin}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Replace the thresholds of an account
         * @description Replaces the amounts of available coins whose crossing is told: the event that crosses one has it in `crossed`. Requires an API key with the right `grant`.
         */
        put: operations["put_v1_users_user_thresholds_coin"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/coins": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List coins
         * @description Lists all coins, in order of creation. Requires an API key with the right `read`.
         */
        get: operations["get_v1_coins"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/coins/{coin}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a coin
         * @description Returns a coin and its totals: issued, spent, expired, outstanding, held. Requires an API key with the right `read`.
         */
        get: operations["get_v1_coins_coin"];
        /**
         * Create or replace a coin
         * @description Creates a coin, or replaces the decimals of an existing one. Requires an API key with the right `grant`.
         */
        put: operations["put_v1_coins_coin"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/coins/{coin}/spend-limit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Replace the spending limit of a coin
         * @description Replaces the spending limit of all accounts of this coin that have none of their own. It counts for each of them by itself. Requires an API key with the right `grant`.
         */
        put: operations["put_v1_coins_coin_spend_limit"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/coins/{coin}/thresholds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Replace the thresholds of a coin
         * @description Replaces the thresholds of all accounts of this coin that have none of their own. Requires an API key with the right `grant`.
         */
        put: operations["put_v1_coins_coin_thresholds"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/grants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Issue new coins to a user
         * @description Issues new coins to a user. Requires an API key with the right `grant`.
         */
        post: operations["post_v1_grants"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/grants/{event}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a grant and where its coins are
         * @description Returns a grant and where its coins are: `left` in the account, `held` by holds, `spent`, `moved_on` to other users or rolled over, `expired`, `reversed`; together they are `amount` and what was `added` since by a change of its schedule. Plain coins can't be followed (`followed` is false): grant them with `lot`. Requires an API key with the right `read`.
         */
        get: operations["get_v1_grants_event"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/grants/{event}/uses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the events that used a grant's coins
         * @description Lists the events that changed where a grant's coins are, in order, each with what it changed. Requires an API key with the right `read`.
         */
        get: operations["get_v1_grants_event_uses"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/spends": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Spend a user's coins
         * @description Spends a user's coins, or pays them to another user. Lots are consumed in order: lower priority first, then earlier expiry. Requires an API key with the right `spend`.
         */
        post: operations["post_v1_spends"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/transfers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Move coins from one user to another
         * @description Moves coins from one user to another. Lots keep their grant, expiry, priority and category. Requires an API key with the right `spend`.
         */
        post: operations["post_v1_transfers"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/holds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List open holds
         * @description Lists the open holds, the oldest first. Requires an API key with the right `read`.
         */
        get: operations["get_v1_holds"];
        put?: never;
        /**
         * Reserve coins
         * @description Reserves coins until they are captured or released, or the hold expires. The `id` in the response identifies the hold. Requires an API key with the right `spend`.
         */
        post: operations["post_v1_holds"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/holds/{hold}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a hold
         * @description Returns a hold: its state, and the amounts held and captured. Requires an API key with the right `read`.
         */
        get: operations["get_v1_holds_hold"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/holds/{hold}/capture": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Capture a hold
         * @description Takes held coins: spends them, or pays them to the user given when the hold was created. Requires an API key with the right `spend`.
         */
        post: operations["post_v1_holds_hold_capture"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/holds/{hold}/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Release a hold
         * @description Makes all held coins available again and ends the hold. Requires an API key with the right `spend`.
         */
        post: operations["post_v1_holds_hold_release"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/holds/{hold}/extend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Extend a hold
         * @description Sets a later expiry for a hold. Requires an API key with the right `spend`.
         */
        post: operations["post_v1_holds_hold_extend"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/schedules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List schedules
         * @description Lists the schedules that go on, ordered by id. Requires an API key with the right `read`.
         */
        get: operations["get_v1_schedules"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/schedules/{schedule}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a schedule
         * @description Returns what a schedule does, and when it does so next. One that is over is not found. Requires an API key with the right `read`.
         */
        get: operations["get_v1_schedules_schedule"];
        /**
         * Create or replace a schedule
         * @description Creates a schedule that grants coins to a user by itself, once or again and again, or replaces what an existing one does from its next occurrence on. Requires an API key with the right `grant`.
         */
        put: operations["put_v1_schedules_schedule"];
        post?: never;
        /**
         * Delete a schedule
         * @description Ends a schedule. The coins that it granted stay. Requires an API key with the right `grant`.
         */
        delete: operations["delete_v1_schedules_schedule"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/schedules/{schedule}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pause a schedule
         * @description Skips the occurrences of a schedule until it is resumed. Requires an API key with the right `grant`.
         */
        post: operations["post_v1_schedules_schedule_pause"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/schedules/{schedule}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resume a schedule
         * @description Goes on with the first occurrence from now on. A schedule that has none left is over. Requires an API key with the right `grant`.
         */
        post: operations["post_v1_schedules_schedule_resume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/schedules/{schedule}/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the next occurrences of a schedule
         * @description Lists what a schedule does next, if nothing is changed. A paused schedule does nothing. Requires an API key with the right `read`.
         */
        get: operations["get_v1_schedules_schedule_preview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/{user}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the events of a user's accounts
         * @description Lists the events of a user's accounts, with the balance after each event. Requires an API key with the right `read`.
         */
        get: operations["get_v1_users_user_history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/reports/liability": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Report what is owed to users
         * @description Reports what users have of a coin at the beginning and the end of a span, and what changed it. Each row adds up: closing = opening + granted - spent - expired + reversed (+ converted). One report is made at a time. Requires an API key with the right `read`.
         */
        get: operations["get_v1_reports_liability"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List, wait for, or stream events in order
         * @description Lists events in order of their numbers, which have no gaps. With `Accept: text/event-stream`, streams events as they become durable, starting after `Last-Event-ID` if given. With `idempotency_key`, `reference` or `schedule` it finds the events that name it; `next_after` says where to go on. Requires an API key with the right `read`.
         */
        get: operations["get_v1_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events/{event}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get an event
         * @description Returns an event by its number. Requires an API key with the right `read`.
         */
        get: operations["get_v1_events_event"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events/{event}/reverse": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Reverse an event
         * @description Returns the coins of a grant, spend, transfer, capture or expiry to where they came from. Reversing an expiry requires `renew_expires_at`. For a chargeback, `mode: up_to` takes what is still there, and `debt: true` lets the rest be owed. Requires an API key with the right `grant`.
         */
        post: operations["post_v1_events_event_reverse"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Apply many operations in one request
         * @description Applies up to 10,000 operations in order. Send them as JSON, or one per line as `application/x-ndjson`; with NDJSON, `atomic` and `results` are query parameters. Requires an API key with the right `spend`.
         */
        post: operations["post_v1_batch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List webhooks
         * @description Lists all webhooks, ordered by id. There are at most 100. Requires an API key with the right `read`.
         */
        get: operations["get_v1_webhooks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{webhook}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a webhook
         * @description Returns a webhook and how far its deliveries have come, without its secret. Requires an API key with the right `read`.
         */
        get: operations["get_v1_webhooks_webhook"];
        /**
         * Create or replace a webhook
         * @description Creates a webhook, or replaces URL, filter and batch of an existing one, which goes on where it is. A `secret` that was made is returned only in this response: repeating the request with the same idempotency key does not return it again. An existing webhook keeps its secret if none is given. Requires an API key with the right `admin`.
         */
        put: operations["put_v1_webhooks_webhook"];
        post?: never;
        /**
         * Delete a webhook
         * @description Deletes a webhook. Nothing more is delivered to it. Requires an API key with the right `admin`.
         */
        delete: operations["delete_v1_webhooks_webhook"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{webhook}/rotate-secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replace the secret of a webhook
         * @description Replaces the secret that signs requests. A `secret` that was made is returned only in this response. Requires an API key with the right `admin`.
         */
        post: operations["post_v1_webhooks_webhook_rotate_secret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{webhook}/disable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Switch a webhook off
         * @description Delivers nothing until the webhook is switched on again. It stays where it is. Requires an API key with the right `admin`.
         */
        post: operations["post_v1_webhooks_webhook_disable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{webhook}/enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Switch a webhook on
         * @description Goes on with deliveries where they were, at once, also where they were failing. Requires an API key with the right `admin`.
         */
        post: operations["post_v1_webhooks_webhook_enable"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{webhook}/redeliver": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Deliver again from an event on
         * @description Goes on with deliveries from an event on, which may be an earlier or a later one. A webhook that is switched off stays so. Requires an API key with the right `admin`.
         */
        post: operations["post_v1_webhooks_webhook_redeliver"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{webhook}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a test to a webhook
         * @description Sends a request of type `ping` to the webhook now, signed as all are, also if it is switched off. Returns what came of it. Requires an API key with the right `admin`.
         */
        post: operations["post_v1_webhooks_webhook_test"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{webhook}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the last deliveries to a webhook
         * @description Lists the last 50 requests to the webhook since the start of the node that delivers, the newest first, with the first bytes of each answer. Requires an API key with the right `read`.
         */
        get: operations["get_v1_webhooks_webhook_deliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List API keys
         * @description Lists all API keys, without their secrets. Requires an API key with the right `admin`.
         */
        get: operations["get_v1_keys"];
        put?: never;
        /**
         * Create an API key
         * @description Creates an API key. The `secret` is returned only in this response: repeating the request with the same idempotency key does not return it again. Requires an API key with the right `admin`.
         */
        post: operations["post_v1_keys"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/keys/self": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the API key of this request
         * @description Returns the key that the request was sent with: what it may do and how long it works. While there are no keys, `id` is null and all is allowed. Requires an API key with the right `read`.
         */
        get: operations["get_v1_keys_self"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/keys/{id}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Revoke an API key permanently
         * @description Revokes an API key permanently. Requires an API key with the right `admin`.
         */
        post: operations["post_v1_keys_id_revoke"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/clock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the ledger's time and the system clock
         * @description Returns the ledger's time, the system clock, and whether the ledger follows the system clock. Requires an API key with the right `read`.
         */
        get: operations["get_v1_clock"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/clock/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Accept the system clock
         * @description Accepts the current time of the system clock after `clock_implausible`. Everything that expires up to that time expires permanently. Requires an API key with the right `admin`.
         */
        post: operations["post_v1_clock_accept"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/test-clock/advance": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Move the test clock forward
         * @description Moves the time of a ledger with a test clock forward. Everything that expires up to the new time has expired when the response is sent. Requires an API key with the right `admin`.
         */
        post: operations["post_v1_test_clock_advance"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/cluster": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the state of the group
         * @description Returns what this node knows about itself and its group: its role, who leads, and how far each node is. A node without a group has the role `alone`. Requires an API key with the right `read`.
         */
        get: operations["get_v1_cluster"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/cluster/handover": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Hand the lead over
         * @description The leader hands the lead over to the node that is furthest on. Any node accepts the request and passes it on to the leader. Requires an API key with the right `admin`.
         */
        post: operations["post_v1_cluster_handover"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get what the service counts
         * @description Returns the number of open holds and when the oldest was made, what expires within 7 and 30 days of each coin if nobody spends it, how often this node refused requests since its start, by code and for each 10 minutes of the last 24 hours, and how far its archive is behind. Refusals are counted in memory: a node that is restarted begins at 0. What needs a pass over the accounts may be 10 s old. Requires an API key with the right `read`.
         */
        get: operations["get_v1_status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/version": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the name and version of the service
         * @description Returns the name, version and commit of the service.
         */
        get: operations["get_version"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get the OpenAPI document
         * @description Returns this document.
         */
        get: operations["get_openapi_json"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/docs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show the OpenAPI document as a web page
         * @description Returns an HTML page that shows this document and can send requests.
         */
        get: operations["get_docs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Event: components["schemas"]["UserEvent"] | components["schemas"]["UserClosedEvent"] | components["schemas"]["CoinEvent"] | components["schemas"]["LimitsEvent"] | components["schemas"]["ThresholdsEvent"] | components["schemas"]["SpendLimitEvent"] | components["schemas"]["ScheduleEvent"] | components["schemas"]["ScheduleDeletedEvent"] | components["schemas"]["SchedulePausedEvent"] | components["schemas"]["ScheduleResumedEvent"] | components["schemas"]["GrantEvent"] | components["schemas"]["SpendEvent"] | components["schemas"]["TransferEvent"] | components["schemas"]["HoldEvent"] | components["schemas"]["CaptureEvent"] | components["schemas"]["ReleaseEvent"] | components["schemas"]["HoldExpiredEvent"] | components["schemas"]["ExtendEvent"] | components["schemas"]["ExpireEvent"] | components["schemas"]["RolloverEvent"] | components["schemas"]["AdjustmentEvent"] | components["schemas"]["ReverseEvent"] | components["schemas"]["KeyEvent"] | components["schemas"]["KeyRevokedEvent"] | components["schemas"]["LeaderEvent"] | components["schemas"]["WebhookEvent"] | components["schemas"]["WebhookDeletedEvent"] | components["schemas"]["WebhookRotatedEvent"] | components["schemas"]["WebhookDisabledEvent"] | components["schemas"]["WebhookEnabledEvent"] | components["schemas"]["WebhookRedeliveredEvent"] | components["schemas"]["WebhookFailingEvent"] | components["schemas"]["WebhookProgressEvent"];
        UserEvent: {
            user: string;
            name: string | null;
            created: boolean;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "user";
            /** Format: date-time */
            at: string;
        };
        UserClosedEvent: {
            user: string;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "user_closed";
            /** Format: date-time */
            at: string;
        };
        CoinEvent: {
            coin: string;
            /** Format: int64 */
            decimals: number;
            created: boolean;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "coin";
            /** Format: date-time */
            at: string;
        };
        LimitsEvent: {
            user: string;
            coin: string;
            /** Format: int64 */
            floor: number;
            /** Format: int64 */
            ceiling: number;
            frozen: boolean;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "limits";
            /** Format: date-time */
            at: string;
        };
        ThresholdsEvent: {
            coin: string;
            thresholds: number[] | null;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            user?: string;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "thresholds";
            /** Format: date-time */
            at: string;
        };
        SpendLimitEvent: {
            coin: string;
            /** Format: int64 */
            amount: number | null;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            user?: string;
            /** @enum {string} */
            per?: "day" | "month" | "hours";
            /** Format: int64 */
            hours?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "spend_limit";
            /** Format: date-time */
            at: string;
        };
        ScheduleEvent: {
            schedule: string;
            user: string;
            coin: string;
            /** Format: int64 */
            amount: number;
            /** Format: date-time */
            anchor: string;
            /** Format: int64 */
            priority: number;
            /** @enum {string} */
            category: "paid" | "promotional";
            /** Format: date-time */
            next_at: string;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /** Format: int64 */
            every_days?: number;
            /** Format: int64 */
            every_months?: number;
            /** Format: date-time */
            starts_at?: string;
            /** Format: date-time */
            ends_at?: string;
            /** Format: int64 */
            occurrences?: number;
            /** @enum {string} */
            expires?: "never" | "at_next";
            /** Format: int64 */
            expires_after_s?: number;
            /** Format: int64 */
            rollover_max?: number;
            /** @enum {string} */
            rollover_expires?: "never" | "at_next";
            /** Format: int64 */
            rollover_expires_after_s?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "schedule";
            /** Format: date-time */
            at: string;
        };
        ScheduleDeletedEvent: {
            schedule: string;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "schedule_deleted";
            /** Format: date-time */
            at: string;
        };
        SchedulePausedEvent: {
            schedule: string;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "schedule_paused";
            /** Format: date-time */
            at: string;
        };
        ScheduleResumedEvent: {
            schedule: string;
            /** Format: int64 */
            next_occurrence: number | null;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "schedule_resumed";
            /** Format: date-time */
            at: string;
        };
        ExtendEvent: {
            /** Format: int64 */
            hold: number;
            /** @constant */
            state: "open";
            user: string;
            coin: string;
            /** Format: date-time */
            expires_at: string;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "extend";
            /** Format: date-time */
            at: string;
        };
        KeyEvent: {
            /** Format: int64 */
            id: number;
            name: string;
            /** @enum {string} */
            right: "read" | "spend" | "grant" | "admin";
            /** Format: date-time */
            expires_at: string | null;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "key";
            /** Format: date-time */
            at: string;
        };
        NewKey: {
            /** Format: int64 */
            id: number;
            name: string;
            /** @enum {string} */
            right: "read" | "spend" | "grant" | "admin";
            /** Format: date-time */
            expires_at: string | null;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /** @constant */
            kind: "key";
            /** Format: date-time */
            at: string;
            /** @description The secret that clients send. Returned only once, and not in a dry run. */
            secret?: string;
        };
        KeyRevokedEvent: {
            /** Format: int64 */
            id: number;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "key_revoked";
            /** Format: date-time */
            at: string;
        };
        LeaderEvent: {
            /** Format: int64 */
            epoch: number;
            node: string;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "leader";
            /** Format: date-time */
            at: string;
        };
        WebhookEvent: {
            webhook: string;
            url: string;
            kinds: ("user" | "user_closed" | "coin" | "limits" | "extend" | "key" | "key_revoked" | "leader" | "thresholds" | "spend_limit" | "schedule" | "schedule_deleted" | "schedule_paused" | "schedule_resumed" | "grant" | "spend" | "transfer" | "hold" | "capture" | "release" | "hold_expired" | "expire" | "reverse" | "rollover" | "adjustment" | "webhook" | "webhook_deleted" | "webhook_rotated" | "webhook_failing" | "webhook_disabled" | "webhook_enabled" | "webhook_redelivered")[] | null;
            coins: string[] | null;
            user_prefix: string | null;
            crossed_only: boolean;
            /** Format: int64 */
            batch: number;
            /** Format: int64 */
            from_event: number;
            created: boolean;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "webhook";
            /** Format: date-time */
            at: string;
        };
        NewWebhook: {
            webhook: string;
            url: string;
            kinds: ("user" | "user_closed" | "coin" | "limits" | "extend" | "key" | "key_revoked" | "leader" | "thresholds" | "spend_limit" | "schedule" | "schedule_deleted" | "schedule_paused" | "schedule_resumed" | "grant" | "spend" | "transfer" | "hold" | "capture" | "release" | "hold_expired" | "expire" | "reverse" | "rollover" | "adjustment" | "webhook" | "webhook_deleted" | "webhook_rotated" | "webhook_failing" | "webhook_disabled" | "webhook_enabled" | "webhook_redelivered")[] | null;
            coins: string[] | null;
            user_prefix: string | null;
            crossed_only: boolean;
            /** Format: int64 */
            batch: number;
            /** Format: int64 */
            from_event: number;
            created: boolean;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /** @constant */
            kind: "webhook";
            /** Format: date-time */
            at: string;
            /** @description The secret that signs requests. Returned only once, only if the service made it, and not in a dry run. */
            secret?: string;
        };
        WebhookDeletedEvent: {
            webhook: string;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "webhook_deleted";
            /** Format: date-time */
            at: string;
        };
        WebhookRotatedEvent: {
            webhook: string;
            /** Format: int64 */
            keep_s: number;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "webhook_rotated";
            /** Format: date-time */
            at: string;
        };
        RotatedWebhook: {
            webhook: string;
            /** Format: int64 */
            keep_s: number;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /** @constant */
            kind: "webhook_rotated";
            /** Format: date-time */
            at: string;
            /** @description The secret that signs requests. Returned only once, only if the service made it, and not in a dry run. */
            secret?: string;
        };
        WebhookDisabledEvent: {
            webhook: string;
            /** @enum {string} */
            reason: "requested" | "gone" | "failing";
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "webhook_disabled";
            /** Format: date-time */
            at: string;
        };
        WebhookEnabledEvent: {
            webhook: string;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "webhook_enabled";
            /** Format: date-time */
            at: string;
        };
        WebhookRedeliveredEvent: {
            webhook: string;
            /** Format: int64 */
            from_event: number;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "webhook_redelivered";
            /** Format: date-time */
            at: string;
        };
        WebhookFailingEvent: {
            webhook: string;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "webhook_failing";
            /** Format: date-time */
            at: string;
        };
        WebhookProgressEvent: {
            webhook: string;
            /** Format: int64 */
            through: number;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "webhook_progress";
            /** Format: date-time */
            at: string;
        };
        GrantEvent: {
            user: string;
            /** Format: date-time */
            expires_at: string | null;
            /** Format: int64 */
            priority: number;
            /** @enum {string} */
            category: "paid" | "promotional";
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            lot?: boolean;
            schedule?: string;
            /** Format: int64 */
            occurrence?: number;
            /** Format: date-time */
            due_at?: string;
            /** Format: int64 */
            scheduled?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "grant";
            /** Format: date-time */
            at: string;
            coin: string;
            /** Format: int64 */
            amount: number;
            lots: components["schemas"]["Lot"][];
            /** @description The balance of each user involved, after this event. */
            balances: {
                [key: string]: components["schemas"]["Balance"];
            };
            /** @description The thresholds that were crossed, if any were. */
            crossed?: components["schemas"]["Crossing"][];
        };
        SpendEvent: {
            user: string;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            to?: string;
            /** Format: int64 */
            requested?: number;
            /** @constant */
            mode?: "up_to";
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "spend";
            /** Format: date-time */
            at: string;
            coin: string;
            /** Format: int64 */
            amount: number;
            lots: components["schemas"]["Lot"][];
            /** @description The balance of each user involved, after this event. */
            balances: {
                [key: string]: components["schemas"]["Balance"];
            };
            /** @description The thresholds that were crossed, if any were. */
            crossed?: components["schemas"]["Crossing"][];
        };
        TransferEvent: {
            from: string;
            to: string;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "transfer";
            /** Format: date-time */
            at: string;
            coin: string;
            /** Format: int64 */
            amount: number;
            lots: components["schemas"]["Lot"][];
            /** @description The balance of each user involved, after this event. */
            balances: {
                [key: string]: components["schemas"]["Balance"];
            };
            /** @description The thresholds that were crossed, if any were. */
            crossed?: components["schemas"]["Crossing"][];
        };
        HoldEvent: {
            /** Format: int64 */
            id: number;
            /** @constant */
            state: "open";
            user: string;
            /** Format: int64 */
            held: number;
            /** Format: date-time */
            expires_at: string;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            to?: string;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "hold";
            /** Format: date-time */
            at: string;
            coin: string;
            /** Format: int64 */
            amount: number;
            lots: components["schemas"]["Lot"][];
            /** @description The balance of each user involved, after this event. */
            balances: {
                [key: string]: components["schemas"]["Balance"];
            };
            /** @description The thresholds that were crossed, if any were. */
            crossed?: components["schemas"]["Crossing"][];
        };
        CaptureEvent: {
            /** Format: int64 */
            hold: number;
            /** @enum {string} */
            state: "open" | "captured";
            user: string;
            final: boolean;
            /** Format: int64 */
            released: number;
            /** Format: int64 */
            expired: number;
            /** Format: int64 */
            held: number;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            to?: string;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "capture";
            /** Format: date-time */
            at: string;
            coin: string;
            /** Format: int64 */
            amount: number;
            lots: components["schemas"]["Lot"][];
            /** @description The balance of each user involved, after this event. */
            balances: {
                [key: string]: components["schemas"]["Balance"];
            };
            /** @description The thresholds that were crossed, if any were. */
            crossed?: components["schemas"]["Crossing"][];
        };
        ReleaseEvent: {
            /** Format: int64 */
            hold: number;
            /** @constant */
            state: "released";
            user: string;
            /** Format: int64 */
            expired: number;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "release";
            /** Format: date-time */
            at: string;
            coin: string;
            /** Format: int64 */
            amount: number;
            lots: components["schemas"]["Lot"][];
            /** @description The balance of each user involved, after this event. */
            balances: {
                [key: string]: components["schemas"]["Balance"];
            };
            /** @description The thresholds that were crossed, if any were. */
            crossed?: components["schemas"]["Crossing"][];
        };
        HoldExpiredEvent: {
            /** Format: int64 */
            hold: number;
            /** @constant */
            state: "expired";
            user: string;
            /** Format: int64 */
            expired: number;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "hold_expired";
            /** Format: date-time */
            at: string;
            coin: string;
            /** Format: int64 */
            amount: number;
            lots: components["schemas"]["Lot"][];
            /** @description The balance of each user involved, after this event. */
            balances: {
                [key: string]: components["schemas"]["Balance"];
            };
            /** @description The thresholds that were crossed, if any were. */
            crossed?: components["schemas"]["Crossing"][];
        };
        ExpireEvent: {
            user: string;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "expire";
            /** Format: date-time */
            at: string;
            coin: string;
            /** Format: int64 */
            amount: number;
            lots: components["schemas"]["Lot"][];
            /** @description The balance of each user involved, after this event. */
            balances: {
                [key: string]: components["schemas"]["Balance"];
            };
            /** @description The thresholds that were crossed, if any were. */
            crossed?: components["schemas"]["Crossing"][];
        };
        RolloverEvent: {
            user: string;
            schedule: string;
            /** Format: int64 */
            occurrence: number;
            /** Format: date-time */
            due_at: string;
            /** Format: date-time */
            expires_at: string | null;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "rollover";
            /** Format: date-time */
            at: string;
            coin: string;
            /** Format: int64 */
            amount: number;
            lots: components["schemas"]["Lot"][];
            /** @description The balance of each user involved, after this event. */
            balances: {
                [key: string]: components["schemas"]["Balance"];
            };
            /** @description The thresholds that were crossed, if any were. */
            crossed?: components["schemas"]["Crossing"][];
        };
        AdjustmentEvent: {
            user: string;
            schedule: string;
            /** Format: date-time */
            due_at: string;
            /** @enum {string} */
            direction: "up" | "down";
            /** Format: int64 */
            scheduled_before: number;
            /** Format: int64 */
            scheduled: number;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "adjustment";
            /** Format: date-time */
            at: string;
            coin: string;
            /** Format: int64 */
            amount: number;
            lots: components["schemas"]["Lot"][];
            /** @description The balance of each user involved, after this event. */
            balances: {
                [key: string]: components["schemas"]["Balance"];
            };
            /** @description The thresholds that were crossed, if any were. */
            crossed?: components["schemas"]["Crossing"][];
        };
        ReverseEvent: {
            /** Format: int64 */
            of: number;
            of_kind: string;
            /** Format: int64 */
            remaining: number;
            /** Format: int64 */
            expired: number;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
            /**
             * Format: int64
             * @description The id of the API key that made the request.
             */
            by?: number;
            user?: string;
            from?: string;
            to?: string;
            /** @constant */
            mode?: "up_to";
            /** Format: int64 */
            requested?: number;
            /** Format: int64 */
            debt?: number;
            /**
             * Format: int64
             * @description The event number: 1, 2, 3, ...
             */
            event: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "reverse";
            /** Format: date-time */
            at: string;
            coin: string;
            /** Format: int64 */
            amount: number;
            lots: components["schemas"]["Lot"][];
            /** @description The balance of each user involved, after this event. */
            balances: {
                [key: string]: components["schemas"]["Balance"];
            };
            /** @description The thresholds that were crossed, if any were. */
            crossed?: components["schemas"]["Crossing"][];
        };
        Balance: {
            /** Format: int64 */
            total: number;
            /** Format: int64 */
            held: number;
            /** Format: int64 */
            available: number;
        };
        Lot: {
            /**
             * Format: int64
             * @description The number of the grant event; null for plain coins.
             */
            grant: number | null;
            /** Format: int64 */
            amount: number;
            /** Format: date-time */
            expires_at?: string | null;
            /** Format: int64 */
            priority?: number;
            /** @enum {string} */
            category?: "paid" | "promotional";
        };
        Account: {
            coin: string;
            /** Format: int64 */
            total: number;
            /** Format: int64 */
            held: number;
            /** Format: int64 */
            available: number;
            /** Format: int64 */
            floor: number;
            /** Format: int64 */
            ceiling: number;
            frozen: boolean;
            lots: components["schemas"]["Lot"][];
            thresholds?: number[];
            spend_limit?: components["schemas"]["Spending"];
        };
        Crossing: {
            user: string;
            /** Format: int64 */
            threshold: number;
            /** @enum {string} */
            direction: "down" | "up";
        };
        SpendLimit: {
            /** Format: int64 */
            amount: number;
            /** @enum {string} */
            per: "day" | "month" | "hours";
            /** Format: int64 */
            hours?: number;
        };
        Spending: {
            /** Format: int64 */
            amount: number;
            /** @enum {string} */
            per: "day" | "month" | "hours";
            /** @enum {string} */
            of: "account" | "coin";
            /** Format: int64 */
            used: number;
            /** Format: int64 */
            left: number;
            /** Format: date-time */
            resets_at: string | null;
            /** Format: int64 */
            hours?: number;
        };
        User: {
            id: string;
            name: string | null;
            metadata: JsonObject | null;
            closed: boolean;
            /** Format: date-time */
            created_at: string;
            /** @description Totals by coin. */
            coins: {
                [key: string]: number;
            };
            accounts: components["schemas"]["Account"][];
        };
        Coin: {
            code: string;
            /** Format: int64 */
            decimals: number;
            /** Format: int64 */
            issued: number;
            /** Format: int64 */
            spent: number;
            /** Format: int64 */
            expired: number;
            /** Format: int64 */
            outstanding: number;
            /** Format: int64 */
            held: number;
            thresholds?: number[];
            spend_limit?: components["schemas"]["SpendLimit"];
        };
        Hold: {
            /** Format: int64 */
            id: number;
            /** @enum {string} */
            state: "open" | "captured" | "released" | "expired";
            user: string;
            coin: string;
            /** Format: int64 */
            amount: number;
            /** Format: int64 */
            held: number;
            /** Format: int64 */
            captured: number;
            /** Format: date-time */
            created_at: string;
            lots: components["schemas"]["Lot"][];
            /** Format: date-time */
            expires_at?: string;
            to?: string;
            /** Format: date-time */
            ended_at?: string;
        };
        Grant: {
            /** Format: int64 */
            event: number;
            /** @enum {string} */
            kind: "grant" | "rollover";
            user: string;
            coin: string;
            /** Format: int64 */
            amount: number;
            /** Format: date-time */
            expires_at: string | null;
            /** Format: int64 */
            priority: number;
            /** @enum {string} */
            category: "paid" | "promotional";
            followed: boolean;
            /** Format: date-time */
            created_at: string;
            /** Format: int64 */
            left?: number;
            /** Format: int64 */
            held?: number;
            /** Format: int64 */
            spent?: number;
            /** Format: int64 */
            moved_on?: number;
            /** Format: int64 */
            expired?: number;
            /** Format: int64 */
            reversed?: number;
            /** Format: int64 */
            added?: number;
            schedule?: string;
            reference?: string;
        };
        GrantUse: {
            event: components["schemas"]["Event"];
            /** Format: int64 */
            left?: number;
            /** Format: int64 */
            held?: number;
            /** Format: int64 */
            spent?: number;
            /** Format: int64 */
            moved_on?: number;
            /** Format: int64 */
            expired?: number;
            /** Format: int64 */
            reversed?: number;
            /** Format: int64 */
            added?: number;
        };
        Schedule: {
            id: string;
            user: string;
            coin: string;
            /** Format: int64 */
            amount: number;
            /** Format: date-time */
            anchor: string;
            /** Format: int64 */
            priority: number;
            /** @enum {string} */
            category: "paid" | "promotional";
            paused: boolean;
            /** Format: date-time */
            next_at: string | null;
            /** Format: date-time */
            last_at: string | null;
            /** Format: int64 */
            every_days?: number;
            /** Format: int64 */
            every_months?: number;
            /** Format: date-time */
            starts_at?: string;
            /** Format: date-time */
            ends_at?: string;
            /** Format: int64 */
            occurrences?: number;
            /** @enum {string} */
            expires?: "never" | "at_next";
            /** Format: int64 */
            expires_after_s?: number;
            /** Format: int64 */
            rollover_max?: number;
            /** @enum {string} */
            rollover_expires?: "never" | "at_next";
            /** Format: int64 */
            rollover_expires_after_s?: number;
        };
        Occurrence: {
            /** Format: int64 */
            occurrence: number;
            /** Format: date-time */
            at: string;
            /** Format: int64 */
            amount: number;
            /** Format: date-time */
            expires_at: string | null;
        };
        Preview: {
            occurrences: components["schemas"]["Occurrence"][];
        };
        Version: {
            /** @constant */
            name: "tocos";
            version: string;
            commit: string;
        };
        OwnKey: {
            /** Format: int64 */
            id: number | null;
            name: string;
            /** @enum {string} */
            right: "read" | "spend" | "grant" | "admin";
            /** Format: date-time */
            expires_at: string | null;
        };
        Status: {
            /** Format: int64 */
            open_holds: number;
            /** Format: date-time */
            oldest_hold_at: string | null;
            expiring: components["schemas"]["Expiring"][];
            refusals: components["schemas"]["RefusalCount"][];
            refusals_by_time: components["schemas"]["RefusalsByTime"];
            archive: components["schemas"]["ArchiveStatus"] | null;
        };
        Expiring: {
            coin: string;
            /** Format: int64 */
            within_7_days: number;
            /** Format: int64 */
            within_30_days: number;
        };
        RefusalCount: {
            code: string;
            /** Format: int64 */
            count: number;
        };
        RefusalsByTime: {
            /**
             * Format: date-time
             * @description When the first span began: at the start of this node, or about 24 hours ago.
             */
            from: string;
            /** Format: int64 */
            span_s: number;
            /** @description The refusals of each span, one behind the other. The last one is not over yet. */
            counts: number[];
        };
        ArchiveStatus: {
            lag_s: number;
            /** Format: int64 */
            lag_bytes: number;
            /** Format: date-time */
            last_success_at: string | null;
            /** Format: int64 */
            failures: number;
        };
        TestClock: {
            /** Format: date-time */
            now: string;
        };
        Clock: {
            /**
             * Format: date-time
             * @description The time of the last event. Everything that expires up to then has expired.
             */
            ledger_time: string;
            /** Format: date-time */
            system_time: string;
            /** @description Whether the ledger follows the system clock. If false, nothing is written and nothing expires. */
            plausible: boolean;
            /** Format: int64 */
            ledger_ahead_s: number;
        };
        OpenApi: JsonObject;
        Page: string;
        Webhook: {
            id: string;
            url: string;
            kinds: ("user" | "user_closed" | "coin" | "limits" | "extend" | "key" | "key_revoked" | "leader" | "thresholds" | "spend_limit" | "schedule" | "schedule_deleted" | "schedule_paused" | "schedule_resumed" | "grant" | "spend" | "transfer" | "hold" | "capture" | "release" | "hold_expired" | "expire" | "reverse" | "rollover" | "adjustment" | "webhook" | "webhook_deleted" | "webhook_rotated" | "webhook_failing" | "webhook_disabled" | "webhook_enabled" | "webhook_redelivered")[] | null;
            coins: string[] | null;
            user_prefix: string | null;
            crossed_only: boolean;
            /** Format: int64 */
            batch: number;
            /**
             * Format: int64
             * @description All events through this one were delivered, or are not for it.
             */
            through: number;
            /** Format: int64 */
            pending_events: number;
            enabled: boolean;
            disabled_reason: ("requested" | "gone" | "failing") | null;
            /** Format: date-time */
            disabled_at: string | null;
            /** Format: date-time */
            failing_since: string | null;
            /** Format: date-time */
            old_secret_until: string | null;
            /** Format: date-time */
            created_at: string;
        };
        WebhookList: {
            webhooks: components["schemas"]["Webhook"][];
        };
        WebhookDelivery: {
            /** Format: date-time */
            at: string;
            /** @description The request's `webhook-id`. */
            message: string;
            /** Format: int64 */
            first_event: number | null;
            /** Format: int64 */
            last_event: number | null;
            /** Format: int64 */
            events: number;
            delivered: boolean;
            /** Format: int64 */
            status: number | null;
            /** Format: int64 */
            took_ms: number;
            /** @description The first 1,024 bytes of the answer's body. */
            answer: string;
            error: string | null;
        };
        WebhookDeliveryList: {
            deliveries: components["schemas"]["WebhookDelivery"][];
        };
        UserSummary: {
            id: string;
            name: string | null;
            /** @description Totals by coin. */
            coins: {
                [key: string]: number;
            };
        };
        HistoryEntry: {
            /** Format: int64 */
            event: number;
            /** @enum {string} */
            kind: "grant" | "spend" | "transfer" | "hold" | "capture" | "release" | "hold_expired" | "expire" | "reverse" | "limits" | "thresholds" | "spend_limit" | "rollover" | "adjustment";
            coin: string;
            /**
             * Format: int64
             * @description The change of the total.
             */
            amount: number;
            /**
             * Format: int64
             * @description The change of the held amount.
             */
            held: number;
            balance: components["schemas"]["Balance"];
            counterpart: string | null;
            lots: components["schemas"]["Lot"][];
            /** Format: date-time */
            at: string;
            metadata?: JsonObject;
            reference?: string;
            idempotency_key?: string;
        };
        Key: {
            /** Format: int64 */
            id: number;
            name: string;
            /** @enum {string} */
            right: "read" | "spend" | "grant" | "admin";
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            expires_at: string | null;
            /** Format: date-time */
            revoked_at: string | null;
        };
        EventRange: {
            /** Format: int64 */
            first: number;
            /** Format: int64 */
            last: number;
        };
        UserList: {
            users: components["schemas"]["UserSummary"][];
            /** @description Pass it as `cursor` to get the next page; null on the last page. */
            next_cursor: string | null;
        };
        History: {
            entries: components["schemas"]["HistoryEntry"][];
            /** @description Pass it as `cursor` to get the next page; null on the last page. */
            next_cursor: string | null;
        };
        HoldList: {
            holds: components["schemas"]["Hold"][];
            /** @description Pass it as `cursor` to get the next page; null on the last page. */
            next_cursor: string | null;
        };
        ScheduleList: {
            schedules: components["schemas"]["Schedule"][];
            /** @description Pass it as `cursor` to get the next page; null on the last page. */
            next_cursor: string | null;
        };
        CoinList: {
            coins: components["schemas"]["Coin"][];
        };
        EventList: {
            events: components["schemas"]["Event"][];
            /** Format: int64 */
            last_event: number;
            /** Format: int64 */
            next_after?: number;
        };
        GrantUseList: {
            uses: components["schemas"]["GrantUse"][];
            /**
             * Format: int64
             * @description Pass it as `after` to get the next page; null on the last page.
             */
            next_after: number | null;
        };
        KeyList: {
            keys: components["schemas"]["Key"][];
        };
        Batch: {
            /** Format: int64 */
            applied: number;
            /** Format: int64 */
            refused: number;
            /** Format: int64 */
            replayed: number;
            events: components["schemas"]["EventRange"] | null;
            /** @description Events and problems. `replayed` marks an event of an earlier request; `operation` is the index of the operation that was refused. */
            results: JsonObject[];
        };
        Problem: {
            type: string;
            title: string;
            /** Format: int64 */
            status: number;
            /** @description Explains the problem and what to do about it. */
            detail: string;
            /**
             * @description `invalid_request`: The request is not valid; `unauthenticated`: No valid API key; `insufficient_funds`: Not enough coins; `forbidden`: Not allowed; `not_found`: No such route; `user_not_found`: No such user; `coin_not_found`: No such coin; `hold_not_found`: No such hold; `event_not_found`: No such event; `schedule_not_found`: No such schedule; `webhook_not_found`: No such webhook; `key_not_found`: No such API key; `method_not_allowed`: Method not allowed; `request_timeout`: The request took too long to arrive; `idempotency_key_reused`: The idempotency key was used for another request; `hold_ended`: The hold has ended; `hold_amount_exceeded`: The amount is more than is held; `already_reversed`: The amount is more than is left to reverse; `not_reversible`: The event is not reversible; `above_ceiling`: Above the account's ceiling; `spend_limit_reached`: The account's spending limit is reached; `account_frozen`: The account is frozen; `user_closed`: The user is closed; `user_not_empty`: The user still has coins; `supply_exhausted`: The supply of this coin is exhausted; `no_successor`: No other node can lead; `payload_too_large`: The body is too large; `too_many_requests`: Too many requests; `internal_error`: Internal error; `storage_unavailable`: The storage is not available; `storage_full`: The disk is full; `archive_unavailable`: The archive is not available; `clock_implausible`: The system's clock is implausible; `not_leader`: No leader at the moment; `outcome_unknown`: The request may or may not have been applied; `behind`: The event is not there yet; `diverged`: The group went on without this node; `recovering`: The service is starting; `shutting_down`: The service is shutting down
             * @enum {string}
             */
            code: "invalid_request" | "unauthenticated" | "insufficient_funds" | "forbidden" | "not_found" | "user_not_found" | "coin_not_found" | "hold_not_found" | "event_not_found" | "schedule_not_found" | "webhook_not_found" | "key_not_found" | "method_not_allowed" | "request_timeout" | "idempotency_key_reused" | "hold_ended" | "hold_amount_exceeded" | "already_reversed" | "not_reversible" | "above_ceiling" | "spend_limit_reached" | "account_frozen" | "user_closed" | "user_not_empty" | "supply_exhausted" | "no_successor" | "payload_too_large" | "too_many_requests" | "internal_error" | "storage_unavailable" | "storage_full" | "archive_unavailable" | "clock_implausible" | "not_leader" | "outcome_unknown" | "behind" | "diverged" | "recovering" | "shutting_down";
            /** @description Whether the same request may succeed later. */
            retryable: boolean;
            /** @description The field of the request that is wrong. */
            field?: string;
        } & {
            [key: string]: unknown;
        };
        Cluster: {
            /** @description This node's name; empty without a group. */
            node: string;
            /**
             * @description What this node is to its group.
             * @enum {string}
             */
            role: "alone" | "joining" | "follower" | "candidate" | "leader" | "handing_over" | "diverged" | "stopped";
            /**
             * Format: int64
             * @description A number that grows with each change of the leader.
             */
            epoch: number;
            leader: components["schemas"]["ClusterLeader"] | null;
            /**
             * Format: int64
             * @description The last event that this node has.
             */
            last_event: number;
            /**
             * Format: int64
             * @description The last event of the group that this node knows of.
             */
            tip_event: number;
            /** @description How long ago this node was last level with the group. */
            behind_s: number;
            /** @description How long ago the leader last renewed its lease, if this node leads. */
            lease_age_s: number;
            /**
             * Format: int64
             * @description Frames on their way into the shared log.
             */
            in_flight: number;
            /**
             * Format: int64
             * @description Frames that the shared log took from this node.
             */
            appends: number;
            /**
             * Format: int64
             * @description Frames that were appended again because the shared log had lost them.
             */
            healed_frames: number;
            /**
             * Format: int64
             * @description Times that the shared log could not be reached.
             */
            faults: number;
            /**
             * Format: int64
             * @description Times that another leader was seen while this node led.
             */
            rivals: number;
            /**
             * Format: int64
             * @description Changes of the leader that this node saw.
             */
            changes: number;
            /** @description Whether the shared log keeps every acknowledged event on more than one machine; null if that is not known. */
            synchronous: boolean | null;
            /** @description Why, in words: the settings of the shared log, or the last fault. */
            note: string;
            members: components["schemas"]["ClusterMember"][];
        };
        ClusterLeader: {
            node: string;
            url: string;
            /** Format: int64 */
            epoch: number;
        };
        ClusterMember: {
            node: string;
            url: string;
            /** Format: int64 */
            last_event: number;
            /** @description How long ago the node said so. */
            seen_ago_s: number;
        };
        Handover: {
            leader: components["schemas"]["ClusterLeader"];
        };
        LiabilityTotals: {
            /**
             * Format: int64
             * @description What users had at the beginning, held coins included.
             */
            opening: Total;
            /**
             * Format: int64
             * @description What was granted. Adds.
             */
            granted: Total;
            /**
             * Format: int64
             * @description What was spent or captured, but not to another user. Subtracts.
             */
            spent: Total;
            /**
             * Format: int64
             * @description What expired. Subtracts.
             */
            expired: Total;
            /**
             * Format: int64
             * @description What reversals changed on balance; below 0 where grants were taken back. Adds.
             */
            reversed: Total;
            /**
             * Format: int64
             * @description What users had at the end.
             */
            closing: Total;
            /**
             * Format: int64
             * @description What of `closing` was held by open holds.
             */
            held: Total;
        };
        LiabilityOfCategory: {
            /** @enum {string} */
            category: "paid" | "promotional";
            /**
             * Format: int64
             * @description What users had at the beginning, held coins included.
             */
            opening: Total;
            /**
             * Format: int64
             * @description What was granted. Adds.
             */
            granted: Total;
            /**
             * Format: int64
             * @description What was spent or captured, but not to another user. Subtracts.
             */
            spent: Total;
            /**
             * Format: int64
             * @description What expired. Subtracts.
             */
            expired: Total;
            /**
             * Format: int64
             * @description What reversals changed on balance; below 0 where grants were taken back. Adds.
             */
            reversed: Total;
            /**
             * Format: int64
             * @description What came from the other category, since coins that are paid to a user become plain ones. Adds.
             */
            converted: Total;
            /**
             * Format: int64
             * @description What users had at the end.
             */
            closing: Total;
            /**
             * Format: int64
             * @description What of `closing` was held by open holds.
             */
            held: Total;
        };
        LiabilityOfMonth: {
            month: string;
            /** Format: date-time */
            from: string;
            /** Format: date-time */
            until: string;
            /**
             * Format: int64
             * @description What users had at the beginning, held coins included.
             */
            opening: Total;
            /**
             * Format: int64
             * @description What was granted. Adds.
             */
            granted: Total;
            /**
             * Format: int64
             * @description What was spent or captured, but not to another user. Subtracts.
             */
            spent: Total;
            /**
             * Format: int64
             * @description What expired. Subtracts.
             */
            expired: Total;
            /**
             * Format: int64
             * @description What reversals changed on balance; below 0 where grants were taken back. Adds.
             */
            reversed: Total;
            /**
             * Format: int64
             * @description What users had at the end.
             */
            closing: Total;
            /**
             * Format: int64
             * @description What of `closing` was held by open holds.
             */
            held: Total;
        };
        LiabilityOfDay: {
            day: string;
            /** Format: date-time */
            from: string;
            /** Format: date-time */
            until: string;
            /**
             * Format: int64
             * @description What users had at the beginning, held coins included.
             */
            opening: Total;
            /**
             * Format: int64
             * @description What was granted. Adds.
             */
            granted: Total;
            /**
             * Format: int64
             * @description What was spent or captured, but not to another user. Subtracts.
             */
            spent: Total;
            /**
             * Format: int64
             * @description What expired. Subtracts.
             */
            expired: Total;
            /**
             * Format: int64
             * @description What reversals changed on balance; below 0 where grants were taken back. Adds.
             */
            reversed: Total;
            /**
             * Format: int64
             * @description What users had at the end.
             */
            closing: Total;
            /**
             * Format: int64
             * @description What of `closing` was held by open holds.
             */
            held: Total;
        };
        LiabilityCategoryCheck: {
            /** @enum {string} */
            category: "paid" | "promotional";
            /**
             * Format: int64
             * @description The sum of all accounts at the event, held coins included.
             */
            balances: Total;
            /**
             * Format: int64
             * @description What the events of the log up to then come to.
             */
            counted: Total;
            equal: boolean;
        };
        LiabilityCheck: {
            /**
             * Format: int64
             * @description The sum of all accounts at the event, held coins included.
             */
            balances: Total;
            /**
             * Format: int64
             * @description What the events of the log up to then come to.
             */
            counted: Total;
            equal: boolean;
            categories?: components["schemas"]["LiabilityCategoryCheck"][];
        };
        LiabilityByTotal: {
            coin: string;
            /** Format: date-time */
            from: string;
            /** Format: date-time */
            until: string;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            by: "total";
            /** Format: int64 */
            event: number;
            rows: components["schemas"]["LiabilityTotals"][];
            totals: components["schemas"]["LiabilityTotals"];
            check: components["schemas"]["LiabilityCheck"];
        };
        LiabilityByCategory: {
            coin: string;
            /** Format: date-time */
            from: string;
            /** Format: date-time */
            until: string;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            by: "category";
            /** Format: int64 */
            event: number;
            rows: components["schemas"]["LiabilityOfCategory"][];
            totals: components["schemas"]["LiabilityTotals"];
            check: components["schemas"]["LiabilityCheck"];
        };
        LiabilityByMonth: {
            coin: string;
            /** Format: date-time */
            from: string;
            /** Format: date-time */
            until: string;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            by: "month";
            /** Format: int64 */
            event: number;
            rows: components["schemas"]["LiabilityOfMonth"][];
            totals: components["schemas"]["LiabilityTotals"];
            check: components["schemas"]["LiabilityCheck"];
        };
        LiabilityByDay: {
            coin: string;
            /** Format: date-time */
            from: string;
            /** Format: date-time */
            until: string;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            by: "day";
            /** Format: int64 */
            event: number;
            rows: components["schemas"]["LiabilityOfDay"][];
            totals: components["schemas"]["LiabilityTotals"];
            check: components["schemas"]["LiabilityCheck"];
        };
        LiabilityReport: components["schemas"]["LiabilityByTotal"] | components["schemas"]["LiabilityByCategory"] | components["schemas"]["LiabilityByMonth"] | components["schemas"]["LiabilityByDay"];
        BatchRequest: {
            /** @description Whether the batch is atomic: all operations are applied, or none. If false, each is applied independently. Default: false. */
            atomic?: boolean | null;
            /** @description What `results` in the response contains: only the refused operations, or one entry per operation (`all`). Default: `refusals`. */
            results?: ("refusals" | "all") | null;
            /** @description The operations, applied in order. */
            operations: components["schemas"]["BatchOperation"][];
        };
        BatchOperation: components["schemas"]["BatchTransfer"] | components["schemas"]["BatchGrant"] | components["schemas"]["BatchSpend"] | components["schemas"]["BatchHold"] | components["schemas"]["BatchCapture"] | components["schemas"]["BatchRelease"] | components["schemas"]["BatchExtend"] | components["schemas"]["BatchUser"] | components["schemas"]["BatchUserClose"] | components["schemas"]["BatchCoin"] | components["schemas"]["BatchLimits"] | components["schemas"]["BatchSpendLimit"] | components["schemas"]["BatchCoinSpendLimit"] | components["schemas"]["BatchThresholds"] | components["schemas"]["BatchCoinThresholds"] | components["schemas"]["BatchReverse"] | components["schemas"]["BatchSchedule"] | components["schemas"]["BatchScheduleDelete"] | components["schemas"]["BatchSchedulePause"] | components["schemas"]["BatchScheduleResume"];
        /** @description Moves coins from one user to another. Lots keep their grant, expiry, priority and category. */
        BatchTransfer: {
            /**
             * Format: tocos-user-id
             * @description The payer.
             */
            from: string;
            /**
             * Format: tocos-user-id
             * @description The receiver.
             */
            to: string;
            /** @description The coin's code. */
            coin: string;
            /**
             * Format: int64
             * @description The amount, in the coin's smallest unit.
             */
            amount: number;
            /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
            metadata?: JsonObject | null;
            /**
             * Format: tocos-reference
             * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
             */
            reference?: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            op: "transfer";
            /** @description Identifies this operation permanently: it is applied at most once. */
            idempotency_key?: string | null;
        };
        /** @description Issues new coins to a user. */
        BatchGrant: {
            /**
             * Format: tocos-user-id
             * @description The receiver.
             */
            user: string;
            /** @description The coin's code. */
            coin: string;
            /**
             * Format: int64
             * @description The amount, in the coin's smallest unit.
             */
            amount: number;
            /**
             * Format: date-time
             * @description The time from which the unspent coins of this grant expire. If omitted, they never expire.
             */
            expires_at?: string | null;
            /**
             * Format: int32
             * @description Coins with a lower priority are spent first. Default: 50.
             */
            priority?: number | null;
            /** @description With equal priority and expiry, promotional coins are spent before paid ones. */
            category?: ("paid" | "promotional") | null;
            /** @description Keep these coins as a lot of their own even if they never expire and have default priority and category, so that they can be followed. Default: false. */
            lot?: boolean | null;
            /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
            metadata?: JsonObject | null;
            /**
             * Format: tocos-reference
             * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
             */
            reference?: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            op: "grant";
            /** @description Identifies this operation permanently: it is applied at most once. */
            idempotency_key?: string | null;
        };
        /** @description Spends a user's coins, or pays them to another user. Lots are consumed in order: lower priority first, then earlier expiry. */
        BatchSpend: {
            /**
             * Format: tocos-user-id
             * @description The payer.
             */
            user: string;
            /** @description The coin's code. */
            coin: string;
            /**
             * Format: int64
             * @description The amount, in the coin's smallest unit.
             */
            amount: number;
            /**
             * Format: tocos-user-id
             * @description The payee. If omitted, the coins are spent.
             */
            to?: string | null;
            /** @description `up_to` takes the available coins, possibly none, if there are fewer than the amount. Default: `exact`. */
            mode?: ("exact" | "up_to") | null;
            /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
            metadata?: JsonObject | null;
            /**
             * Format: tocos-reference
             * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
             */
            reference?: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            op: "spend";
            /** @description Identifies this operation permanently: it is applied at most once. */
            idempotency_key?: string | null;
        };
        /** @description Reserves coins until they are captured or released, or the hold expires. The `id` in the response identifies the hold. */
        BatchHold: {
            /**
             * Format: tocos-user-id
             * @description The user whose coins are reserved.
             */
            user: string;
            /** @description The coin's code. */
            coin: string;
            /**
             * Format: int64
             * @description The amount, in the coin's smallest unit.
             */
            amount: number;
            /**
             * Format: date-time
             * @description When the hold expires; at most 400 days from now.
             */
            expires_at?: string | null;
            /**
             * Format: int32
             * @description The expiry in seconds from now. Default, without `expires_at`: 900.
             */
            timeout_s?: number | null;
            /**
             * Format: tocos-user-id
             * @description The user who receives the captured coins. If omitted, captured coins are spent.
             */
            to?: string | null;
            /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
            metadata?: JsonObject | null;
            /**
             * Format: tocos-reference
             * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
             */
            reference?: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            op: "hold";
            /** @description Identifies this operation permanently: it is applied at most once. */
            idempotency_key?: string | null;
        };
        /** @description Takes held coins: spends them, or pays them to the user given when the hold was created. */
        BatchCapture: {
            /**
             * Format: int64
             * @description The hold's id.
             */
            hold: number;
            /**
             * Format: int64
             * @description The amount to capture. Default: everything held.
             */
            amount?: number | null;
            /** @description Whether to release the rest and end the hold. Default: true. */
            final?: boolean | null;
            /** @description What to do if the amount is more than is held: `reject` refuses the capture, `take_available` takes the missing coins from the available ones, as many as there are. Default: `reject`. */
            excess?: ("reject" | "take_available") | null;
            /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
            metadata?: JsonObject | null;
            /**
             * Format: tocos-reference
             * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
             */
            reference?: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            op: "capture";
            /** @description Identifies this operation permanently: it is applied at most once. */
            idempotency_key?: string | null;
        };
        /** @description Makes all held coins available again and ends the hold. */
        BatchRelease: {
            /**
             * Format: int64
             * @description The hold's id.
             */
            hold: number;
            /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
            metadata?: JsonObject | null;
            /**
             * Format: tocos-reference
             * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
             */
            reference?: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            op: "release";
            /** @description Identifies this operation permanently: it is applied at most once. */
            idempotency_key?: string | null;
        };
        /** @description Sets a later expiry for a hold. */
        BatchExtend: {
            /**
             * Format: int64
             * @description The hold's id.
             */
            hold: number;
            /**
             * Format: date-time
             * @description The new expiry of the hold; later than the current one, at most 400 days from now.
             */
            expires_at: string;
            /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
            metadata?: JsonObject | null;
            /**
             * Format: tocos-reference
             * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
             */
            reference?: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            op: "extend";
            /** @description Identifies this operation permanently: it is applied at most once. */
            idempotency_key?: string | null;
        };
        /** @description Creates a user, or replaces the name and metadata of an existing one. */
        BatchUser: {
            /**
             * Format: tocos-user-id
             * @description The user's id, which you choose.
             */
            user: string;
            /** @description The display name: at most 256 bytes of UTF-8, no control characters. */
            name?: string | null;
            /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
            metadata?: JsonObject | null;
            /**
             * Format: tocos-reference
             * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
             */
            reference?: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            op: "user";
            /** @description Identifies this operation permanently: it is applied at most once. */
            idempotency_key?: string | null;
        };
        /** @description Closes a user permanently. The user must have no coins and no open holds. */
        BatchUserClose: {
            /**
             * Format: tocos-user-id
             * @description The user's id.
             */
            user: string;
            /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
            metadata?: JsonObject | null;
            /**
             * Format: tocos-reference
             * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
             */
            reference?: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            op: "user_close";
            /** @description Identifies this operation permanently: it is applied at most once. */
            idempotency_key?: string | null;
        };
        /** @description Creates a coin, or replaces the decimals of an existing one. */
        BatchCoin: {
            /** @description The coin's code. */
            coin: string;
            /**
             * Format: int32
             * @description The number of decimal places shown to people. Default: 0.
             */
            decimals?: number | null;
            /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
            metadata?: JsonObject | null;
            /**
             * Format: tocos-reference
             * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
             */
            reference?: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            op: "coin";
            /** @description Identifies this operation permanently: it is applied at most once. */
            idempotency_key?: string | null;
        };
        /** @description Replaces floor, ceiling and frozen of an account. Omitted fields are reset to their defaults. */
        BatchLimits: {
            /**
             * Format: tocos-user-id
             * @description The id of the account's user.
             */
            user: string;
            /** @description The coin's code. */
            coin: string;
            /**
             * Format: int32
             * @description The lowest available balance allowed; negative for a credit line. Default: 0.
             */
            floor?: number | null;
            /**
             * Format: int64
             * @description The highest total allowed. Default: 2^53-1.
             */
            ceiling?: number | null;
            /** @description Whether the account is frozen: it can receive coins, but none can be taken from it. Default: false. */
            frozen?: boolean | null;
            /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
            metadata?: JsonObject | null;
            /**
             * Format: tocos-reference
             * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
             */
            reference?: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            op: "limits";
            /** @description Identifies this operation permanently: it is applied at most once. */
            idempotency_key?: string | null;
        };
        /** @description Replaces the limit on what may be spent of an account within a day, a month, or a number of hours. Open holds count as spent. */
        BatchSpendLimit: {
            /**
             * Format: tocos-user-id
             * @description The id of the account's user.
             */
            user: string;
            /** @description The coin's code. */
            coin: string;
            /**
             * Format: int64
             * @description The most that may be spent, paid, transferred away, captured and held within the window. If omitted, the limit is removed, and the coin's counts if it has one.
             */
            amount?: number | null;
            /** @description The window: a day or month of the calendar in UTC, or the last `hours`. Default: `hours` if that field is given, else `day`. */
            per?: ("day" | "month" | "hours") | null;
            /**
             * Format: int32
             * @description The length of a rolling window.
             */
            hours?: number | null;
            /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
            metadata?: JsonObject | null;
            /**
             * Format: tocos-reference
             * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
             */
            reference?: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            op: "spend_limit";
            /** @description Identifies this operation permanently: it is applied at most once. */
            idempotency_key?: string | null;
        };
        /** @description Replaces the spending limit of all accounts of this coin that have none of their own. It counts for each of them by itself. */
        BatchCoinSpendLimit: {
            /** @description The coin's code. */
            coin: string;
            /**
             * Format: int64
             * @description The most that may be spent, paid, transferred away, captured and held within the window. If omitted, the limit is removed, and the coin's counts if it has one.
             */
            amount?: number | null;
            /** @description The window: a day or month of the calendar in UTC, or the last `hours`. Default: `hours` if that field is given, else `day`. */
            per?: ("day" | "month" | "hours") | null;
            /**
             * Format: int32
             * @description The length of a rolling window.
             */
            hours?: number | null;
            /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
            metadata?: JsonObject | null;
            /**
             * Format: tocos-reference
             * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
             */
            reference?: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            op: "coin_spend_limit";
            /** @description Identifies this operation permanently: it is applied at most once. */
            idempotency_key?: string | null;
        };
        /** @description Replaces the amounts of available coins whose crossing is told: the event that crosses one has it in `crossed`. */
        BatchThresholds: {
            /**
             * Format: tocos-user-id
             * @description The id of the account's user.
             */
            user: string;
            /** @description The coin's code. */
            coin: string;
            /** @description Up to 10 amounts of available coins, in any order; they may be negative. If omitted, the coin's count; `[]` stands for none at all. */
            thresholds?: number[] | null;
            /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
            metadata?: JsonObject | null;
            /**
             * Format: tocos-reference
             * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
             */
            reference?: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            op: "thresholds";
            /** @description Identifies this operation permanently: it is applied at most once. */
            idempotency_key?: string | null;
        };
        /** @description Replaces the thresholds of all accounts of this coin that have none of their own. */
        BatchCoinThresholds: {
            /** @description The coin's code. */
            coin: string;
            /** @description Up to 10 amounts of available coins, in any order; they may be negative. If omitted, the coin's count; `[]` stands for none at all. */
            thresholds?: number[] | null;
            /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
            metadata?: JsonObject | null;
            /**
             * Format: tocos-reference
             * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
             */
            reference?: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            op: "coin_thresholds";
            /** @description Identifies this operation permanently: it is applied at most once. */
            idempotency_key?: string | null;
        };
        /** @description Returns the coins of a grant, spend, transfer, capture or expiry to where they came from. Reversing an expiry requires `renew_expires_at`. For a chargeback, `mode: up_to` takes what is still there, and `debt: true` lets the rest be owed. */
        BatchReverse: {
            /**
             * Format: int64
             * @description The number of the event to reverse.
             */
            event: number;
            /**
             * Format: int64
             * @description The amount to reverse. Default: everything that is not reversed yet.
             */
            amount?: number | null;
            /**
             * Format: date-time
             * @description The new expiry of returned coins whose lot has expired.
             */
            renew_expires_at?: string | null;
            /** @description up_to takes what is left to reverse and still there, possibly nothing, instead of being refused. Default: exact. */
            mode?: ("exact" | "up_to") | null;
            /** @description Take also what is no longer there: it is owed in plain coins, whatever the floor. Default: false. */
            debt?: boolean | null;
            /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
            metadata?: JsonObject | null;
            /**
             * Format: tocos-reference
             * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
             */
            reference?: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            op: "reverse";
            /** @description Identifies this operation permanently: it is applied at most once. */
            idempotency_key?: string | null;
        };
        /** @description Creates a schedule that grants coins to a user by itself, once or again and again, or replaces what an existing one does from its next occurrence on. */
        BatchSchedule: {
            /**
             * Format: tocos-user-id
             * @description The schedule's id, which you choose.
             */
            schedule: string;
            /**
             * Format: tocos-user-id
             * @description The receiver. A schedule stays with its user.
             */
            user: string;
            /** @description The coin's code. A schedule stays with its coin. */
            coin: string;
            /**
             * Format: int64
             * @description What each occurrence grants, in the coin's smallest unit.
             */
            amount: number;
            /**
             * Format: int32
             * @description The time between occurrences, in days of 24 hours. Without `every_days` and `every_months` there is one occurrence.
             */
            every_days?: number | null;
            /**
             * Format: int32
             * @description The time between occurrences, in months of the calendar in UTC. A month that has no such day has its occurrence on its last day.
             */
            every_months?: number | null;
            /**
             * Format: date-time
             * @description From where occurrences are counted: occurrence 0 is at the anchor. Default: `starts_at`, else now; for an existing schedule the anchor that it has.
             */
            anchor?: string | null;
            /**
             * Format: date-time
             * @description No occurrence is before this time.
             */
            starts_at?: string | null;
            /**
             * Format: date-time
             * @description No occurrence is at or after this time.
             */
            ends_at?: string | null;
            /**
             * Format: int64
             * @description No occurrence has this number or a higher one, counted from 0 at the anchor.
             */
            occurrences?: number | null;
            /** @description When the coins of an occurrence expire: `at_next` is the time of the next occurrence. Default: `never`. */
            expires?: ("never" | "at_next") | null;
            /**
             * Format: int64
             * @description The coins of an occurrence expire so many seconds after it.
             */
            expires_after_s?: number | null;
            /**
             * Format: int32
             * @description Coins with a lower priority are spent first. Default: 50.
             */
            priority?: number | null;
            /** @description With equal priority and expiry, promotional coins are spent before paid ones. */
            category?: ("paid" | "promotional") | null;
            /**
             * Format: int64
             * @description How much of what is left of an occurrence goes on when the next one comes. Needs `expires: at_next`. Default: nothing.
             */
            rollover_max?: number | null;
            /** @description When what goes on expires: `at_next` is the occurrence after that. Default: `at_next`. */
            rollover_expires?: ("never" | "at_next") | null;
            /**
             * Format: int64
             * @description What goes on expires so many seconds after the occurrence that comes.
             */
            rollover_expires_after_s?: number | null;
            /** @description When a change of an existing schedule takes effect: with `now` also what its last occurrence granted follows the amount: what is missing is added to its coins, what is too much is taken from those that are left. Default: `at_next`. */
            takes_effect?: ("at_next" | "now") | null;
            /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
            metadata?: JsonObject | null;
            /**
             * Format: tocos-reference
             * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
             */
            reference?: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            op: "schedule";
            /** @description Identifies this operation permanently: it is applied at most once. */
            idempotency_key?: string | null;
        };
        /** @description Ends a schedule. The coins that it granted stay. */
        BatchScheduleDelete: {
            /**
             * Format: tocos-user-id
             * @description The schedule's id, which you choose.
             */
            schedule: string;
            /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
            metadata?: JsonObject | null;
            /**
             * Format: tocos-reference
             * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
             */
            reference?: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            op: "schedule_delete";
            /** @description Identifies this operation permanently: it is applied at most once. */
            idempotency_key?: string | null;
        };
        /** @description Skips the occurrences of a schedule until it is resumed. */
        BatchSchedulePause: {
            /**
             * Format: tocos-user-id
             * @description The schedule's id, which you choose.
             */
            schedule: string;
            /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
            metadata?: JsonObject | null;
            /**
             * Format: tocos-reference
             * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
             */
            reference?: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            op: "schedule_pause";
            /** @description Identifies this operation permanently: it is applied at most once. */
            idempotency_key?: string | null;
        };
        /** @description Goes on with the first occurrence from now on. A schedule that has none left is over. */
        BatchScheduleResume: {
            /**
             * Format: tocos-user-id
             * @description The schedule's id, which you choose.
             */
            schedule: string;
            /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
            metadata?: JsonObject | null;
            /**
             * Format: tocos-reference
             * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
             */
            reference?: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            op: "schedule_resume";
            /** @description Identifies this operation permanently: it is applied at most once. */
            idempotency_key?: string | null;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    get_v1_users: {
        parameters: {
            query?: {
                /** @description Only these users, in the order in which they are named; ids that no user has are left out. May be repeated, up to 1,000 times. Not together with `q`, `prefix`, `order` and `cursor`; `limit` has no effect. */
                id?: string[];
                /** @description Only users whose id or name contains this; upper and lower case and accents make no difference. Not together with `prefix`. */
                q?: string;
                /** @description By id, by creation, or by balance, which is the total of `coin` and needs it; with `-` the greatest first. Of users with the same balance the oldest comes first. Default: `id`, with `q` `created`. */
                order?: "id" | "-id" | "created" | "-created" | "balance" | "-balance";
                /** @description Only users with an account of this coin, and only that account. */
                coin?: string;
                /** @description Only users whose id begins with this. */
                prefix?: string;
                /** @description Whether to include closed users. Default: false. */
                closed?: boolean;
                /** @description The maximum number of entries. Default: 100. */
                limit?: number;
                /** @description The `next_cursor` of the previous page, which had the same `order`, `coin` and `q`. */
                cursor?: string;
            };
            header?: {
                /** @description Waits up to 5 seconds until this event is there, as in the `Tocos-Event` of an earlier response. */
                "Tocos-Min-Event"?: number;
                /** @description `leader`: in a group, the leader responds. */
                "Tocos-Read"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserList"];
                };
            };
        };
    };
    post_v1_users: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: tocos-user-id
                     * @description The user's id, which you choose.
                     */
                    id: string;
                    /** @description The display name: at most 256 bytes of UTF-8, no control characters. */
                    name?: string | null;
                    /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
                    metadata?: JsonObject | null;
                    /**
                     * Format: tocos-reference
                     * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
                     */
                    reference?: string | null;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserEvent"];
                };
            };
            /** @description Created. */
            201: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserEvent"];
                };
            };
        };
    };
    get_v1_users_user: {
        parameters: {
            query?: {
                /** @description An event number or a time: returns the coins and lots as they were after that event or at that time. */
                at?: number | string;
            };
            header?: {
                /** @description Waits up to 5 seconds until this event is there, as in the `Tocos-Event` of an earlier response. */
                "Tocos-Min-Event"?: number;
                /** @description `leader`: in a group, the leader responds. */
                "Tocos-Read"?: string;
            };
            path: {
                /** @description The user's id. */
                user: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
        };
    };
    put_v1_users_user: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The user's id, which you choose. */
                user: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description The display name: at most 256 bytes of UTF-8, no control characters. */
                    name?: string | null;
                    /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
                    metadata?: JsonObject | null;
                    /**
                     * Format: tocos-reference
                     * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
                     */
                    reference?: string | null;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserEvent"];
                };
            };
            /** @description Created. */
            201: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserEvent"];
                };
            };
        };
    };
    post_v1_users_user_close: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The user's id. */
                user: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
                    metadata?: JsonObject | null;
                    /**
                     * Format: tocos-reference
                     * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
                     */
                    reference?: string | null;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserClosedEvent"];
                };
            };
        };
    };
    put_v1_users_user_limits_coin: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The id of the account's user. */
                user: string;
                /** @description The coin's code. */
                coin: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: int32
                     * @description The lowest available balance allowed; negative for a credit line. Default: 0.
                     */
                    floor?: number | null;
                    /**
                     * Format: int64
                     * @description The highest total allowed. Default: 2^53-1.
                     */
                    ceiling?: number | null;
                    /** @description Whether the account is frozen: it can receive coins, but none can be taken from it. Default: false. */
                    frozen?: boolean | null;
                    /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
                    metadata?: JsonObject | null;
                    /**
                     * Format: tocos-reference
                     * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
                     */
                    reference?: string | null;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LimitsEvent"];
                };
            };
        };
    };
    put_v1_users_user_spend_limit_coin: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The id of the account's user. */
                user: string;
                /** @description The coin's code. */
                coin: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: int64
                     * @description The most that may be spent, paid, transferred away, captured and held within the window. If omitted, the limit is removed, and the coin's counts if it has one.
                     */
                    amount?: number | null;
                    /** @description The window: a day or month of the calendar in UTC, or the last `hours`. Default: `hours` if that field is given, else `day`. */
                    per?: ("day" | "month" | "hours") | null;
                    /**
                     * Format: int32
                     * @description The length of a rolling window.
                     */
                    hours?: number | null;
                    /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
                    metadata?: JsonObject | null;
                    /**
                     * Format: tocos-reference
                     * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
                     */
                    reference?: string | null;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SpendLimitEvent"];
                };
            };
        };
    };
    put_v1_users_user_thresholds_coin: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The id of the account's user. */
                user: string;
                /** @description The coin's code. */
                coin: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description Up to 10 amounts of available coins, in any order; they may be negative. If omitted, the coin's count; `[]` stands for none at all. */
                    thresholds?: number[] | null;
                    /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
                    metadata?: JsonObject | null;
                    /**
                     * Format: tocos-reference
                     * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
                     */
                    reference?: string | null;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ThresholdsEvent"];
                };
            };
        };
    };
    get_v1_coins: {
        parameters: {
            query?: never;
            header?: {
                /** @description Waits up to 5 seconds until this event is there, as in the `Tocos-Event` of an earlier response. */
                "Tocos-Min-Event"?: number;
                /** @description `leader`: in a group, the leader responds. */
                "Tocos-Read"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CoinList"];
                };
            };
        };
    };
    get_v1_coins_coin: {
        parameters: {
            query?: never;
            header?: {
                /** @description Waits up to 5 seconds until this event is there, as in the `Tocos-Event` of an earlier response. */
                "Tocos-Min-Event"?: number;
                /** @description `leader`: in a group, the leader responds. */
                "Tocos-Read"?: string;
            };
            path: {
                /** @description The coin's code. */
                coin: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Coin"];
                };
            };
        };
    };
    put_v1_coins_coin: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The coin's code. */
                coin: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: int32
                     * @description The number of decimal places shown to people. Default: 0.
                     */
                    decimals?: number | null;
                    /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
                    metadata?: JsonObject | null;
                    /**
                     * Format: tocos-reference
                     * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
                     */
                    reference?: string | null;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CoinEvent"];
                };
            };
            /** @description Created. */
            201: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CoinEvent"];
                };
            };
        };
    };
    put_v1_coins_coin_spend_limit: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The coin's code. */
                coin: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: int64
                     * @description The most that may be spent, paid, transferred away, captured and held within the window. If omitted, the limit is removed, and the coin's counts if it has one.
                     */
                    amount?: number | null;
                    /** @description The window: a day or month of the calendar in UTC, or the last `hours`. Default: `hours` if that field is given, else `day`. */
                    per?: ("day" | "month" | "hours") | null;
                    /**
                     * Format: int32
                     * @description The length of a rolling window.
                     */
                    hours?: number | null;
                    /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
                    metadata?: JsonObject | null;
                    /**
                     * Format: tocos-reference
                     * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
                     */
                    reference?: string | null;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SpendLimitEvent"];
                };
            };
        };
    };
    put_v1_coins_coin_thresholds: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The coin's code. */
                coin: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description Up to 10 amounts of available coins, in any order; they may be negative. If omitted, the coin's count; `[]` stands for none at all. */
                    thresholds?: number[] | null;
                    /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
                    metadata?: JsonObject | null;
                    /**
                     * Format: tocos-reference
                     * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
                     */
                    reference?: string | null;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ThresholdsEvent"];
                };
            };
        };
    };
    post_v1_grants: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: tocos-user-id
                     * @description The receiver.
                     */
                    user: string;
                    /** @description The coin's code. */
                    coin: string;
                    /**
                     * Format: int64
                     * @description The amount, in the coin's smallest unit.
                     */
                    amount: number;
                    /**
                     * Format: date-time
                     * @description The time from which the unspent coins of this grant expire. If omitted, they never expire.
                     */
                    expires_at?: string | null;
                    /**
                     * Format: int32
                     * @description Coins with a lower priority are spent first. Default: 50.
                     */
                    priority?: number | null;
                    /** @description With equal priority and expiry, promotional coins are spent before paid ones. */
                    category?: ("paid" | "promotional") | null;
                    /** @description Keep these coins as a lot of their own even if they never expire and have default priority and category, so that they can be followed. Default: false. */
                    lot?: boolean | null;
                    /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
                    metadata?: JsonObject | null;
                    /**
                     * Format: tocos-reference
                     * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
                     */
                    reference?: string | null;
                };
            };
        };
        responses: {
            /** @description Created. */
            201: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GrantEvent"];
                };
            };
        };
    };
    get_v1_grants_event: {
        parameters: {
            query?: never;
            header?: {
                /** @description Waits up to 5 seconds until this event is there, as in the `Tocos-Event` of an earlier response. */
                "Tocos-Min-Event"?: number;
                /** @description `leader`: in a group, the leader responds. */
                "Tocos-Read"?: string;
            };
            path: {
                /** @description The number of the grant, or of a rollover. */
                event: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Grant"];
                };
            };
        };
    };
    get_v1_grants_event_uses: {
        parameters: {
            query?: {
                /** @description Only events with a number greater than this. Default: 0. */
                after?: number;
                /** @description The maximum number of uses. Default: 100. */
                limit?: number;
            };
            header?: {
                /** @description Waits up to 5 seconds until this event is there, as in the `Tocos-Event` of an earlier response. */
                "Tocos-Min-Event"?: number;
                /** @description `leader`: in a group, the leader responds. */
                "Tocos-Read"?: string;
            };
            path: {
                /** @description The number of the grant, or of a rollover. */
                event: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GrantUseList"];
                };
            };
        };
    };
    post_v1_spends: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: tocos-user-id
                     * @description The payer.
                     */
                    user: string;
                    /** @description The coin's code. */
                    coin: string;
                    /**
                     * Format: int64
                     * @description The amount, in the coin's smallest unit.
                     */
                    amount: number;
                    /**
                     * Format: tocos-user-id
                     * @description The payee. If omitted, the coins are spent.
                     */
                    to?: string | null;
                    /** @description `up_to` takes the available coins, possibly none, if there are fewer than the amount. Default: `exact`. */
                    mode?: ("exact" | "up_to") | null;
                    /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
                    metadata?: JsonObject | null;
                    /**
                     * Format: tocos-reference
                     * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
                     */
                    reference?: string | null;
                };
            };
        };
        responses: {
            /** @description Created. */
            201: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SpendEvent"];
                };
            };
        };
    };
    post_v1_transfers: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: tocos-user-id
                     * @description The payer.
                     */
                    from: string;
                    /**
                     * Format: tocos-user-id
                     * @description The receiver.
                     */
                    to: string;
                    /** @description The coin's code. */
                    coin: string;
                    /**
                     * Format: int64
                     * @description The amount, in the coin's smallest unit.
                     */
                    amount: number;
                    /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
                    metadata?: JsonObject | null;
                    /**
                     * Format: tocos-reference
                     * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
                     */
                    reference?: string | null;
                };
            };
        };
        responses: {
            /** @description Created. */
            201: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TransferEvent"];
                };
            };
        };
    };
    get_v1_holds: {
        parameters: {
            query?: {
                /** @description Only holds of this user's coins. */
                user?: string;
                /** @description Only holds of this coin. */
                coin?: string;
                /** @description Only open holds are listed. Default: `open`. */
                state?: "open";
                /** @description The maximum number of entries. Default: 100. */
                limit?: number;
                /** @description The `next_cursor` of the previous page. */
                cursor?: string;
            };
            header?: {
                /** @description Waits up to 5 seconds until this event is there, as in the `Tocos-Event` of an earlier response. */
                "Tocos-Min-Event"?: number;
                /** @description `leader`: in a group, the leader responds. */
                "Tocos-Read"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HoldList"];
                };
            };
        };
    };
    post_v1_holds: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: tocos-user-id
                     * @description The user whose coins are reserved.
                     */
                    user: string;
                    /** @description The coin's code. */
                    coin: string;
                    /**
                     * Format: int64
                     * @description The amount, in the coin's smallest unit.
                     */
                    amount: number;
                    /**
                     * Format: date-time
                     * @description When the hold expires; at most 400 days from now.
                     */
                    expires_at?: string | null;
                    /**
                     * Format: int32
                     * @description The expiry in seconds from now. Default, without `expires_at`: 900.
                     */
                    timeout_s?: number | null;
                    /**
                     * Format: tocos-user-id
                     * @description The user who receives the captured coins. If omitted, captured coins are spent.
                     */
                    to?: string | null;
                    /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
                    metadata?: JsonObject | null;
                    /**
                     * Format: tocos-reference
                     * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
                     */
                    reference?: string | null;
                };
            };
        };
        responses: {
            /** @description Created. */
            201: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HoldEvent"];
                };
            };
        };
    };
    get_v1_holds_hold: {
        parameters: {
            query?: never;
            header?: {
                /** @description Waits up to 5 seconds until this event is there, as in the `Tocos-Event` of an earlier response. */
                "Tocos-Min-Event"?: number;
                /** @description `leader`: in a group, the leader responds. */
                "Tocos-Read"?: string;
            };
            path: {
                /** @description The hold's id. */
                hold: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Hold"];
                };
            };
        };
    };
    post_v1_holds_hold_capture: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The hold's id. */
                hold: number;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: int64
                     * @description The amount to capture. Default: everything held.
                     */
                    amount?: number | null;
                    /** @description Whether to release the rest and end the hold. Default: true. */
                    final?: boolean | null;
                    /** @description What to do if the amount is more than is held: `reject` refuses the capture, `take_available` takes the missing coins from the available ones, as many as there are. Default: `reject`. */
                    excess?: ("reject" | "take_available") | null;
                    /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
                    metadata?: JsonObject | null;
                    /**
                     * Format: tocos-reference
                     * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
                     */
                    reference?: string | null;
                };
            };
        };
        responses: {
            /** @description Created. */
            201: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CaptureEvent"];
                };
            };
        };
    };
    post_v1_holds_hold_release: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The hold's id. */
                hold: number;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
                    metadata?: JsonObject | null;
                    /**
                     * Format: tocos-reference
                     * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
                     */
                    reference?: string | null;
                };
            };
        };
        responses: {
            /** @description Created. */
            201: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReleaseEvent"];
                };
            };
        };
    };
    post_v1_holds_hold_extend: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The hold's id. */
                hold: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: date-time
                     * @description The new expiry of the hold; later than the current one, at most 400 days from now.
                     */
                    expires_at: string;
                    /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
                    metadata?: JsonObject | null;
                    /**
                     * Format: tocos-reference
                     * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
                     */
                    reference?: string | null;
                };
            };
        };
        responses: {
            /** @description Created. */
            201: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExtendEvent"];
                };
            };
        };
    };
    get_v1_schedules: {
        parameters: {
            query?: {
                /** @description Only the schedules of this user. */
                user?: string;
                /** @description The maximum number of entries. Default: 100. */
                limit?: number;
                /** @description The `next_cursor` of the previous page. */
                cursor?: string;
            };
            header?: {
                /** @description Waits up to 5 seconds until this event is there, as in the `Tocos-Event` of an earlier response. */
                "Tocos-Min-Event"?: number;
                /** @description `leader`: in a group, the leader responds. */
                "Tocos-Read"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduleList"];
                };
            };
        };
    };
    get_v1_schedules_schedule: {
        parameters: {
            query?: never;
            header?: {
                /** @description Waits up to 5 seconds until this event is there, as in the `Tocos-Event` of an earlier response. */
                "Tocos-Min-Event"?: number;
                /** @description `leader`: in a group, the leader responds. */
                "Tocos-Read"?: string;
            };
            path: {
                /** @description The schedule's id. */
                schedule: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Schedule"];
                };
            };
        };
    };
    put_v1_schedules_schedule: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The schedule's id, which you choose. */
                schedule: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: tocos-user-id
                     * @description The receiver. A schedule stays with its user.
                     */
                    user: string;
                    /** @description The coin's code. A schedule stays with its coin. */
                    coin: string;
                    /**
                     * Format: int64
                     * @description What each occurrence grants, in the coin's smallest unit.
                     */
                    amount: number;
                    /**
                     * Format: int32
                     * @description The time between occurrences, in days of 24 hours. Without `every_days` and `every_months` there is one occurrence.
                     */
                    every_days?: number | null;
                    /**
                     * Format: int32
                     * @description The time between occurrences, in months of the calendar in UTC. A month that has no such day has its occurrence on its last day.
                     */
                    every_months?: number | null;
                    /**
                     * Format: date-time
                     * @description From where occurrences are counted: occurrence 0 is at the anchor. Default: `starts_at`, else now; for an existing schedule the anchor that it has.
                     */
                    anchor?: string | null;
                    /**
                     * Format: date-time
                     * @description No occurrence is before this time.
                     */
                    starts_at?: string | null;
                    /**
                     * Format: date-time
                     * @description No occurrence is at or after this time.
                     */
                    ends_at?: string | null;
                    /**
                     * Format: int64
                     * @description No occurrence has this number or a higher one, counted from 0 at the anchor.
                     */
                    occurrences?: number | null;
                    /** @description When the coins of an occurrence expire: `at_next` is the time of the next occurrence. Default: `never`. */
                    expires?: ("never" | "at_next") | null;
                    /**
                     * Format: int64
                     * @description The coins of an occurrence expire so many seconds after it.
                     */
                    expires_after_s?: number | null;
                    /**
                     * Format: int32
                     * @description Coins with a lower priority are spent first. Default: 50.
                     */
                    priority?: number | null;
                    /** @description With equal priority and expiry, promotional coins are spent before paid ones. */
                    category?: ("paid" | "promotional") | null;
                    /**
                     * Format: int64
                     * @description How much of what is left of an occurrence goes on when the next one comes. Needs `expires: at_next`. Default: nothing.
                     */
                    rollover_max?: number | null;
                    /** @description When what goes on expires: `at_next` is the occurrence after that. Default: `at_next`. */
                    rollover_expires?: ("never" | "at_next") | null;
                    /**
                     * Format: int64
                     * @description What goes on expires so many seconds after the occurrence that comes.
                     */
                    rollover_expires_after_s?: number | null;
                    /** @description When a change of an existing schedule takes effect: with `now` also what its last occurrence granted follows the amount: what is missing is added to its coins, what is too much is taken from those that are left. Default: `at_next`. */
                    takes_effect?: ("at_next" | "now") | null;
                    /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
                    metadata?: JsonObject | null;
                    /**
                     * Format: tocos-reference
                     * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
                     */
                    reference?: string | null;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduleEvent"];
                };
            };
            /** @description Created. */
            201: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduleEvent"];
                };
            };
        };
    };
    delete_v1_schedules_schedule: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The schedule's id, which you choose. */
                schedule: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduleDeletedEvent"];
                };
            };
        };
    };
    post_v1_schedules_schedule_pause: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The schedule's id, which you choose. */
                schedule: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
                    metadata?: JsonObject | null;
                    /**
                     * Format: tocos-reference
                     * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
                     */
                    reference?: string | null;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SchedulePausedEvent"];
                };
            };
        };
    };
    post_v1_schedules_schedule_resume: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The schedule's id, which you choose. */
                schedule: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
                    metadata?: JsonObject | null;
                    /**
                     * Format: tocos-reference
                     * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
                     */
                    reference?: string | null;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ScheduleResumedEvent"];
                };
            };
        };
    };
    get_v1_schedules_schedule_preview: {
        parameters: {
            query?: {
                /** @description How many occurrences to list. Default: 12. */
                count?: number;
            };
            header?: {
                /** @description Waits up to 5 seconds until this event is there, as in the `Tocos-Event` of an earlier response. */
                "Tocos-Min-Event"?: number;
                /** @description `leader`: in a group, the leader responds. */
                "Tocos-Read"?: string;
            };
            path: {
                /** @description The schedule's id. */
                schedule: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Preview"];
                };
            };
        };
    };
    get_v1_users_user_history: {
        parameters: {
            query?: {
                /** @description Only events of this coin. */
                coin?: string;
                /** @description Only events with a number greater than this. */
                after?: number;
                /** @description Only events with a number less than this. */
                before?: number;
                /** @description Only events of this kind. */
                kind?: "grant" | "spend" | "transfer" | "hold" | "capture" | "release" | "hold_expired" | "expire" | "reverse" | "limits" | "thresholds" | "spend_limit" | "rollover" | "adjustment";
                /** @description Only events at or after this time. */
                from?: string;
                /** @description Only events before this time. */
                until?: string;
                /** @description `asc` lists the oldest events first, `desc` the newest. Default: `desc`. */
                order?: "desc" | "asc";
                /** @description The maximum number of entries. Default: 100. */
                limit?: number;
                /** @description The `next_cursor` of the previous page. */
                cursor?: string;
            };
            header?: {
                /** @description Waits up to 5 seconds until this event is there, as in the `Tocos-Event` of an earlier response. */
                "Tocos-Min-Event"?: number;
                /** @description `leader`: in a group, the leader responds. */
                "Tocos-Read"?: string;
            };
            path: {
                /** @description The user's id. */
                user: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["History"];
                };
            };
        };
    };
    get_v1_reports_liability: {
        parameters: {
            query: {
                /** @description The coin's code. */
                coin: string;
                /** @description The beginning of the span. Default: the time of the ledger's first event. */
                from?: string;
                /** @description The end of the span: what takes effect at this instant is no longer in it. Default: right behind the ledger's time, so that everything up to now is in it. */
                until?: string;
                /** @description `category` gives a row for paid and one for promotional coins, `month` and `day` one for each month or day of the calendar in UTC, of which the first and the last may be cut. Default: `total`. */
                by?: "total" | "category" | "month" | "day";
            };
            header?: {
                /** @description Waits up to 5 seconds until this event is there, as in the `Tocos-Event` of an earlier response. */
                "Tocos-Min-Event"?: number;
                /** @description `leader`: in a group, the leader responds. */
                "Tocos-Read"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LiabilityReport"];
                };
            };
        };
    };
    get_v1_events: {
        parameters: {
            query?: {
                /** @description Only events with a number greater than this. Default: 0. */
                after?: number;
                /** @description The maximum number of events. Default: 100. It does not limit a stream. */
                limit?: number;
                /** @description Only the event that this key names: one, or none. */
                idempotency_key?: string;
                /** @description Only events with this reference of yours. */
                reference?: string;
                /** @description Only events of this schedule: its changes, its occurrences, what rolled over. */
                schedule?: string;
                /** @description If there is no such event yet, wait up to this many seconds for one. */
                wait_s?: number;
                /** @description Only events that crossed a threshold. A page then ends after 20,000 events at the latest; `next_after` says where to go on. Default: false. */
                crossed?: boolean;
            };
            header?: {
                /** @description Waits up to 5 seconds until this event is there, as in the `Tocos-Event` of an earlier response. */
                "Tocos-Min-Event"?: number;
                /** @description `leader`: in a group, the leader responds. */
                "Tocos-Read"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventList"];
                };
            };
        };
    };
    get_v1_events_event: {
        parameters: {
            query?: never;
            header?: {
                /** @description Waits up to 5 seconds until this event is there, as in the `Tocos-Event` of an earlier response. */
                "Tocos-Min-Event"?: number;
                /** @description `leader`: in a group, the leader responds. */
                "Tocos-Read"?: string;
            };
            path: {
                /** @description The event number. */
                event: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Event"];
                };
            };
        };
    };
    post_v1_events_event_reverse: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The number of the event to reverse. */
                event: number;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: int64
                     * @description The amount to reverse. Default: everything that is not reversed yet.
                     */
                    amount?: number | null;
                    /**
                     * Format: date-time
                     * @description The new expiry of returned coins whose lot has expired.
                     */
                    renew_expires_at?: string | null;
                    /** @description up_to takes what is left to reverse and still there, possibly nothing, instead of being refused. Default: exact. */
                    mode?: ("exact" | "up_to") | null;
                    /** @description Take also what is no longer there: it is owed in plain coins, whatever the floor. Default: false. */
                    debt?: boolean | null;
                    /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
                    metadata?: JsonObject | null;
                    /**
                     * Format: tocos-reference
                     * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
                     */
                    reference?: string | null;
                };
            };
        };
        responses: {
            /** @description Created. */
            201: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReverseEvent"];
                };
            };
        };
    };
    post_v1_batch: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        /** @description Alternatively the operations only, one per line, as `application/x-ndjson`; `atomic` and `results` are then query parameters. */
        requestBody: {
            content: {
                "application/json": components["schemas"]["BatchRequest"];
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Batch"];
                };
            };
        };
    };
    get_v1_webhooks: {
        parameters: {
            query?: never;
            header?: {
                /** @description Waits up to 5 seconds until this event is there, as in the `Tocos-Event` of an earlier response. */
                "Tocos-Min-Event"?: number;
                /** @description `leader`: in a group, the leader responds. */
                "Tocos-Read"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookList"];
                };
            };
        };
    };
    get_v1_webhooks_webhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Waits up to 5 seconds until this event is there, as in the `Tocos-Event` of an earlier response. */
                "Tocos-Min-Event"?: number;
                /** @description `leader`: in a group, the leader responds. */
                "Tocos-Read"?: string;
            };
            path: {
                /** @description The webhook's id, which you choose. */
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
        };
    };
    put_v1_webhooks_webhook: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The webhook's id, which you choose. */
                webhook: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: tocos-webhook-url
                     * @description Where requests go: https://, without user name, password and fragment.
                     */
                    url: string;
                    /** @description Only events of these kinds. Default: all but those about webhooks. */
                    kinds?: ("user" | "user_closed" | "coin" | "limits" | "extend" | "key" | "key_revoked" | "leader" | "thresholds" | "spend_limit" | "schedule" | "schedule_deleted" | "schedule_paused" | "schedule_resumed" | "grant" | "spend" | "transfer" | "hold" | "capture" | "release" | "hold_expired" | "expire" | "reverse" | "rollover" | "adjustment" | "webhook" | "webhook_deleted" | "webhook_rotated" | "webhook_failing" | "webhook_disabled" | "webhook_enabled" | "webhook_redelivered")[] | null;
                    /** @description Only events about these coins. Default: all. */
                    coins?: string[] | null;
                    /** @description Only events about a user whose id begins with this. */
                    user_prefix?: string | null;
                    /** @description Only events that crossed a threshold. Default: false. */
                    crossed_only?: boolean | null;
                    /**
                     * Format: int32
                     * @description How many events a request carries at most. More than 1: requests carry a list, also of one. Default: 1.
                     */
                    batch?: number | null;
                    /**
                     * Format: tocos-webhook-secret
                     * @description What signs the requests: `whsec_` and 24 to 64 bytes in Base64. If omitted, one is made and returned in this response only.
                     */
                    secret?: string | null;
                    /**
                     * Format: int64
                     * @description For a new webhook: the first event to deliver. Default: the next one. An existing webhook goes on where it is.
                     */
                    from_event?: number | null;
                    /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
                    metadata?: JsonObject | null;
                    /**
                     * Format: tocos-reference
                     * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
                     */
                    reference?: string | null;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewWebhook"];
                };
            };
            /** @description Created. */
            201: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewWebhook"];
                };
            };
        };
    };
    delete_v1_webhooks_webhook: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The webhook's id, which you choose. */
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookDeletedEvent"];
                };
            };
        };
    };
    post_v1_webhooks_webhook_rotate_secret: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The webhook's id, which you choose. */
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: tocos-webhook-secret
                     * @description What signs the requests: `whsec_` and 24 to 64 bytes in Base64. If omitted, one is made and returned in this response only.
                     */
                    secret?: string | null;
                    /**
                     * Format: int32
                     * @description For how many seconds the secret before goes on signing beside the new one. Default: 86,400, a day.
                     */
                    keep_s?: number | null;
                    /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
                    metadata?: JsonObject | null;
                    /**
                     * Format: tocos-reference
                     * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
                     */
                    reference?: string | null;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RotatedWebhook"];
                };
            };
        };
    };
    post_v1_webhooks_webhook_disable: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The webhook's id, which you choose. */
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
                    metadata?: JsonObject | null;
                    /**
                     * Format: tocos-reference
                     * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
                     */
                    reference?: string | null;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookDisabledEvent"];
                };
            };
        };
    };
    post_v1_webhooks_webhook_enable: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The webhook's id, which you choose. */
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
                    metadata?: JsonObject | null;
                    /**
                     * Format: tocos-reference
                     * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
                     */
                    reference?: string | null;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookEnabledEvent"];
                };
            };
        };
    };
    post_v1_webhooks_webhook_redeliver: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The webhook's id, which you choose. */
                webhook: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: int64
                     * @description The first event to deliver: any up to the next one.
                     */
                    from_event: number;
                    /** @description A JSON object of your own, stored with the event; at most 8,192 bytes in compact form. */
                    metadata?: JsonObject | null;
                    /**
                     * Format: tocos-reference
                     * @description What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many.
                     */
                    reference?: string | null;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookRedeliveredEvent"];
                };
            };
        };
    };
    post_v1_webhooks_webhook_test: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The webhook's id, which you choose. */
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookDelivery"];
                };
            };
        };
    };
    get_v1_webhooks_webhook_deliveries: {
        parameters: {
            query?: never;
            header?: {
                /** @description Waits up to 5 seconds until this event is there, as in the `Tocos-Event` of an earlier response. */
                "Tocos-Min-Event"?: number;
                /** @description `leader`: in a group, the leader responds. */
                "Tocos-Read"?: string;
            };
            path: {
                /** @description The webhook's id, which you choose. */
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookDeliveryList"];
                };
            };
        };
    };
    get_v1_keys: {
        parameters: {
            query?: never;
            header?: {
                /** @description Waits up to 5 seconds until this event is there, as in the `Tocos-Event` of an earlier response. */
                "Tocos-Min-Event"?: number;
                /** @description `leader`: in a group, the leader responds. */
                "Tocos-Read"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyList"];
                };
            };
        };
    };
    post_v1_keys: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The key's display name. */
                    name?: string | null;
                    /**
                     * @description What the key may do. Each right includes the ones before it.
                     * @enum {string}
                     */
                    right: "read" | "spend" | "grant" | "admin";
                    /**
                     * Format: date-time
                     * @description When the key stops working. If omitted, never.
                     */
                    expires_at?: string | null;
                };
            };
        };
        responses: {
            /** @description Created. */
            201: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NewKey"];
                };
            };
        };
    };
    get_v1_keys_self: {
        parameters: {
            query?: never;
            header?: {
                /** @description Waits up to 5 seconds until this event is there, as in the `Tocos-Event` of an earlier response. */
                "Tocos-Min-Event"?: number;
                /** @description `leader`: in a group, the leader responds. */
                "Tocos-Read"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnKey"];
                };
            };
        };
    };
    post_v1_keys_id_revoke: {
        parameters: {
            query?: {
                /** @description Return the response that the request would get, without applying anything. */
                dry_run?: boolean;
            };
            header?: {
                /** @description Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The key's id. */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Event"];
                };
            };
        };
    };
    get_v1_clock: {
        parameters: {
            query?: never;
            header?: {
                /** @description Waits up to 5 seconds until this event is there, as in the `Tocos-Event` of an earlier response. */
                "Tocos-Min-Event"?: number;
                /** @description `leader`: in a group, the leader responds. */
                "Tocos-Read"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Clock"];
                };
            };
        };
    };
    post_v1_clock_accept: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: date-time
                     * @description The system time that you checked. The request is refused if the system clock differs from it by more than a minute.
                     */
                    system_time?: string | null;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Clock"];
                };
            };
        };
    };
    post_v1_test_clock_advance: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /**
                     * Format: int32
                     * @description How many seconds to advance.
                     */
                    seconds: number;
                };
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TestClock"];
                };
            };
        };
    };
    get_v1_cluster: {
        parameters: {
            query?: never;
            header?: {
                /** @description Waits up to 5 seconds until this event is there, as in the `Tocos-Event` of an earlier response. */
                "Tocos-Min-Event"?: number;
                /** @description `leader`: in a group, the leader responds. */
                "Tocos-Read"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Cluster"];
                };
            };
        };
    };
    post_v1_cluster_handover: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Handover"];
                };
            };
        };
    };
    get_v1_status: {
        parameters: {
            query?: never;
            header?: {
                /** @description Waits up to 5 seconds until this event is there, as in the `Tocos-Event` of an earlier response. */
                "Tocos-Min-Event"?: number;
                /** @description `leader`: in a group, the leader responds. */
                "Tocos-Read"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Status"];
                };
            };
        };
    };
    get_version: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Version"];
                };
            };
        };
    };
    get_openapi_json: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenApi"];
                };
            };
        };
    };
    get_docs: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success. */
            200: {
                headers: {
                    "X-Request-Id"?: string;
                    /** @description The number of the event that the response is as of, if it depends on the ledger. */
                    "Tocos-Event"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "text/html; charset=utf-8": components["schemas"]["Page"];
                };
            };
        };
    };
}

//! One file for each resource: what each route takes, does and returns. Nothing in here uses sockets or servers.

mod batch;
mod bench;
mod clock;
mod cluster;
mod coins;
mod console;
mod cursor;
mod docs;
mod events;
mod feed;
mod found_events;
mod granted;
mod grants;
mod health;
mod history;
mod holds;
mod keys;
mod limits;
mod reports;
mod schedules;
mod spend_limits;
mod spends;
mod status;
mod test_clock;
mod thresholds;
mod transfers;
mod users;
mod version;
mod webhooks;

use crate::routing::{Handler, Route, delete_write, get, post, post_write, put, put_write};

pub(crate) use batch::{ATOMIC, OPERATIONS, OPERATIONS_MAX, RESULTS};
pub(crate) use cluster::ALONE;
pub(crate) use health::{LEDGER_AHEAD_MAX_US, healthy};
pub(crate) use history::KINDS;

/// The API, in the order in which people read about it.
pub(crate) static PUBLIC: &[Route] = &[
    get("/v1/users", &users::LIST),
    post_write("/v1/users", &users::CREATE),
    get("/v1/users/{user}", &users::GET),
    put_write("/v1/users/{user}", &users::PUT),
    post_write("/v1/users/{user}/close", &users::CLOSE),
    put_write("/v1/users/{user}/limits/{coin}", &limits::PUT),
    put_write("/v1/users/{user}/spend-limit/{coin}", &spend_limits::PUT),
    put_write("/v1/users/{user}/thresholds/{coin}", &thresholds::PUT),
    get("/v1/coins", &coins::LIST),
    get("/v1/coins/{coin}", &coins::GET),
    put_write("/v1/coins/{coin}", &coins::PUT),
    put_write("/v1/coins/{coin}/spend-limit", &spend_limits::PUT_FOR_COIN),
    put_write("/v1/coins/{coin}/thresholds", &thresholds::PUT_FOR_COIN),
    post_write("/v1/grants", &grants::GRANT),
    get("/v1/grants/{event}", &granted::GET),
    get("/v1/grants/{event}/uses", &granted::USES),
    post_write("/v1/spends", &spends::SPEND),
    post_write("/v1/transfers", &transfers::TRANSFER),
    get("/v1/holds", &holds::LIST),
    post_write("/v1/holds", &holds::HOLD),
    get("/v1/holds/{hold}", &holds::GET),
    post_write("/v1/holds/{hold}/capture", &holds::CAPTURE),
    post_write("/v1/holds/{hold}/release", &holds::RELEASE),
    post_write("/v1/holds/{hold}/extend", &holds::EXTEND),
    get("/v1/schedules", &schedules::LIST),
    get("/v1/schedules/{schedule}", &schedules::GET),
    put_write("/v1/schedules/{schedule}", &schedules::PUT),
    delete_write("/v1/schedules/{schedule}", &schedules::DELETE),
    post_write("/v1/schedules/{schedule}/pause", &schedules::PAUSE),
    post_write("/v1/schedules/{schedule}/resume", &schedules::RESUME),
    get("/v1/schedules/{schedule}/preview", &schedules::PREVIEW),
    get("/v1/users/{user}/history", &history::GET),
    get("/v1/reports/liability", &reports::LIABILITY),
    get("/v1/events", &feed::GET),
    get("/v1/events/{event}", &events::GET),
    post_write("/v1/events/{event}/reverse", &events::REVERSE),
    post("/v1/batch", &batch::POST),
    get("/v1/webhooks", &webhooks::LIST),
    get("/v1/webhooks/{webhook}", &webhooks::GET),
    put("/v1/webhooks/{webhook}", &webhooks::PUT),
    delete_write("/v1/webhooks/{webhook}", &webhooks::DELETE),
    post("/v1/webhooks/{webhook}/rotate-secret", &webhooks::ROTATE),
    post_write("/v1/webhooks/{webhook}/disable", &webhooks::DISABLE),
    post_write("/v1/webhooks/{webhook}/enable", &webhooks::ENABLE),
    post_write("/v1/webhooks/{webhook}/redeliver", &webhooks::REDELIVER),
    post("/v1/webhooks/{webhook}/test", &webhooks::TEST),
    get("/v1/webhooks/{webhook}/deliveries", &webhooks::DELIVERIES),
    get("/v1/keys", &keys::LIST),
    post("/v1/keys", &keys::CREATE),
    get("/v1/keys/self", &keys::OWN),
    post("/v1/keys/{id}/revoke", &keys::REVOKE),
    get("/v1/clock", &clock::GET),
    post("/v1/clock/accept", &clock::ACCEPT),
    post("/v1/test-clock/advance", &test_clock::ADVANCE),
    get("/v1/cluster", &cluster::GET),
    post("/v1/cluster/handover", &cluster::HANDOVER),
    get("/v1/status", &status::GET),
    get("/version", &version::GET),
    get("/openapi.json", &docs::DOCUMENT),
    get("/docs", &docs::PAGE),
    get("/", &console::PAGE),
    get("/console/{file}", &console::FILE),
    post("/bench/noop", &bench::NOOP),
];

/// For the machines that run the service.
pub(crate) static INTERNAL: &[Route] =
    &[get("/livez", &health::LIVEZ), get("/readyz", &health::READYZ), get("/metrics", &health::METRICS)];

/// Whether a route is about this node rather than its ledger, so that it answers whatever the node is to its group.
pub(crate) fn is_about_the_node(handler: &Handler) -> bool {
    matches!(handler, Handler::Other(endpoint) if std::ptr::eq(*endpoint, &raw const cluster::GET))
}

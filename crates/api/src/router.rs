//! Every route of the service. The busiest come first: they are found by going through the list.

use crate::route::{Route, Surface, get, post, post_write, put_write};
use crate::{
    batch, bench, clock, coins, events, feed, grants, history, holds, internal, keys, limits, openapi, spends,
    transfers, users, version,
};

/// The API.
pub(crate) static PUBLIC: &[Route] = &[
    post_write("/v1/transfers", &transfers::TRANSFER),
    post_write("/v1/spends", &spends::SPEND),
    post_write("/v1/grants", &grants::GRANT),
    post_write("/v1/holds", &holds::HOLD),
    post("/v1/batch", &batch::POST),
    post("/bench/noop", &bench::NOOP),
    get("/v1/holds/{hold}", &holds::GET),
    post_write("/v1/holds/{hold}/capture", &holds::CAPTURE),
    post_write("/v1/holds/{hold}/release", &holds::RELEASE),
    post_write("/v1/holds/{hold}/extend", &holds::EXTEND),
    get("/v1/users", &users::LIST),
    post_write("/v1/users", &users::CREATE),
    get("/v1/users/{user}", &users::GET),
    put_write("/v1/users/{user}", &users::PUT),
    post_write("/v1/users/{user}/close", &users::CLOSE),
    get("/v1/users/{user}/history", &history::GET),
    put_write("/v1/users/{user}/limits/{coin}", &limits::PUT),
    get("/v1/coins", &coins::LIST),
    get("/v1/coins/{coin}", &coins::GET),
    put_write("/v1/coins/{coin}", &coins::PUT),
    get("/v1/events", &feed::GET),
    get("/v1/events/{event}", &events::GET),
    post_write("/v1/events/{event}/reverse", &events::REVERSE),
    get("/v1/keys", &keys::LIST),
    post("/v1/keys", &keys::CREATE),
    post("/v1/keys/{id}/revoke", &keys::REVOKE),
    post("/v1/test-clock/advance", &clock::ADVANCE),
    get("/version", &version::GET),
    get("/openapi.json", &openapi::GET),
    get("/docs", &openapi::DOCS),
];

/// For the machines that run the service.
pub(crate) static INTERNAL: &[Route] =
    &[get("/livez", &internal::LIVEZ), get("/readyz", &internal::READYZ), get("/metrics", &internal::METRICS)];

pub(crate) fn routes(surface: Surface) -> &'static [Route] {
    match surface {
        Surface::Public => PUBLIC,
        Surface::Internal => INTERNAL,
    }
}

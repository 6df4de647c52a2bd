//! HTTP and nothing else: JSON in and out, routes, keys and rights, metrics, OpenAPI.
//!
//! The binary binds the listeners, opens the engine and calls [`serve`]. It is at its best on a current-thread
//! runtime: requests are decided where they are parsed.
//!
//! What may not enter: money rules (those are `ledger`'s) and files. This is the one room that knows status codes.

mod answer;
mod app;
mod batch;
mod bench;
mod body;
mod clock;
mod coins;
mod connection;
mod cursor;
mod events;
mod exposition;
mod feed;
mod fields;
mod gate;
mod grants;
mod head;
mod history;
mod holds;
mod internal;
mod json;
mod keys;
mod kind;
mod limits;
mod metrics;
mod openapi;
mod pages;
mod peer;
mod plain;
mod problem;
mod recovering;
mod render;
mod request;
mod route;
mod router;
mod serve;
mod settings;
mod spans;
mod spends;
mod time;
mod transfers;
mod users;
mod version;
mod watch;
mod write;

pub use keys::{adopt_first_key, create_first_key, has_keys, new_first_key};
pub use openapi::openapi;
pub use recovering::answer_while_opening;
pub use serve::{ServeError, serve};
pub use settings::{Limits, Listeners, Settings, Version};
pub use spans::{SpanCounts, Traces};

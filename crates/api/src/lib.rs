//! The HTTP API: routes, keys and rights, JSON in and out, metrics, OpenAPI.
//!
//! The binary binds the listeners, opens the engine and calls [`serve`]. It is fastest on a current-thread
//! runtime: requests are decided on the thread that parses them.
//!
//! The modules, each of which uses only those after it:
//!
//! - `service`: from a request that the server read to its response; starting and ending
//! - `openapi`: the document, made from the lists of fields
//! - `resources`: one file for each resource, and the lists of routes
//! - `routing`: what a route is, finding it, reading a request against its fields
//! - `app`: what all requests share
//! - `access`: keys, rights, what holds without keys
//! - `metrics`: counting, and the text that Prometheus reads; `tracing`: a span for each request
//! - `rendering`: from events and state to JSON, from refusals to problems
//! - `json`: reading and writing it
//!
//! This crate must not contain money rules (those are in `ledger`), sockets (those are in `http`) or files. It alone
//! maps refusals to status codes.

mod access;
mod app;
mod json;
mod metrics;
mod openapi;
mod rendering;
mod resources;
mod routing;
mod service;
mod tracing;

pub use access::{adopt_first_key, create_first_key, has_keys, new_first_key, recover_key};
pub use app::{GroupHandle, HandingOver, Limits, Listeners, NotHandedOver, Settings, Version, WebhookSettings};
pub use metrics::{ArchiveFigures, ArchiveStatus};
pub use openapi::openapi;
pub use rendering::event_json;
pub use service::{ServeError, answer_while_opening, serve};
pub use tocos_http::Limits as HttpLimits;
pub use tracing::{SpanCounts, Traces};

//! HTTP and nothing else: JSON in and out, routes, keys and rights, metrics, OpenAPI.
//!
//! The binary binds the listeners, opens the engine and calls `serve`:
//!
//! ```text
//! pub async fn serve(settings: Settings, engine: Engine, listeners: Listeners, shutdown: impl Future<Output = ()> + Send) -> Result<(), ServeError>
//! ```
//!
//! It returns when the shutdown has been asked for and every answer is out; closing the engine is then the caller's.
//! It is at its best on a current-thread runtime: requests are decided where they are parsed.
//!
//! What may not enter: money rules (those are `ledger`'s) and files. This is the one room that knows status codes.

mod settings;

pub use settings::{Limits, Listeners, Settings, Version};

//! The OpenAPI document, made from the same lists that requests are read against.

mod cluster;
mod document;
mod events;
mod reports;
mod requests;
mod schemas;
mod values;
mod webhooks;

pub use document::openapi;

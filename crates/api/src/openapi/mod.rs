//! The OpenAPI document, made from the same lists that requests are read against.

mod document;
mod requests;
mod schemas;

pub use document::openapi;

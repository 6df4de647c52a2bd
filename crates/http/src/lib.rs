//! HTTP for any service: sockets, heads and bodies, deadlines, shutdown, request ids.
//!
//! A [`Server`] accepts connections, reads requests and hands each to a [`Service`]. The fast path reads
//! small requests of HTTP/1.1, hyper reads all others. Clients can't distinguish the two.
//!
//! A [`Client`] passes requests on to another server.
//!
//! This crate must not contain coins, ledgers, routes or JSON; its dependencies in `Cargo.toml` enforce that.

mod body;
mod client;
mod error;
mod fast_path;
mod head;
mod hyper_path;
mod limits;
mod peer;
pub mod plain;
mod request_id;
mod response;
mod server;
mod service;
#[cfg(target_os = "linux")]
mod socket_owner;
mod stream;
mod tracker;

pub use body::RequestBody;
pub use client::{Answer, Client, SendError, tls_config};
pub use error::Error;
pub use head::{Head, visible};
pub use limits::Limits;
pub use peer::Peer;
pub use request_id::RequestId;
pub use response::{Response, ResponseBody};
pub use server::Server;
pub use service::{KeptRequest, OwnedRequest, Reply, Request, Service};
pub use tracker::ConnectionTracker;

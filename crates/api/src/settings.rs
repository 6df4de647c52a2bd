//! What can be set about the service, and its bounds.

use std::path::PathBuf;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::spans::Traces;

/// How the service behaves. Everything has a default that suits a small machine.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What `GET /version` answers.
    pub version: Version,
    /// Answer on an address other than loopback although no API key exists.
    pub allow_unauthenticated: bool,
    /// Serve `POST /bench/noop`, the yardstick of the benchmarks.
    pub bench_routes: bool,
    /// Where the ledger lies, for the figures about its disk; none without.
    pub data_dir: Option<PathBuf>,
    /// Where the spans of requests go; without, none are made.
    pub traces: Option<Traces>,
    /// Bounds that keep the service alive whatever clients do.
    pub limits: Limits,
}

/// Where the service listens. Bound by the caller, so that port 0 works and a privileged port can be handed over.
#[derive(Debug)]
pub struct Listeners {
    /// The API.
    pub public: TcpListener,
    /// Liveness, readiness and metrics; none without.
    pub internal: Option<TcpListener>,
}

/// What this build is.
#[derive(Clone, Copy, Debug)]
pub struct Version {
    /// Semantic version of the program.
    pub version: &'static str,
    /// The commit it was built from; `unknown` where that could not be found out.
    pub commit: &'static str,
}

impl Default for Version {
    fn default() -> Self {
        Self { version: env!("CARGO_PKG_VERSION"), commit: "unknown" }
    }
}

/// Bounds on what clients can make the service hold or wait for.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections served at a time; further ones are told to come back.
    pub connections_max: usize,
    /// Largest body of a request in bytes, but for batches.
    pub body_bytes_max: usize,
    /// Largest body of a batch in bytes.
    pub batch_bytes_max: usize,
    /// Bytes of large bodies held in memory at a time, over all connections.
    pub bodies_in_flight_bytes_max: usize,
    /// How long the head of a request may take from its first byte.
    pub head_timeout: Duration,
    /// How long the body of a request may take after its head.
    pub body_timeout: Duration,
    /// How long a connection may be silent between requests, or not take the answer.
    pub idle_timeout: Duration,
    /// How long running requests may take after the shutdown has begun.
    pub shutdown_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 4_096,
            body_bytes_max: 1024 * 1024,
            batch_bytes_max: 16 * 1024 * 1024,
            bodies_in_flight_bytes_max: 256 * 1024 * 1024,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            shutdown_timeout: Duration::from_secs(20),
        }
    }
}

//! What can be set about the service, and its bounds.

use std::path::PathBuf;
use std::time::Duration;

use tocos_webhooks::{AddressPolicy, Options};
use tokio::net::TcpListener;

use super::group::GroupHandle;
use crate::metrics::ArchiveStatus;
use crate::metrics::prometheus::Build;
use crate::tracing::Traces;

/// How the service behaves. Everything has a default that suits a small machine.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The response to `GET /version`.
    pub version: Version,
    /// Response on an address other than loopback although no API key exists.
    pub allow_unauthenticated: bool,
    /// Serve `POST /bench/noop`, the yardstick of the benchmarks.
    pub bench_routes: bool,
    /// The directory of the ledger, for the metrics of its disk; without it there are none.
    pub data_dir: Option<PathBuf>,
    /// Where the spans of requests go; without, none are made.
    pub traces: Option<Traces>,
    /// How the archive is doing, if the ledger has one.
    pub archive: Option<ArchiveStatus>,
    /// The group of nodes that this one belongs to, if it is not alone.
    pub group: Option<GroupHandle>,
    /// How events are delivered to webhooks.
    pub webhooks: WebhookSettings,
    /// Threads that serve connections beside the first.
    pub more_threads: usize,
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

/// How events are delivered to webhooks.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// Which addresses may be connected to.
    pub policy: AddressPolicy,
    /// When failures are tried again, and how often the ledger is told how far deliveries have come.
    pub options: Options,
    /// How long an endpoint may take for its answer.
    pub timeout: Duration,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self { policy: AddressPolicy::default(), options: Options::default(), timeout: Duration::from_secs(15) }
    }
}

/// What this build is.
#[derive(Clone, Copy, Debug)]
pub struct Version {
    /// Semantic version of the program.
    pub version: &'static str,
    /// The commit it was built from; `unknown` where that could not be found out.
    pub commit: &'static str,
}

impl Version {
    pub(crate) fn build(self) -> Build {
        Build { version: self.version, commit: self.commit }
    }
}

impl Default for Version {
    fn default() -> Self {
        Self { version: env!("CARGO_PKG_VERSION"), commit: "unknown" }
    }
}

/// Bounds on what clients can make the service hold or wait for.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections, their deadlines, and what all large bodies take together.
    pub http: tocos_http::Limits,
    /// Largest body of a request in bytes, but for batches.
    pub body_bytes_max: usize,
    /// Largest body of a batch in bytes.
    pub batch_bytes_max: usize,
    /// How long running requests may take after the shutdown has begun.
    pub shutdown_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            http: tocos_http::Limits::default(),
            body_bytes_max: 1024 * 1024,
            batch_bytes_max: 16 * 1024 * 1024,
            shutdown_timeout: Duration::from_secs(20),
        }
    }
}

//! The uploader: puts the log of a running ledger into its archive, on a thread of its own, a few seconds behind.
//!
//! It reads what is durable back from the log's files and holds one object in memory at a time, so a store that is away, slow or
//! refusing costs the ledger nothing: the uploader tries again, and catches up from the files. It never waits for the ledger nor
//! the ledger for it.
//!
//! In a group several nodes have the same log, and whoever leads puts. What another node has put there is the same history then, so one
//! that finds itself behind it waits; and a node that leads goes on with the newest branch, which is the one that restores take.
//!
//! - `attach`: which branch is written to, and how far it reaches; `listing` looks that up, `fork` finds where a new branch begins
//! - `tail`, `sealed`, `derived`: the three kinds of objects it puts
//! - `local`: the log as it is on this machine
//! - `run`: what is done when, and what follows from failures

mod attach;
mod derived;
mod error;
mod fork;
#[cfg(test)]
mod group_tests;
mod listing;
mod local;
mod run;
mod sealed;
#[cfg(test)]
mod simulation;
mod status;
mod tail;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tocos_journal::Reader;
use tokio::sync::watch;

use crate::names::{LOG_OBJECT_BYTES, TAIL_OBJECT_BYTES};
use crate::runtime::runtime;
use crate::store::Store;
use run::Run;
pub use status::{Figures, Status};

/// How long the end of the service may wait for the tail to be put.
const END_PATIENCE: Duration = Duration::from_secs(10);
/// What is put at once of a snapshot or a table.
const PART_BYTES: u64 = 8 << 20;

/// How often the tail is put, and in what pieces, and who else puts.
#[derive(Clone, Debug)]
pub struct Options {
    /// An event is put at the latest so long after it became durable, as far as the store allows.
    every: Duration,
    sizes: Sizes,
    /// For a node of a group.
    leads: Option<Leads>,
}

/// Whether this node leads its group and nobody else can. Only then may it begin a new branch: a node that was deposed knows less
/// than the others.
#[derive(Clone)]
struct Leads(Arc<dyn Fn() -> bool + Send + Sync>);

impl fmt::Debug for Leads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Leads").field(&(self.0)()).finish()
    }
}

impl Options {
    /// The tail is put so often, or sooner when there is much of it.
    #[must_use]
    pub fn every(every: Duration) -> Self {
        let sizes = Sizes { tail: TAIL_OBJECT_BYTES, log: LOG_OBJECT_BYTES, part: PART_BYTES };
        Self { every, sizes, leads: None }
    }

    /// For a node of a group, where each node puts while it leads. `leads` says whether it does and nobody else can.
    #[must_use]
    pub fn in_group(self, leads: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self { leads: Some(Leads(Arc::new(leads))), ..self }
    }
}

/// Bytes that are put, and held in memory, at once.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    tail: u64,
    log: u64,
    /// Of a derived file.
    part: u64,
}

/// What the uploader needs of the machine beside files and network.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings {
    /// The time in microseconds since 1970 in UTC.
    pub now_us: fn() -> i64,
    /// Random bits.
    pub random: fn() -> io::Result<u64>,
}

impl Surroundings {
    /// The real ones.
    #[must_use]
    pub fn real() -> Self {
        Self {
            now_us: || jiff::Timestamp::now().as_microsecond(),
            random: || getrandom::u64().map_err(io::Error::other),
        }
    }
}

/// A running uploader.
#[derive(Debug)]
pub struct Uploader {
    status: Arc<Status>,
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

impl Uploader {
    /// Starts it. The store need not be there: it is tried again until it is.
    ///
    /// # Errors
    /// If the operating system refuses a thread or a runtime.
    pub fn start(store: Store, reader: Reader, options: Options) -> io::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let status = Arc::new(Status::new(reader.clone(), Surroundings::real().now_us));
        let run = Run::new(store, reader, options, Surroundings::real(), Arc::clone(&status));
        let runtime = runtime()?;
        let thread = std::thread::Builder::new().name("tocos-archive".to_owned()).spawn(move || {
            lower_priority();
            runtime.block_on(run.until(stopped));
            // A request that is still on its way is not waited for.
            runtime.shutdown_background();
        })?;
        Ok(Self { status, stop, thread })
    }

    /// How it is doing.
    #[must_use]
    pub fn status(&self) -> &Arc<Status> {
        &self.status
    }

    /// Puts what is durable by now and not in the archive yet, for 10 seconds at most, and ends.
    pub fn end(self) {
        // Nobody listens if it has ended already, which only a panic can do.
        let _gone = self.stop.send(true);
        let _panicked = self.thread.join();
    }
}

/// Gives the thread that calls it, and those it starts, a tenth of the weight of the others.
pub(crate) fn lower_priority() {
    #[cfg(target_os = "linux")]
    {
        const NICE: i32 = 10;
        // No process id names the calling thread alone, on Linux. Where it is refused the thread is one like the others.
        let _refused = rustix::process::setpriority_process(None, NICE);
    }
}

//! Follows the feed of a ledger, and writes what it says into the tables, batch by batch. While a batch is written, the next one is
//! read and folded.

mod feed;
mod following;
mod identity;

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub(crate) use feed::{Page, Shared};
use following::Following;
pub(crate) use identity::{ask, fingerprint, verify};

use crate::fold::Fold;
use crate::service::Service;
use crate::store::Store;
use crate::trouble::Trouble;

/// How often a copier says how far it is.
const TELL_EVERY: Duration = Duration::from_secs(5);
/// The longest wait before the next try.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// So long the lock of a copier that was killed may outlive it.
const LOCK_PATIENCE: Duration = Duration::from_secs(3);

/// What a copier is to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// The URL of the database.
    pub to: String,
    /// The schema.
    pub schema: String,
    /// Copies up to what the ledger has now, and ends.
    pub once: bool,
    /// With `once`: how long to go on trying while the service or the database is away.
    pub patience: Duration,
}

/// Told what happens, in words for people.
pub type Tell = Box<dyn Fn(&str) + Send>;

/// Copies a ledger.
pub struct Copier {
    service: Shared,
    options: Options,
    tell: Tell,
    lock_patience: Duration,
    progress: Progress,
}

impl fmt::Debug for Copier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Copier").field("schema", &self.options.schema).finish_non_exhaustive()
    }
}

impl Copier {
    /// Says how far it is, from time to time.
    fn tell(&mut self, at: i64, last: u64, is_all: bool) {
        let rate = self.progress.rate();
        let Progress { began, told, copied, .. } = &mut self.progress;
        if *copied == 0 || (!is_all && told.elapsed() < TELL_EVERY) {
            return;
        }
        *told = Instant::now();
        let seconds = began.elapsed().as_secs_f64();
        let text = if is_all {
            format!("event {at}: {copied} events copied in {seconds:.1} s ({rate:.0} a second)")
        } else {
            format!("event {at} of {last} ({rate:.0} a second)")
        };
        (self.tell)(&text);
        if is_all {
            (*copied, *began) = (0, Instant::now());
        }
    }
}

impl Progress {
    /// Events that were copied, by the second.
    fn rate(&self) -> f64 {
        self.copied as f64 / self.began.elapsed().as_secs_f64().max(0.001)
    }
}

/// How far it is.
struct Progress {
    began: Instant,
    told: Instant,
    /// When a batch was written last, or a try began to succeed.
    moved: Instant,
    copied: u64,
}

/// How a session with the database ended well.
enum End {
    /// All is copied.
    Done,
    /// Another copier has the lock.
    Busy,
}

impl Copier {
    /// A copier of the ledger that this service serves.
    #[must_use]
    pub fn new(service: Box<dyn Service>, options: Options, tell: Tell) -> Self {
        let now = Instant::now();
        let progress = Progress { began: now, told: now, moved: now, copied: 0 };
        Self { service: Arc::new(Mutex::new(service)), options, tell, lock_patience: LOCK_PATIENCE, progress }
    }

    /// The same, for whoever can do without the lock.
    pub(crate) fn with_lock_patience(self, lock_patience: Duration) -> Self {
        Self { lock_patience, ..self }
    }

    pub(crate) fn service(&self) -> &Shared {
        &self.service
    }

    /// Copies: up to what there is now, or for good. Gives false if another copier writes these tables.
    ///
    /// # Errors
    /// [`Trouble::Stuck`], and with `once` also [`Trouble::Away`] after the patience is over.
    pub async fn run(&mut self) -> Result<bool, Trouble> {
        let mut wait = Duration::from_millis(500);
        let mut busy_since: Option<Instant> = None;
        self.progress.moved = Instant::now();
        loop {
            let before = self.progress.copied;
            match self.session().await {
                Ok(End::Done) => return Ok(true),
                Ok(End::Busy) => {
                    let since = *busy_since.get_or_insert_with(Instant::now);
                    if since.elapsed() > self.lock_patience {
                        return Ok(false);
                    }
                    tokio::time::sleep(Duration::from_millis(500)).await;
                    continue;
                }
                Err(Trouble::Away(text)) => {
                    if self.options.once && self.progress.moved.elapsed() > self.options.patience {
                        return Err(Trouble::Away(text));
                    }
                    (self.tell)(&format!("{text}; trying again"));
                }
                Err(stuck) => return Err(stuck),
            }
            busy_since = None;
            wait = if self.progress.copied > before { Duration::from_millis(500) } else { (wait * 2).min(WAIT_MAX) };
            tokio::time::sleep(wait).await;
        }
    }

    /// From a connection to its end.
    async fn session(&mut self) -> Result<End, Trouble> {
        let store = Store::connect(&self.options.to, &self.options.schema).await?;
        if !store.lock().await? {
            return Ok(End::Busy);
        }
        let meta = store.prepare().await?;
        verify(&self.service, &meta, &self.options.schema).await?;
        let mut fold = Fold::after(meta.reached(), store.coins().await?);
        if !meta.is_indexed && meta.state_event > 0 {
            store.load_all(&mut fold).await?;
        }
        let pages = feed::read(Shared::clone(&self.service), meta.state_event.cast_unsigned(), self.options.once);
        if meta.state_event < meta.last_event {
            (self.tell)(&format!("taking in events {} to {} again", meta.state_event + 1, meta.last_event));
        }
        (self.tell)(&format!("copying from event {} on", meta.last_event + 1));
        self.progress.began = Instant::now();
        self.progress.copied = 0;
        Following::new(self, store, fold, pages, meta).run().await
    }
}

//! Follows the feed of a ledger, and writes what it says into the tables, batch by batch. While a batch is written, the next one is
//! read and folded.

mod feed;
mod identity;

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::Receiver;
use tokio::task::JoinHandle;

pub(crate) use feed::Shared;
use feed::Read;
pub(crate) use identity::{ask, verify};

use crate::event::{Event, Page};
use crate::fold::{Fold, Needs};
use crate::service::Service;
use crate::store::{Meta, Store};
use crate::trouble::Trouble;

/// Events of a batch, at most about so many.
const BATCH_EVENTS: usize = 24_000;
/// How often a copier says how far it is.
const TELL_EVERY: Duration = Duration::from_secs(5);
/// The longest wait before the next try.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// So long the lock of a copier that was killed may outlive it.
const LOCK_PATIENCE: Duration = Duration::from_secs(15);

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
    progress: Progress,
}

impl fmt::Debug for Copier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Copier").field("schema", &self.options.schema).finish_non_exhaustive()
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

/// A batch on its way: gives the connection back when it is written.
type Writing = JoinHandle<(Store, Result<(), Trouble>)>;

/// The connection, or the batch that has it.
enum Hand {
    Free(Store),
    Busy(Writing),
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
        Self { service: Arc::new(Mutex::new(service)), options, tell, progress }
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
                    if since.elapsed() > LOCK_PATIENCE {
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
        let fold = Fold::after(meta.last_event, store.coins().await?);
        let pages = feed::read(Shared::clone(&self.service), meta.last_event.cast_unsigned());
        (self.tell)(&format!("copying from event {} on", meta.last_event + 1));
        self.progress.began = Instant::now();
        self.progress.copied = 0;
        Following { copier: self, hand: Some(Hand::Free(store)), fold, pages, meta }.run().await
    }
}

/// One session.
struct Following<'a> {
    copier: &'a mut Copier,
    hand: Option<Hand>,
    fold: Fold,
    pages: Receiver<Read>,
    meta: Meta,
}

impl Following<'_> {
    async fn run(mut self) -> Result<End, Trouble> {
        loop {
            let read = match self.hand.take() {
                // While nothing comes, the outcome of the batch on its way is waited for too.
                Some(Hand::Busy(mut writing)) => tokio::select! {
                    biased;
                    written = &mut writing => {
                        let (store, result) = written.map_err(|error| Trouble::Stuck(format!("a batch was not written: {error}")))?;
                        self.hand = Some(Hand::Free(store));
                        result?;
                        self.copier.progress.moved = Instant::now();
                        continue;
                    }
                    read = self.pages.recv() => {
                        self.hand = Some(Hand::Busy(writing));
                        read
                    }
                },
                free => {
                    self.hand = free;
                    self.pages.recv().await
                }
            };
            match read {
                Some(Read::Page(body, last_event)) => self.take_in(body, last_event).await?,
                Some(Read::Dry) => {
                    if self.is_caught_up().await? {
                        return Ok(End::Done);
                    }
                }
                Some(Read::Behind(last_event)) => return self.behind(last_event).await,
                Some(Read::Failed(trouble)) => {
                    // What was read before is written.
                    self.free().await?;
                    return Err(trouble);
                }
                None => return Err(Trouble::Away("the feed ended".to_owned())),
            }
        }
    }

    /// Whether that is all there is to do.
    async fn is_caught_up(&mut self) -> Result<bool, Trouble> {
        let store = self.free().await?;
        if !self.meta.is_indexed {
            (self.copier.tell)("making the indexes");
            store.index().await?;
            self.meta.is_indexed = true;
        }
        self.hand = Some(Hand::Free(store));
        self.copier.progress.moved = Instant::now();
        self.tell(self.fold.last_event.cast_unsigned(), true);
        Ok(self.copier.options.once)
    }

    /// The service has fewer events than the tables: it is a node that is behind its group, or the ledger went back.
    async fn behind(&mut self, last_event: u64) -> Result<End, Trouble> {
        let store = self.free().await?;
        let meta = store.meta().await?;
        verify(&self.copier.service, &meta, &store.schema).await?;
        let text = format!("the service has only event {last_event}, and the tables are at {}", meta.last_event);
        Err(Trouble::Away(text))
    }

    /// The connection, when the batch on its way is written.
    async fn free(&mut self) -> Result<Store, Trouble> {
        match self.hand.take() {
            Some(Hand::Free(store)) => Ok(store),
            Some(Hand::Busy(writing)) => {
                let (store, result) =
                    writing.await.map_err(|error| Trouble::Stuck(format!("a batch was not written: {error}")))?;
                result.map(|()| store)
            }
            None => Err(Trouble::Away("the connection is gone".to_owned())),
        }
    }

    /// Takes in a page, and those that came meanwhile, as one batch.
    async fn take_in(&mut self, body: Vec<u8>, last_event: u64) -> Result<(), Trouble> {
        let mut bodies = vec![body];
        let mut last = last_event;
        while bodies.len() * 1_000 < BATCH_EVENTS {
            match self.pages.try_recv() {
                Ok(Read::Page(body, last_event)) => {
                    bodies.push(body);
                    last = last_event;
                }
                // It comes again, when this is written.
                Ok(Read::Failed(_) | Read::Behind(_)) => {
                    self.pages.close();
                    break;
                }
                Ok(Read::Dry) => {}
                Err(_) => break,
            }
        }
        let not_ours =
            |error: serde_json::Error| Trouble::Stuck(format!("the feed is not what this version of tocos expects: {error}"));
        let mut events = Vec::with_capacity(bodies.len() * 1_000);
        for body in &bodies {
            let page: Page<'_> = serde_json::from_slice(body).map_err(not_ours)?;
            for raw in page.events {
                events.push((Event::parse(raw.get()).map_err(not_ours)?, raw.get()));
            }
        }
        let needs = Needs::of(&self.fold, events.iter().map(|(event, _)| event));
        if !needs.is_empty() {
            let store = self.free().await?;
            store.load(&mut self.fold, &needs).await?;
            self.hand = Some(Hand::Free(store));
        }
        let before = self.fold.last_event;
        for (event, raw) in &events {
            self.fold.apply(event, raw).map_err(|reason| {
                Trouble::Stuck(format!(
                    "{reason}. Nothing of it was written. If the tables were changed by hand, undo that or copy again into an empty schema; \
                     else use the tocos of the service's version"
                ))
            })?;
        }
        let Some((last_read, _)) = events.last() else { return Ok(()) };
        let batch = self.fold.take_batch(last_read.fingerprint());
        let mut store = self.free().await?;
        let writing = tokio::spawn(async move {
            let result = store.write(before, batch).await;
            (store, result)
        });
        self.hand = Some(Hand::Busy(writing));
        self.copier.progress.copied += events.len() as u64;
        self.tell(last, false);
        Ok(())
    }

    fn tell(&mut self, last: u64, is_all: bool) {
        let Progress { began, told, copied, .. } = &mut self.copier.progress;
        if *copied == 0 || (!is_all && told.elapsed() < TELL_EVERY) {
            return;
        }
        *told = Instant::now();
        let seconds = began.elapsed().as_secs_f64().max(0.001);
        let rate = *copied as f64 / seconds;
        let at = self.fold.last_event;
        let text = if is_all {
            format!("event {at}: {copied} events copied in {seconds:.1} s ({rate:.0} a second)")
        } else {
            format!("event {at} of {last} ({rate:.0} a second)")
        };
        (self.copier.tell)(&text);
        if is_all {
            (*copied, *began) = (0, Instant::now());
        }
    }
}

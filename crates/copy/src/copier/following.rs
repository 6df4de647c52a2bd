//! One session with the database. While a batch is written, the pages that come are folded into the next one.

use tokio::sync::mpsc::Receiver;
use tokio::task::{JoinError, JoinHandle};

use super::feed::{Page, Read};
use super::{Copier, End, verify};
use crate::event::Event;
use crate::fold::{Fold, Needs};
use crate::store::{Meta, Store};
use crate::trouble::Trouble;

/// Events of a batch, beyond which the one before is waited for.
const BATCH_EVENTS_MAX: usize = 100_000;
/// Events from which on a batch is worth its transaction while more events wait.
const BATCH_EVENTS_MIN: usize = 20_000;

/// A batch on its way: gives the connection back when it is written.
type Writing = JoinHandle<(Store, Result<(), Trouble>)>;

/// The connection, or the batch that has it.
enum Hand {
    Free(Store),
    Busy(Writing),
}

/// One session.
pub(super) struct Following<'a> {
    copier: &'a mut Copier,
    hand: Option<Hand>,
    fold: Fold,
    pages: Receiver<Read>,
    meta: Meta,
    /// The fingerprint of the last event that is folded.
    fingerprint: String,
    /// The last event that the service has.
    last: u64,
}

impl<'a> Following<'a> {
    pub(super) fn new(copier: &'a mut Copier, store: Store, fold: Fold, pages: Receiver<Read>, meta: Meta) -> Self {
        let hand = Some(Hand::Free(store));
        Self { copier, hand, fold, pages, meta, fingerprint: String::new(), last: 0 }
    }

    pub(super) async fn run(mut self) -> Result<End, Trouble> {
        loop {
            let Some(read) = self.next().await? else {
                // A batch is written: the next one can go.
                if self.is_due() {
                    self.send(false).await?;
                }
                continue;
            };
            match read {
                Read::Page(page) => {
                    self.last = page.last_event;
                    self.take_in(&page).await?;
                    let is_free = matches!(self.hand, Some(Hand::Free(_)));
                    let is_due = (is_free && self.is_due()) || self.fold.pending() >= BATCH_EVENTS_MAX;
                    if !self.meta.is_indexed && self.is_level() {
                        // Where others write without a pause, the feed may never be dry.
                        self.end_first_copy().await?;
                    } else if is_due || self.fold.is_state_due() {
                        self.send(false).await?;
                    }
                }
                Read::Dry => {
                    if self.is_caught_up().await? {
                        return Ok(End::Done);
                    }
                }
                Read::Behind(last_event) => return self.behind(last_event).await,
                Read::Failed(trouble) => {
                    // What was read before is written.
                    self.send(true).await?;
                    self.free().await?;
                    return Err(trouble);
                }
            }
        }
    }

    /// Whether what is pending is worth a transaction, or nothing else waits. A first copy makes few large ones.
    fn is_due(&self) -> bool {
        let pending = self.fold.pending();
        pending >= BATCH_EVENTS_MIN || (pending > 0 && self.meta.is_indexed && self.pages.is_empty())
    }

    /// What comes next of the feed; nothing when the batch on its way is written before that.
    async fn next(&mut self) -> Result<Option<Read>, Trouble> {
        let ended = || Trouble::Away("the feed ended".to_owned());
        let Some(Hand::Busy(writing)) = &mut self.hand else {
            return self.pages.recv().await.map(Some).ok_or_else(ended);
        };
        tokio::select! {
            biased;
            written = writing => {
                self.hand = Some(Hand::Free(self.written(written)?));
                Ok(None)
            }
            read = self.pages.recv() => read.map(Some).ok_or_else(ended),
        }
    }

    fn written(&mut self, written: Result<(Store, Result<(), Trouble>), JoinError>) -> Result<Store, Trouble> {
        let (store, result) = written.map_err(|error| Trouble::Stuck(format!("a batch was not written: {error}")))?;
        result?;
        self.copier.progress.moved = std::time::Instant::now();
        Ok(store)
    }

    /// The connection, when the batch on its way is written.
    async fn free(&mut self) -> Result<Store, Trouble> {
        match self.hand.take() {
            Some(Hand::Free(store)) => Ok(store),
            Some(Hand::Busy(writing)) => {
                let written = writing.await;
                self.written(written)
            }
            None => Err(Trouble::Away("the connection is gone".to_owned())),
        }
    }

    /// Whether all is taken in that the service had, and that the tables have.
    fn is_level(&self) -> bool {
        self.fold.last_event >= self.last.cast_signed().max(self.meta.last_event)
    }

    /// The ledger is copied up to its end for the first time: the state is written, and the indexes are made.
    async fn end_first_copy(&mut self) -> Result<(), Trouble> {
        self.send(true).await?;
        let store = self.free().await?;
        let rate = self.copier.progress.rate();
        let at = self.fold.last_event;
        (self.copier.tell)(&format!("event {at}: the rows are written ({rate:.0} a second), making the indexes"));
        store.index().await?;
        self.meta.is_indexed = true;
        self.hand = Some(Hand::Free(store));
        Ok(())
    }

    /// Whether that is all there is to do.
    async fn is_caught_up(&mut self) -> Result<bool, Trouble> {
        if self.fold.last_event < self.meta.last_event {
            let text = format!(
                "the service has only event {}, and the tables are at {}",
                self.fold.last_event, self.meta.last_event
            );
            return Err(Trouble::Away(text));
        }
        if !self.meta.is_indexed {
            self.end_first_copy().await?;
        }
        self.send(true).await?;
        let store = self.free().await?;
        // While nothing happens, that the database is away would not be noticed.
        let (at, meta) = (self.fold.last_event, store.meta().await?);
        if meta.last_event != at {
            return Err(Trouble::Away(format!("the tables went from event {at} to {}", meta.last_event)));
        }
        self.hand = Some(Hand::Free(store));
        self.copier.progress.moved = std::time::Instant::now();
        self.copier.tell(at, at.cast_unsigned(), true);
        Ok(self.copier.options.once)
    }

    /// The service has fewer events than the tables: it is a node that is behind its group, or the ledger went back.
    async fn behind(&mut self, last_event: u64) -> Result<End, Trouble> {
        self.send(true).await?;
        let store = self.free().await?;
        let meta = store.meta().await?;
        verify(&self.copier.service, &meta, &store.schema).await?;
        let text = format!("the service has only event {last_event}, and the tables are at {}", meta.last_event);
        Err(Trouble::Away(text))
    }

    /// Folds a page.
    async fn take_in(&mut self, page: &Page) -> Result<(), Trouble> {
        let mut events = Vec::with_capacity(page.count());
        for text in page.events() {
            let event = Event::parse(text).map_err(|error| {
                Trouble::Stuck(format!("the feed is not what this version of tocos expects: {error}"))
            })?;
            events.push((event, text));
        }
        let needs = Needs::of(&self.fold, events.iter().map(|(event, _)| event));
        if !needs.is_empty() {
            let store = self.free().await?;
            store.load(&mut self.fold, &needs).await?;
            self.hand = Some(Hand::Free(store));
        }
        for (event, text) in &events {
            self.fold.apply(event, text).map_err(|reason| {
                Trouble::Stuck(format!(
                    "{reason}. Nothing of it was written. If the tables were changed by hand, undo that or copy again into an empty schema; \
                     else use the tocos of the service's version"
                ))
            })?;
        }
        if let Some((last, _)) = events.last() {
            self.fingerprint = last.fingerprint();
        }
        Ok(())
    }

    /// Sends what is pending on its way. While a ledger is copied for the first time the state is kept in memory, for as long as that is
    /// enough and nothing ends.
    async fn send(&mut self, is_last: bool) -> Result<(), Trouble> {
        let with_state = is_last || self.meta.is_indexed || self.fold.is_state_due();
        let before = self.fold.taken;
        let count = self.fold.pending() as u64;
        if count == 0 && !(with_state && before.state < self.fold.last_event) {
            return Ok(());
        }
        let mut store = self.free().await?;
        let batch = self.fold.take_batch(self.fingerprint.clone(), with_state);
        let writing = tokio::spawn(async move {
            let result = store.write(before, batch).await;
            (store, result)
        });
        self.hand = Some(Hand::Busy(writing));
        self.copier.progress.copied += count;
        self.copier.tell(self.fold.last_event, self.last, false);
        Ok(())
    }
}

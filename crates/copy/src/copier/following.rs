//! One session with the database. While a batch is written, the pages that come are folded into the next one.

use tokio::sync::mpsc::Receiver;
use tokio::task::{JoinError, JoinHandle};

use super::feed::Read;
use super::{Copier, End, verify};
use crate::event::{Event, Page};
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
    /// Events that are folded and not on their way yet.
    pending: usize,
    /// The fingerprint of the last of them.
    fingerprint: String,
    /// The last event that the service has.
    last: u64,
}

impl<'a> Following<'a> {
    pub(super) fn new(copier: &'a mut Copier, store: Store, fold: Fold, pages: Receiver<Read>, meta: Meta) -> Self {
        let hand = Some(Hand::Free(store));
        Self { copier, hand, fold, pages, meta, pending: 0, fingerprint: String::new(), last: 0 }
    }

    pub(super) async fn run(mut self) -> Result<End, Trouble> {
        loop {
            let Some(read) = self.next().await? else {
                // A batch is written: the next one can go.
                self.send_if(self.pages.is_empty() || self.pending >= BATCH_EVENTS_MIN).await?;
                continue;
            };
            match read {
                Read::Page(body, last_event) => {
                    self.last = last_event;
                    self.take_in(&body).await?;
                    let is_free = matches!(self.hand, Some(Hand::Free(_)));
                    let is_due = is_free && (self.pages.is_empty() || self.pending >= BATCH_EVENTS_MIN);
                    self.send_if(is_due || self.pending >= BATCH_EVENTS_MAX).await?;
                }
                Read::Dry => {
                    if self.is_caught_up().await? {
                        return Ok(End::Done);
                    }
                }
                Read::Behind(last_event) => return self.behind(last_event).await,
                Read::Failed(trouble) => {
                    // What was read before is written.
                    self.send_if(true).await?;
                    self.free().await?;
                    return Err(trouble);
                }
            }
        }
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

    /// Whether that is all there is to do.
    async fn is_caught_up(&mut self) -> Result<bool, Trouble> {
        self.send_if(true).await?;
        let store = self.free().await?;
        if !self.meta.is_indexed {
            (self.copier.tell)("making the indexes");
            store.index().await?;
            self.meta.is_indexed = true;
        }
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
        self.send_if(true).await?;
        let store = self.free().await?;
        let meta = store.meta().await?;
        verify(&self.copier.service, &meta, &store.schema).await?;
        let text = format!("the service has only event {last_event}, and the tables are at {}", meta.last_event);
        Err(Trouble::Away(text))
    }

    /// Folds a page.
    async fn take_in(&mut self, body: &[u8]) -> Result<(), Trouble> {
        let not_ours = |error: serde_json::Error| {
            Trouble::Stuck(format!("the feed is not what this version of tocos expects: {error}"))
        };
        let page: Page<'_> = serde_json::from_slice(body).map_err(not_ours)?;
        let mut events = Vec::with_capacity(page.events.len());
        for raw in page.events {
            events.push((Event::parse(raw.get()).map_err(not_ours)?, raw.get()));
        }
        let needs = Needs::of(&self.fold, events.iter().map(|(event, _)| event));
        if !needs.is_empty() {
            let store = self.free().await?;
            store.load(&mut self.fold, &needs).await?;
            self.hand = Some(Hand::Free(store));
        }
        for (event, raw) in &events {
            self.fold.apply(event, raw).map_err(|reason| {
                Trouble::Stuck(format!(
                    "{reason}. Nothing of it was written. If the tables were changed by hand, undo that or copy again into an empty schema; \
                     else use the tocos of the service's version"
                ))
            })?;
        }
        if let Some((last, _)) = events.last() {
            self.fingerprint = last.fingerprint();
        }
        self.pending += events.len();
        Ok(())
    }

    /// Sends what is pending on its way, if it is to go now.
    async fn send_if(&mut self, is_due: bool) -> Result<(), Trouble> {
        if !is_due || self.pending == 0 {
            return Ok(());
        }
        let mut store = self.free().await?;
        let count = self.pending as u64;
        let before = self.fold.last_event - self.pending as i64;
        let batch = self.fold.take_batch(self.fingerprint.clone());
        self.pending = 0;
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

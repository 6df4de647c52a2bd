//! The feed of events, read ahead on a thread of its own.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use crate::event;
use crate::service::Service;
use crate::trouble::Trouble;

/// Pages that are read ahead.
const AHEAD: usize = 24;
/// Events of a page: as many as the API sends.
const PAGE_EVENTS: usize = 1_000;
/// How long the service may keep a request for new events open. A copier that ends waits so long at most.
const WAIT_S: u64 = 5;

/// A service that the feed's thread and others ask in turn.
pub(crate) type Shared = Arc<Mutex<Box<dyn Service>>>;

/// A page with events, as it came.
#[derive(Debug)]
pub(crate) struct Page {
    text: String,
    /// Where each event lies.
    events: Vec<Range<usize>>,
    /// The last event that the service has.
    pub last_event: u64,
}

impl Page {
    /// Reads a page.
    ///
    /// # Errors
    /// It is not one.
    pub(crate) fn of(body: Vec<u8>) -> Result<Self, Trouble> {
        let not_one = |error: &dyn std::fmt::Display| {
            Trouble::Stuck(format!(
                "the feed is not what this version of tocos expects ({error}); is --url the address of a Tocos server?"
            ))
        };
        let text = String::from_utf8(body).map_err(|error| not_one(&error))?;
        let page: event::Page<'_> = serde_json::from_str(&text).map_err(|error| not_one(&error))?;
        let start = text.as_ptr().addr();
        let place = |event: &str| {
            let at = event.as_ptr().addr() - start;
            at..at + event.len()
        };
        let events = page.events.iter().map(|event| place(event.get())).collect();
        let last_event = page.last_event;
        Ok(Self { text, events, last_event })
    }

    /// How many events there are.
    pub(crate) fn count(&self) -> usize {
        self.events.len()
    }

    /// The events as they were written.
    pub(crate) fn events(&self) -> impl Iterator<Item = &str> {
        self.events.iter().map(|place| &self.text[place.clone()])
    }
}

/// What the feed gives.
#[derive(Debug)]
pub(super) enum Read {
    /// A page with events.
    Page(Page),
    /// There are no more for now.
    Dry,
    /// The service has fewer events than were asked for.
    Behind(u64),
    /// It can't be read.
    Failed(Trouble),
}

/// Reads from this event on until nobody listens; with `once` only up to what the service has.
pub(super) fn read(service: Shared, after: u64, once: bool) -> mpsc::Receiver<Read> {
    let (pages, receiver) = mpsc::channel(AHEAD);
    std::thread::spawn(move || {
        let mut after = after;
        let mut is_dry = false;
        loop {
            let wait_s = if is_dry { WAIT_S } else { 0 };
            let reply = {
                // A panic in a request leaves nothing half done here.
                let mut service = service.lock().unwrap_or_else(PoisonError::into_inner);
                service.get(&format!("/v1/events?after={after}&limit={PAGE_EVENTS}&wait_s={wait_s}"))
            };
            let read = match reply {
                Ok(reply) => of_page(reply.body, &mut after),
                Err(trouble) => Read::Failed(trouble),
            };
            is_dry = matches!(read, Read::Dry);
            // With `once` that is all: others may write without a pause.
            let is_level = once && matches!(&read, Read::Page(page) if page.last_event <= after);
            let is_last = matches!(read, Read::Failed(_) | Read::Behind(_)) || (once && is_dry) || is_level;
            if pages.blocking_send(read).is_err() || (is_level && pages.blocking_send(Read::Dry).is_err()) || is_last {
                return;
            }
        }
    });
    receiver
}

fn of_page(body: Vec<u8>, after: &mut u64) -> Read {
    let page = match Page::of(body) {
        Ok(page) => page,
        Err(trouble) => return Read::Failed(trouble),
    };
    if page.last_event < *after {
        return Read::Behind(page.last_event);
    }
    *after += page.count() as u64;
    if page.count() == 0 { Read::Dry } else { Read::Page(page) }
}

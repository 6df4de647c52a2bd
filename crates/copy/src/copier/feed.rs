//! The feed of events, read ahead on a thread of its own.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use crate::event::Page;
use crate::service::Service;
use crate::trouble::Trouble;

/// Pages that are read ahead.
const AHEAD: usize = 24;
/// Events of a page: as many as the API sends.
const PAGE: usize = 1_000;
/// How long the service may keep a request for new events open. A copier that ends waits so long at most.
const WAIT_S: u64 = 5;

/// A service that the feed's thread and others ask in turn.
pub(crate) type Shared = Arc<Mutex<Box<dyn Service>>>;

/// What the feed gives.
#[derive(Debug)]
pub(super) enum Read {
    /// A page with events, and the last event that the service has.
    Page(Vec<u8>, u64),
    /// There are no more for now.
    Dry,
    /// The service has fewer events than were asked for.
    Behind(u64),
    /// It can't be read.
    Failed(Trouble),
}

/// Reads from this event on until nobody listens; with `once` only up to where there are no more.
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
                service.get(&format!("/v1/events?after={after}&limit={PAGE}&wait_s={wait_s}"))
            };
            let read = match reply {
                Ok(reply) => of_page(reply.body, &mut after),
                Err(trouble) => Read::Failed(trouble),
            };
            is_dry = matches!(read, Read::Dry);
            let is_last = matches!(read, Read::Failed(_) | Read::Behind(_)) || (once && is_dry);
            if pages.blocking_send(read).is_err() || is_last {
                return;
            }
        }
    });
    receiver
}

fn of_page(body: Vec<u8>, after: &mut u64) -> Read {
    let (count, last_event) = match serde_json::from_slice::<Page<'_>>(&body) {
        Ok(page) => (page.events.len() as u64, page.last_event),
        Err(error) => {
            let text = format!(
                "the feed is not what this version of tocos expects ({error}); is --url the address of a Tocos server?"
            );
            return Read::Failed(Trouble::Stuck(text));
        }
    };
    if last_event < *after {
        return Read::Behind(last_event);
    }
    *after += count;
    if count == 0 { Read::Dry } else { Read::Page(body, last_event) }
}

//! Events that the writer needs and that may be in segments which are not on this disk. The writer waits for nobody: what it needs is
//! read before it begins, or brought by whoever asks, who may wait.

use crate::error::{EventError, Unavailable};
use crate::stored::StoredEvent;
use std::collections::HashMap;
use tocos_journal::Reader;
use tocos_ledger::{Operation, Request};

#[derive(Debug, Default)]
pub(crate) struct Nearby {
    /// What callers brought, each with how many of them did.
    brought: HashMap<u64, (StoredEvent, usize)>,
    /// What was read for the requests that are being decided.
    ahead: HashMap<u64, StoredEvent>,
}

impl Nearby {
    pub(crate) fn find(&self, event: u64) -> Option<&StoredEvent> {
        if self.brought.is_empty() && self.ahead.is_empty() {
            return None;
        }
        self.brought.get(&event).map(|(stored, _)| stored).or_else(|| self.ahead.get(&event))
    }

    pub(crate) fn bring(&mut self, stored: StoredEvent) {
        self.brought.entry(stored.number).or_insert((stored, 0)).1 += 1;
    }

    pub(crate) fn let_go(&mut self, events: &[u64]) {
        for event in events {
            if let Some((_, count)) = self.brought.get_mut(event) {
                *count -= 1;
                if *count == 0 {
                    self.brought.remove(event);
                }
            }
        }
    }

    /// Reads these events as far as that needs nobody else, so that each is found until this is called again.
    ///
    /// # Errors
    /// [`Unavailable::Elsewhere`] with all that would have to be fetched, and with those that are `missing` already.
    pub(crate) fn read_ahead(
        &mut self,
        reader: &Reader,
        mut wanted: Vec<u64>,
        mut missing: Vec<u64>,
    ) -> Result<(), Unavailable> {
        self.ahead.clear();
        wanted.sort_unstable();
        wanted.dedup();
        for event in wanted {
            if self.brought.contains_key(&event) {
                continue;
            }
            match StoredEvent::read_here(reader, event) {
                Ok(stored) => drop(self.ahead.insert(event, stored)),
                Err(EventError::Elsewhere { .. }) => missing.push(event),
                // Whoever looks it up is told.
                Err(_) => {}
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        missing.sort_unstable();
        missing.dedup();
        Err(Unavailable::Elsewhere { events: missing })
    }
}

/// The event that deciding a request looks up by its number.
pub(crate) fn named_by(request: &Request<'_>) -> Option<u64> {
    match request.operation {
        Operation::Reverse { event, original: None, .. } => Some(event),
        _ => None,
    }
}

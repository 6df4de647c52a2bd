//! What the writer looks up for requests before it decides them: old keys, what was over long ago, and the events that these lead to.

use super::Writer;
use crate::error::{EventError, Unavailable};
use crate::nearby;
use crate::tables::Tables;
use tocos_ledger::{KeyHasher, Recalled, Request};

/// What was looked up for a batch without the writer, so that other batches are decided meanwhile.
#[derive(Default)]
pub(crate) struct Ahead {
    /// The hashes of the keys, by request.
    hashes: Vec<Option<u128>>,
    /// The events of old keys, by request, and the floor of the tables that told. None if they could not be read.
    known: Option<(Vec<Option<u64>>, u64)>,
}

impl Ahead {
    pub(crate) fn of(requests: &[Request<'_>], hasher: KeyHasher, tables: &Tables) -> Self {
        let hashes: Vec<_> = requests.iter().map(|request| Some(hasher.hash(request.key?))).collect();
        let known = if tables.are_keys_in_memory() { Ok(Vec::new()) } else { tables.find_keys(&hashes) };
        // What fails here is tried again, and fails, with the writer.
        Self { hashes, known: known.ok().map(|known| (known, tables.floor())) }
    }
}

/// What was looked up for a batch.
#[derive(Default)]
pub(super) struct Lookups {
    /// The hashes of the keys, by request.
    pub(super) hashes: Vec<Option<u128>>,
    pub(super) recalled: Vec<Recalled>,
    /// Events that were needed for it and are not on this disk.
    pub(super) elsewhere: Vec<u64>,
}

impl Writer {
    /// The event that a key names, in memory or not.
    pub(super) fn known(&self, key: &str) -> Result<Option<u64>, Unavailable> {
        match self.ledger.known(key) {
            None if !self.tables.are_keys_in_memory() => self.tables.find_key(self.ledger.hashed_key(key).hash),
            known => Ok(known),
        }
    }

    /// What a request needs of what is no longer in memory.
    pub(super) fn recall(&self, request: &Request<'_>, key: Option<u64>) -> Result<Recalled, Unavailable> {
        let mut recalled = Recalled { key, ..Recalled::default() };
        if let Some(over) = self.ledger.not_in_memory(&request.operation)
            && let Some(event) = self.tables.find_over(self.ledger.over_hash(over))?
        {
            let broken = |cause: String| Unavailable::Tables { cause };
            let stored = self.look_up(event).map_err(|error| match error {
                EventError::Elsewhere { event } => Unavailable::Elsewhere { events: vec![event] },
                error => broken(error.to_string()),
            })?;
            let last = stored.decode().map_err(|error| broken(error.to_string()))?;
            if !recalled.note(over, &last) {
                return Err(broken(format!("a table says that event {event} is about {over:?}, which it is not")));
            }
        }
        Ok(recalled)
    }

    /// The same for all requests of a batch, before the first of them is decided. `recalled` is empty if none needs anything.
    pub(super) fn recall_all(&self, requests: &[Request<'_>], ahead: Ahead) -> Result<Lookups, Unavailable> {
        let Ahead { hashes, known } = ahead;
        let mut lookups = Lookups { hashes, ..Lookups::default() };
        let keys = match known {
            // Tables with the same floor tell of the same keys: none has left the memory since.
            Some((keys, floor)) if floor == self.tables.floor() => keys,
            _ => self.tables.find_keys(&lookups.hashes)?,
        };
        if keys.iter().all(Option::is_none)
            && !requests.iter().any(|one| self.ledger.not_in_memory(&one.operation).is_some())
        {
            return Ok(lookups);
        }
        lookups.recalled.reserve(requests.len());
        for (at, request) in requests.iter().enumerate() {
            let recalled = match self.recall(request, keys.get(at).copied().flatten()) {
                Err(Unavailable::Elsewhere { events }) => {
                    lookups.elsewhere.extend(events);
                    Recalled::default()
                }
                recalled => recalled?,
            };
            lookups.recalled.push(recalled);
        }
        Ok(lookups)
    }

    /// Reads the events that these requests rest on and that may not be on this disk, before the first of them is decided: so that
    /// none is decided if not all can be. The disk may change meanwhile; what was read is at hand.
    pub(super) fn read_ahead(
        &mut self,
        requests: &[Request<'_>],
        recalled: &[Recalled],
        missing: Vec<u64>,
    ) -> Result<(), Unavailable> {
        let below = self.reader.elsewhere_below();
        if below == 0 {
            return Ok(());
        }
        let mut wanted = Vec::new();
        for (at, request) in requests.iter().enumerate() {
            let of_key = request.key.and_then(|key| self.ledger.known(key)).or_else(|| recalled.get(at)?.key);
            let found = of_key.into_iter().chain(nearby::named_by(request));
            wanted.extend(found.filter(|event| (1..below).contains(event)));
        }
        self.nearby.read_ahead(&self.reader, wanted, missing)
    }
}

#[cfg(test)]
mod tests;

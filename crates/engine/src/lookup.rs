//! Events found by what they mention, or by their idempotency key, wherever in the past they are.

use crate::engine::Engine;
use crate::error::EventError;
use crate::stored::StoredEvent;
use tocos_ledger::Mention;

impl Engine {
    /// The events after one and up to another that mention this, in ascending order, `limit` of them at most. The last one is durable.
    /// Reads the disk.
    ///
    /// # Errors
    /// [`EventError`] if tables or the log can't be read.
    pub fn events_with(
        &self,
        mention: Mention<'_>,
        (after, until): (u64, u64),
        limit: usize,
    ) -> Result<Vec<StoredEvent>, EventError> {
        let (hash, recent, seen, tables) = self.look_up(|writer| {
            let (ledger, seen) = (&writer.ledger, writer.as_of(writer.last_event()));
            (ledger.mention_hash(mention), ledger.recent_mentions(mention), seen, writer.tables().clone())
        });
        let mut found = Vec::new();
        let mut after = after;
        while found.len() < limit {
            let wanted = limit - found.len();
            let (mut events, covered) = tables.find_mentions(hash, after, wanted)?;
            if events.len() < wanted {
                let recent = self.recent_index().find(&recent, seen, covered, after.max(covered));
                events.extend(recent.into_iter().take(wanted - events.len()));
            }
            events.retain(|event| *event <= until);
            let Some(last) = events.last() else { break };
            after = *last;
            for event in events {
                let stored = self.event(event)?;
                // Two texts may have one hash: the log tells them apart.
                if mention.is_of(&stored.decode()?) {
                    found.push(stored);
                }
            }
        }
        Ok(found)
    }

    /// The durable event that an idempotency key names. Reads the disk.
    ///
    /// # Errors
    /// [`EventError`] if tables or the log can't be read.
    pub fn event_of_key(&self, key: &str) -> Result<Option<StoredEvent>, EventError> {
        let (hash, known, tables) = self
            .look_up(|writer| (writer.ledger.hashed_key(key).hash, writer.ledger.known(key), writer.tables().clone()));
        let found = match known {
            None if !tables.are_keys_in_memory() => tables.find_key(hash)?,
            known => known,
        };
        let Some(event) = found.filter(|event| *event <= self.durable_event()) else { return Ok(None) };
        let stored = self.event(event)?;
        let is_of_key = stored.decode()?.key.is_some_and(|found| found.text == key);
        Ok(is_of_key.then_some(stored))
    }
}

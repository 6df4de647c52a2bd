//! An account's entries, found by walking the log backwards: each record says where the account's entry before it
//! is, and one further back.

use crate::engine::Engine;
use crate::error::EventError;
use crate::stored::StoredEvent;
use tocos_ledger::{AccountId, Link, Micros};

/// Which way a page goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The newest first.
    #[default]
    Descending,
    /// The oldest first.
    Ascending,
}

/// Which entries are wanted. Wait until the heads are durable before asking.
#[derive(Clone, Debug)]
pub struct HistoryQuery {
    /// The accounts, each with its last event as read from the state.
    pub accounts: Vec<(AccountId, u64)>,
    /// Only events with numbers above this.
    pub after: u64,
    /// Only events with numbers below this.
    pub before: u64,
    /// Which way.
    pub order: Order,
    /// At most so many.
    pub limit: usize,
}

/// One entry of one account.
#[derive(Clone, Debug)]
pub struct HistoryEntry {
    /// Whose.
    pub account: AccountId,
    /// The event it is part of.
    pub event: StoredEvent,
}

impl Engine {
    /// The entries of some accounts, merged by event number. Reads from the disk: about a microsecond an entry when it
    /// is cached, so not for a thread that serves others meanwhile.
    ///
    /// # Errors
    /// [`EventError`] if the log can't be read.
    pub fn history(&self, query: &HistoryQuery) -> Result<Vec<HistoryEntry>, EventError> {
        let mut entries = Vec::new();
        for (account, head) in &query.accounts {
            let chain = Chain { engine: self, account: *account, head: *head };
            match query.order {
                Order::Descending => chain.descending(query, &mut entries)?,
                Order::Ascending => chain.ascending(query, &mut entries)?,
            }
        }
        entries.sort_by_key(|entry| entry.event.number);
        if query.order == Order::Descending {
            entries.reverse();
        }
        entries.truncate(query.limit);
        Ok(entries)
    }

    /// The last event at or before `at`; 0 if the first came later.
    ///
    /// # Errors
    /// [`EventError`] if the log can't be read.
    pub fn last_event_at(&self, at: Micros) -> Result<u64, EventError> {
        let (mut low, mut high) = (0, self.reader().last_event());
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            if self.event(middle)?.at <= at {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        Ok(low)
    }
}

/// One account's entries.
pub(crate) struct Chain<'e> {
    pub(crate) engine: &'e Engine,
    pub(crate) account: AccountId,
    pub(crate) head: u64,
}

impl Chain<'_> {
    pub(crate) fn step(&self, number: u64) -> Result<(StoredEvent, Link), EventError> {
        let event = self.engine.event(number)?;
        let link = Link::of(&event.record, self.account).ok_or_else(|| EventError::Unreadable {
            event: number,
            reason: "an account's history leads to an event that is not about it".to_owned(),
        })?;
        Ok((event, link))
    }

    /// The last entry at or below event `upto`, in a number of steps that grows with the logarithm of the entries.
    pub(crate) fn seek(&self, upto: u64) -> Result<Option<(StoredEvent, Link)>, EventError> {
        let mut at = self.head;
        while at != 0 {
            let (event, link) = self.step(at)?;
            if at <= upto {
                return Ok(Some((event, link)));
            }
            at = if link.skip >= upto && link.skip != 0 { link.skip } else { link.prev };
        }
        Ok(None)
    }

    fn descending(&self, query: &HistoryQuery, entries: &mut Vec<HistoryEntry>) -> Result<(), EventError> {
        let mut found = self.seek(query.before.saturating_sub(1))?;
        for _ in 0..query.limit {
            let Some((event, link)) = found.filter(|(event, _)| event.number > query.after) else { break };
            entries.push(HistoryEntry { account: self.account, event });
            found = if link.prev == 0 { None } else { Some(self.step(link.prev)?) };
        }
        Ok(())
    }

    /// Goes forward a milestone at a time: the chain only leads back, so each stretch is read backwards and turned.
    fn ascending(&self, query: &HistoryQuery, entries: &mut Vec<HistoryEntry>) -> Result<(), EventError> {
        let mut after = query.after;
        let mut count = 0;
        while count < query.limit && after < self.head {
            let end = self.stretch_end(after)?;
            let mut stretch = Vec::new();
            let mut at = end;
            while at > after {
                let (event, link) = self.step(at)?;
                if at < query.before {
                    stretch.push(HistoryEntry { account: self.account, event });
                }
                at = link.prev;
            }
            count += stretch.len();
            entries.extend(stretch.into_iter().rev());
            if end >= query.before {
                break;
            }
            after = end;
        }
        Ok(())
    }

    /// The first milestone after event `after`, or the head if there is none.
    fn stretch_end(&self, after: u64) -> Result<u64, EventError> {
        let mut at = self.head;
        loop {
            let (_, link) = self.step(at)?;
            if link.skip > after {
                at = link.skip;
                continue;
            }
            // A milestone's own skip may lead past the one before it, to which its predecessor leads.
            if link.prev > after {
                let (_, before) = self.step(link.prev)?;
                if before.skip > after {
                    at = before.skip;
                    continue;
                }
            }
            return Ok(at);
        }
    }
}

//! An account as it was.

use crate::engine::Engine;
use crate::error::EventError;
use crate::history::Chain;
use crate::stored::StoredEvent;
use tocos_ledger::{AccountId, Amount, Balance, Lot, LotAmount, Micros, PastLots};

/// A moment in a ledger's past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// After this event and before the next.
    pub event: u64,
    /// Lots that expired by then are not counted.
    pub at: Micros,
}

/// Balance and lots of an account at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastAccount {
    /// The balance.
    pub balance: Balance,
    /// What was available, by lot, in burn order.
    pub lots: Vec<LotAmount>,
}

impl Engine {
    /// The moment right after an event.
    ///
    /// # Errors
    /// [`EventError::NotFound`] if there is no such event.
    pub fn moment_of_event(&self, event: u64) -> Result<Moment, EventError> {
        Ok(Moment { event, at: self.event(event)?.at })
    }

    /// The moment at a time.
    ///
    /// # Errors
    /// [`EventError`] if the log can't be read.
    pub fn moment_at(&self, at: Micros) -> Result<Moment, EventError> {
        Ok(Moment { event: self.last_event_at(at)?, at })
    }

    /// An account as it was at a moment; `None` if it had not come into being. `head` is its last event as read
    /// from the state, and durable.
    ///
    /// # Errors
    /// [`EventError`] if the log can't be read.
    pub fn account_at(&self, account: AccountId, head: u64, moment: Moment) -> Result<Option<PastAccount>, EventError> {
        let chain = Chain { engine: self, account, head };
        let Some((last, link)) = chain.seek(moment.event)? else { return Ok(None) };
        let event = last.decode()?;
        let held = event.entry_of(account).map_or(0, |(entry, _)| entry.held);
        let lots = lots_after(&chain, last.clone(), link.prev)?;
        let alive: Vec<LotAmount> =
            lots.lots().iter().copied().filter(|part| part.lot.marks.is_alive(moment.at)).collect();
        let sum = |lots: &[LotAmount]| lots.iter().map(|part| part.amount).sum::<Amount>() as i64;
        let all = sum(lots.lots());
        let plain = link.total - held as i64 - all;
        let balance = Balance { total: link.total - (all - sum(&alive)), held };
        Ok(Some(PastAccount { balance, lots: with_plain(alive, plain) }))
    }
}

/// The account's lots after its entry `last`: from the last milestone at or before it, forward. At most 64 entries.
fn lots_after(chain: &Chain<'_>, last: StoredEvent, mut prev: u64) -> Result<PastLots, EventError> {
    let milestone = milestone_at_or_before(chain, &last, prev)?;
    let mut events = vec![last];
    let mut start: Vec<LotAmount> = Vec::new();
    loop {
        let oldest = &events[events.len() - 1];
        let event = oldest.decode()?;
        let lots = event.entry_of(chain.account).and_then(|(entry, _)| entry.lots.as_ref());
        if lots.is_some() || oldest.number == milestone {
            // A milestone that names no lots had none.
            start = lots.map_or_else(Vec::new, |lots| lots.to_vec());
            events.pop();
            break;
        }
        if prev == 0 {
            break;
        }
        let (event, link) = chain.step(prev)?;
        events.push(event);
        prev = link.prev;
    }
    let mut past = PastLots::new(chain.account, &start);
    for event in events.iter().rev() {
        past.apply(&event.decode()?);
    }
    Ok(past)
}

/// The number of the last milestone up to an entry; 0 before the first. An entry that is none skips to it, and so does
/// the entry before, unless that is the milestone itself.
fn milestone_at_or_before(chain: &Chain<'_>, last: &StoredEvent, prev: u64) -> Result<u64, EventError> {
    let (_, link) = chain.step(last.number)?;
    if prev == 0 || link.skip == prev {
        return Ok(link.skip);
    }
    let (_, before) = chain.step(prev)?;
    Ok(if link.skip == before.skip { link.skip } else { last.number })
}

/// Plain coins in their place among the lots.
fn with_plain(mut lots: Vec<LotAmount>, plain: i64) -> Vec<LotAmount> {
    if let Ok(amount) = u64::try_from(plain)
        && amount > 0
    {
        let at = lots.partition_point(|part| part.lot < Lot::PLAIN);
        lots.insert(at, LotAmount { lot: Lot::PLAIN, amount });
    }
    lots
}

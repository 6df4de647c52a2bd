//! What is no longer in memory, and is looked up in the log for one operation.

use crate::amount::Amount;
use crate::event::{Event, Fact, MovementKind};
use crate::ledger::Ledger;
use crate::operation::Operation;
use crate::refusal::EndedAs;

/// Something that is over. The last event that changed it tells all about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Over {
    /// The hold with this id has ended.
    Hold(u64),
    /// Some of the event with this number was reversed.
    Reversed(u64),
}

/// What was looked up for one operation; see [`Ledger::decide_recalled`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recalled {
    /// The event that its idempotency key names.
    pub key: Option<u64>,
    /// How the hold that it names ended, and by which event.
    pub ended_hold: Option<(EndedAs, u64)>,
    /// How much is left to reverse of the event that it names.
    pub remaining: Option<Amount>,
}

impl Recalled {
    /// Takes note of the last event that changed `over`. Says `false` if it is not about that.
    pub fn note(&mut self, over: Over, last: &Event<'_>) -> bool {
        let Fact::Moved(movement) = &last.fact else { return false };
        match (over, &movement.kind) {
            (Over::Reversed(event), MovementKind::Reverse(terms)) if terms.of == event => {
                self.remaining = Some(terms.remaining);
                true
            }
            (Over::Reversed(event), MovementKind::Adjustment(terms)) if terms.lot.grant == event => {
                self.remaining = Some(terms.remaining);
                true
            }
            (Over::Hold(hold), kind) => match kind.ends_hold() {
                Some((id, ended_as)) if id == hold => {
                    self.ended_hold = Some((ended_as, last.number));
                    true
                }
                _ => false,
            },
            _ => false,
        }
    }
}

impl Event<'_> {
    /// What is over by this event, or was over before and is changed by it.
    #[must_use]
    pub fn over(&self) -> Option<Over> {
        let Fact::Moved(movement) = &self.fact else { return None };
        match &movement.kind {
            MovementKind::Reverse(terms) => Some(Over::Reversed(terms.of)),
            MovementKind::Adjustment(terms) if terms.lot.grant != 0 => Some(Over::Reversed(terms.lot.grant)),
            kind => kind.ends_hold().map(|(hold, _)| Over::Hold(hold)),
        }
    }
}

impl Ledger {
    /// What an operation names that may be over and is not in memory.
    #[must_use]
    pub fn not_in_memory(&self, operation: &Operation<'_>) -> Option<Over> {
        match operation {
            Operation::Capture { hold, .. } | Operation::Release { hold } | Operation::Extend { hold, .. } => {
                let is_known = self.state.hold(*hold).is_some() || self.state.ended_hold(*hold).is_some();
                (!is_known).then_some(Over::Hold(*hold))
            }
            Operation::Reverse { event, .. } => {
                self.state.remaining(*event).is_none().then_some(Over::Reversed(*event))
            }
            _ => None,
        }
    }

    /// The hash under which tables have what is over. 80 bits, as those of keys.
    #[must_use]
    pub fn over_hash(&self, over: Over) -> u128 {
        let (kind, number) = match over {
            Over::Hold(hold) => (b'h', hold),
            Over::Reversed(event) => (b'r', event),
        };
        let mut bytes = [kind; 9];
        bytes[1..].copy_from_slice(&number.to_le_bytes());
        self.keys.hash_bytes(&bytes)
    }
}

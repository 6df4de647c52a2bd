//! What is over and was lately changed: holds that have ended, events of which some was reversed; and what events lately
//! mentioned.
//!
//! Memory holds what is there now. What is over is found in the log, by tables beside it; what stands here is not yet in them.

use crate::amount::Amount;
use crate::refusal::EndedAs;

/// What is over, in two generations: while tables are made of the aged one, the young one takes what comes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Over {
    young: Generation,
    aged: Generation,
}

/// What was over by some event. Dropping a large one takes milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Generation {
    ended_holds: imbl::OrdMap<u64, (EndedAs, u64)>,
    remaining: imbl::OrdMap<u64, Amount>,
    /// What was mentioned, and by which event, in the order of the events.
    mentions: imbl::Vector<(u64, u64)>,
    /// Nothing later is in it.
    last_event: u64,
}

impl Generation {
    fn is_empty(&self) -> bool {
        self.ended_holds.is_empty() && self.remaining.is_empty() && self.mentions.is_empty()
    }
}

impl Over {
    pub(crate) fn ended_hold(&self, id: u64) -> Option<(EndedAs, u64)> {
        self.young.ended_holds.get(&id).or_else(|| self.aged.ended_holds.get(&id)).copied()
    }

    pub(crate) fn remaining(&self, event: u64) -> Option<Amount> {
        self.young.remaining.get(&event).or_else(|| self.aged.remaining.get(&event)).copied()
    }

    pub(crate) fn end_hold(&mut self, id: u64, ended_as: EndedAs, by: u64) {
        self.young.ended_holds.insert(id, (ended_as, by));
    }

    pub(crate) fn set_remaining(&mut self, event: u64, remaining: Amount) {
        self.young.remaining.insert(event, remaining);
    }

    /// Event `by` mentions what has this number.
    pub(crate) fn mention(&mut self, number: u64, by: u64) {
        self.young.mentions.push_back((number, by));
    }

    /// What was mentioned, and by which event, the oldest first. A clone that shares the memory.
    pub(crate) fn mentions(&self) -> [imbl::Vector<(u64, u64)>; 2] {
        [self.aged.mentions.clone(), self.young.mentions.clone()]
    }

    pub(crate) fn age(&mut self, last_event: u64) {
        if self.aged.is_empty() {
            self.aged = core::mem::take(&mut self.young);
            self.aged.last_event = last_event;
        }
    }

    pub(crate) fn forget_through(&mut self, event: u64) -> Generation {
        if self.aged.last_event <= event { core::mem::take(&mut self.aged) } else { Generation::default() }
    }

    pub(crate) fn len(&self) -> usize {
        let of = |one: &Generation| one.ended_holds.len() + one.remaining.len() + one.mentions.len();
        of(&self.young) + of(&self.aged)
    }
}

//! What later questions find an event by: the client's reference, the schedule that it belongs to, the grants whose coins it
//! moved.
//!
//! The events that mention something are found in tables beside the log. What is not in them yet stands in the state.

use crate::event::{Event, Fact, Movement, MovementKind};
use crate::ledger::Ledger;
use crate::state::Keys;

/// Something that events mention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mention<'a> {
    /// What a client called its request.
    Reference(&'a str),
    /// A schedule, by its id.
    Schedule(&'a str),
    /// The grant, or the rollover, that a lot came from.
    Grant(u64),
}

/// The upper bits of a number under which the state has a mention.
const OF_REFERENCE: u64 = 0;
const OF_SCHEDULE: u64 = 1 << 62;
const OF_GRANT: u64 = 1 << 63;
const HASH_MASK: u64 = OF_SCHEDULE - 1;

impl Mention<'_> {
    /// The number under which the state has it. Two texts may have one number: the log tells them apart.
    pub(crate) fn number(self, keys: &Keys) -> u64 {
        // The lower bits of a hash are as good as all of them.
        let hash = |text: &str| keys.hash(text) as u64 & HASH_MASK;
        match self {
            Self::Reference(text) => OF_REFERENCE | hash(text),
            Self::Schedule(id) => OF_SCHEDULE | hash(id),
            Self::Grant(event) => OF_GRANT | event,
        }
    }

    /// Whether an event mentions this.
    #[must_use]
    pub fn is_of(self, event: &Event<'_>) -> bool {
        event.mentions().contains(&self)
    }
}

impl<'a> Event<'a> {
    /// The schedule that it is about, or that led to it, by its id.
    #[must_use]
    pub fn schedule(&self) -> Option<&'a str> {
        match &self.fact {
            Fact::SchedulePut { id, .. }
            | Fact::ScheduleEnded { id, .. }
            | Fact::SchedulePaused { id, .. }
            | Fact::ScheduleResumed { id, .. } => Some(id),
            Fact::Moved(movement) if movement.is_of_schedule() => self.reference,
            _ => None,
        }
    }

    /// What the client called its request.
    #[must_use]
    pub fn client_reference(&self) -> Option<&'a str> {
        match &self.fact {
            Fact::Moved(movement) if movement.is_of_schedule() => None,
            _ => self.reference,
        }
    }

    /// All that it mentions, each once.
    #[must_use]
    pub fn mentions(&self) -> Vec<Mention<'a>> {
        let mut mentions: Vec<Mention<'a>> = Vec::new();
        mentions.extend(self.client_reference().map(Mention::Reference));
        mentions.extend(self.schedule().map(Mention::Schedule));
        if let Fact::Moved(movement) = &self.fact {
            mentions.extend(movement.grants(self.number).into_iter().map(Mention::Grant));
        }
        mentions
    }
}

impl Movement {
    /// Whether a schedule led to it, rather than a request or the clock alone.
    pub(crate) fn is_of_schedule(&self) -> bool {
        match &self.kind {
            MovementKind::Grant(terms) => terms.occurrence.is_some(),
            MovementKind::Rollover(_) | MovementKind::Adjustment(_) => true,
            _ => false,
        }
    }

    /// The grants whose coins it moved, as event `number`, but for that itself.
    fn grants(&self, number: u64) -> Vec<u64> {
        let lots = self.legs.iter().flat_map(|leg| &leg.lots).map(|part| part.lot.grant);
        let mut grants: Vec<u64> = lots.filter(|grant| *grant != 0 && *grant != number).collect();
        grants.sort_unstable();
        grants.dedup();
        grants
    }
}

impl Ledger {
    /// The hash under which tables have a mention. 80 bits, as those of keys.
    #[must_use]
    pub fn mention_hash(&self, mention: Mention<'_>) -> u128 {
        let of = |kind: u8, bytes: &[u8]| self.keys.hash_bytes(&[&[kind], bytes].concat());
        match mention {
            Mention::Reference(text) => of(b'f', text.as_bytes()),
            Mention::Schedule(id) => of(b's', id.as_bytes()),
            Mention::Grant(event) => of(b'g', &event.to_le_bytes()),
        }
    }

    /// The events that may mention this and are not known to be in tables. Cheap: it shares memory with the ledger, which
    /// goes on without changing it.
    #[must_use]
    pub fn recent_mentions(&self, mention: Mention<'_>) -> RecentMentions {
        RecentMentions { number: mention.number(&self.keys), mentions: self.state.over.mentions() }
    }
}

/// See [`Ledger::recent_mentions`].
#[derive(Debug)]
pub struct RecentMentions {
    number: u64,
    mentions: [imbl::Vector<(u64, u64)>; 2],
}

impl RecentMentions {
    /// The number under which the state has what is looked for. Something else may have the same.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// What was mentioned by events after event `after`, as a number, and by which; the newest first.
    pub fn since(&self, after: u64) -> impl Iterator<Item = (u64, u64)> {
        let newest_first = self.mentions.iter().rev().flat_map(|mentions| mentions.iter().rev()).copied();
        newest_first.take_while(move |(_, event)| *event > after)
    }

    /// Those after event `after`, in ascending order. Takes about a nanosecond for each mention of anything.
    pub fn after(&self, after: u64) -> impl Iterator<Item = u64> {
        let all = self.mentions.iter().flat_map(|mentions| mentions.leaves()).flatten();
        let mut last = after;
        // An event may stand there twice.
        all.filter_map(move |(number, event)| {
            let is_next = *number == self.number && *event > last;
            is_next.then(|| {
                last = *event;
                last
            })
        })
    }
}

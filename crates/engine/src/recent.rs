//! The events that mention something and are in no table yet, sorted for those who look for them.
//!
//! The state has what was mentioned in the order of the events: noting it must cost next to nothing. Who looks something up sorts what
//! came since the last lookup, and finds it by halves.

use crate::as_of::AsOf;
use tocos_ledger::RecentMentions;

/// What is mentioned, as a number, and the event that mentions it.
type Mentioned = (u64, u64);

/// Sorted runs, each more than twice as long as the one behind it, so that there are few and each mention is moved seldom.
#[derive(Debug, Default)]
pub(crate) struct RecentIndex {
    runs: Vec<Vec<Mentioned>>,
    /// Whose history it is of, and up to which event; none while it is empty.
    seen: Option<AsOf>,
    /// Events up to this one are in tables.
    covered: u64,
}

impl RecentIndex {
    /// The events behind event `after` that may mention this, in ascending order. `seen` is what the state was when `recent` was
    /// taken from it, and tables tell everything up to event `covered`. Later events may be among them.
    pub(crate) fn find(&mut self, recent: &RecentMentions, seen: AsOf, covered: u64, after: u64) -> Vec<u64> {
        if covered < self.covered && self.seen.is_some_and(|before| before.is_of_one_history_with(seen)) {
            // Tables were made since: what they tell is gone from here, and whoever asks does not have them.
            return recent.after(after).collect();
        }
        self.refresh(recent, seen, covered);
        let number = recent.number();
        let mut found = Vec::new();
        for run in &self.runs {
            let from = run.partition_point(|mentioned| *mentioned <= (number, after));
            found.extend(run[from..].iter().take_while(|(of, _)| *of == number).map(|(_, event)| *event));
        }
        found.sort_unstable();
        found
    }

    fn refresh(&mut self, recent: &RecentMentions, seen: AsOf, covered: u64) {
        // Where a history went back, event numbers mean something else. Another lookup may have seen more.
        if self.seen.is_some_and(|before| !before.is_of_one_history_with(seen)) {
            *self = Self::default();
        }
        if covered > self.covered {
            self.covered = covered;
            self.runs.iter_mut().for_each(|run| run.retain(|(_, event)| *event > covered));
            self.runs.retain(|run| !run.is_empty());
        }
        let through = self.seen.map_or(0, |before| before.event);
        if seen.event <= through {
            return;
        }
        let mut new: Vec<Mentioned> = recent.since(through.max(self.covered)).collect();
        self.seen = Some(seen);
        new.sort_unstable();
        // An event may stand there twice.
        new.dedup();
        while let Some(last) = self.runs.pop_if(|last| last.len() <= new.len() * 2) {
            new.extend(last);
            new.sort_unstable();
        }
        if !new.is_empty() {
            self.runs.push(new);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RecentIndex;
    use crate::as_of::AsOf;
    use std::collections::BTreeMap;
    use tocos_ledger::{Ledger, Marks, Mention, Operation, Request};

    const REFERENCES: [&str; 5] = ["a", "b", "c", "d", "e"];

    /// A ledger whose events have references, and which these are by event.
    struct World {
        ledger: Ledger,
        mentioned: BTreeMap<u64, &'static str>,
        rng: fastrand::Rng,
        term: u32,
        covered: u64,
    }

    impl World {
        fn write(&mut self, count: usize) {
            for _ in 0..count {
                let reference = (self.rng.u32(0..4) > 0).then(|| REFERENCES[self.rng.usize(0..5)]);
                let operation =
                    Operation::Grant { user: "ana", coin: "toco", amount: 1, marks: Marks::PLAIN, lot: false };
                let request = Request { operation, key: None, metadata: None, reference, by: 0 };
                let tocos_ledger::Decision::Do(event) = self.ledger.decide(&request, 1).unwrap() else { panic!() };
                self.ledger.apply(&event).unwrap();
                self.mentioned.extend(reference.map(|reference| (event.number, reference)));
            }
        }

        fn look(&mut self, index: &mut RecentIndex) {
            let last = self.ledger.state().last_event();
            let reference = REFERENCES[self.rng.usize(0..5)];
            let after = if self.rng.bool() { 0 } else { self.rng.u64(0..=last) };
            let recent = self.ledger.recent_mentions(Mention::Reference(reference));
            let found =
                index.find(&recent, AsOf { term: self.term, event: last }, self.covered, after.max(self.covered));
            let behind = self.mentioned.iter().filter(|(event, _)| **event > after.max(self.covered));
            let expected: Vec<u64> = behind.filter(|(_, of)| **of == reference).map(|(event, _)| *event).collect();
            assert_eq!(found, expected, "{reference} behind {after}");
            assert!(index.runs.len() < 24, "{:?}", index.runs);
        }
    }

    #[test]
    fn what_was_lately_mentioned_is_found_through_snapshots_and_lost_leads() {
        for seed in 0..40 {
            let mut ledger = Ledger::new([7; 16]);
            let operation = Operation::PutUser { user: "ana", name: None };
            let request = Request { operation, key: None, metadata: None, reference: None, by: 0 };
            let tocos_ledger::Decision::Do(event) = ledger.decide(&request, 1).unwrap() else { panic!() };
            ledger.apply(&event).unwrap();
            let rng = fastrand::Rng::with_seed(seed);
            let mut world = World { ledger, mentioned: BTreeMap::new(), rng, term: 0, covered: 0 };
            let (mut index, mut kept) = (RecentIndex::default(), None);
            for _ in 0..200 {
                let count = world.rng.usize(0..30);
                match world.rng.u32(0..8) {
                    // A snapshot: tables tell of everything so far.
                    0 => {
                        let before = world.covered;
                        let recent = world.ledger.recent_mentions(Mention::Reference("a"));
                        let seen = AsOf { term: world.term, event: world.ledger.state().last_event() };
                        let expected: Vec<u64> = recent.after(before).collect();
                        world.ledger.age_over();
                        // Tables are made beside what goes on.
                        world.write(count);
                        world.look(&mut index);
                        world.covered = seen.event;
                        drop(world.ledger.forget_over_through(world.covered));
                        world.look(&mut index);
                        // A lookup that began before has the tables of that time.
                        let mut found = index.find(&recent, seen, before, before);
                        found.retain(|event| *event <= seen.event);
                        assert_eq!(found, expected);
                    }
                    1 => kept = Some((world.ledger.clone(), world.mentioned.clone(), world.covered)),
                    // What came since was lost with the lead.
                    2 => {
                        if let Some((ledger, mentioned, covered)) = kept.take() {
                            (world.ledger, world.mentioned, world.covered) = (ledger, mentioned, covered);
                            world.term += 1;
                        }
                    }
                    3..5 => world.write(count),
                    _ => world.look(&mut index),
                }
            }
        }
    }
}

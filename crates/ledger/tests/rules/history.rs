//! The chain of an account's entries: any of them is found in few steps, and with it the lots of that time.

use crate::bench::{Bench, entry_of};
use tocos_ledger::{AccountId, LotAmount, PastLots};

/// Entries of an account in these tests.
const ENTRIES: usize = 10_000;
/// Between two milestones.
const SPACING: usize = 64;

/// An account's history, written down from outside while it happened.
struct Witness {
    account: AccountId,
    /// Event, total and lots that are not plain after it.
    entries: Vec<(u64, i64, Vec<LotAmount>)>,
}

impl Witness {
    fn of(bench: &Bench, user: &str) -> Self {
        let user = bench.ledger.find_user(user).unwrap();
        Self { account: bench.ledger.state().accounts_of(user).next().unwrap(), entries: Vec::new() }
    }

    fn look(&mut self, bench: &Bench) {
        let row = bench.ledger.state().account(self.account);
        if self.entries.last().is_none_or(|(event, ..)| *event != row.last_event()) {
            let lots = row.lots(bench.now).filter(|part| !part.lot.is_plain()).collect();
            self.entries.push((row.last_event(), row.balance(bench.now).total, lots));
        }
    }
}

fn look(witnesses: &mut [Witness], bench: &Bench) {
    for witness in witnesses {
        witness.look(bench);
    }
}

/// Two accounts with a long life together, lots and holds and all.
fn long_life() -> (Bench, [Witness; 2]) {
    let mut bench = Bench::with(&["ana", "bob"]);
    bench.grant("ana", 1_000).done();
    bench.grant("bob", 1_000).done();
    let mut witnesses = [Witness::of(&bench, "ana"), Witness::of(&bench, "bob")];
    look(&mut witnesses, &bench);
    // The first event of each is the grant; bob's came when ana had hers already.
    witnesses[0].entries[0].0 = 3;
    let mut round = 0u64;
    while witnesses.iter().any(|witness| witness.entries.len() < ENTRIES) {
        round += 1;
        match round % 11 {
            0 => drop(bench.grant("ana", 3 + round % 5).expires_in(9).done()),
            3 => drop(bench.grant("bob", 2).priority(20).promotional().done()),
            5 => drop(bench.spend("bob", round % 7 + 1).done()),
            7 => {
                let hold = bench.hold("ana", 5).to("bob").done().event;
                look(&mut witnesses, &bench);
                bench.capture(hold).only(2).done();
            }
            8 => drop(bench.grant("ana", 6).done()),
            _ => drop(bench.transfer("ana", "bob", 1 + round % 2).done()),
        }
        look(&mut witnesses, &bench);
        if round.is_multiple_of(13) {
            bench.pass(1).sweep();
            look(&mut witnesses, &bench);
        }
    }
    (bench, witnesses)
}

/// The last entry at or before event `target`: from the newest back, by `skip` where it does not lead too far and else
/// by `prev`. Also says in how many steps.
fn find(bench: &Bench, account: AccountId, target: u64) -> (u64, usize) {
    let (mut at, mut steps) = (bench.ledger.state().account(account).last_event(), 0);
    while at > target {
        let event = bench.event(at);
        let entry = entry_of(&event, account).unwrap();
        at = if entry.skip >= target { entry.skip } else { entry.prev };
        steps += 1;
    }
    (at, steps)
}

#[test]
fn any_entry_is_found_in_few_steps() {
    let (bench, witnesses) = long_life();
    for Witness { account, entries } in witnesses {
        assert_eq!(entries.len(), bench.ledger.state().account(account).entry_count() as usize);
        let mut most = 0;
        // Every event number around every 7th entry, so that hits, gaps and ends are among them.
        for (at, (event, ..)) in entries.iter().enumerate().step_by(7) {
            for target in [event - 1, *event, event + 1] {
                let near = &entries[at.saturating_sub(2)..(at + 3).min(entries.len())];
                let expected = near.iter().rev().map(|(event, ..)| *event).find(|event| *event <= target).unwrap_or(0);
                let (found, steps) = find(&bench, account, target);
                assert_eq!(found, expected, "looking for event {target}");
                most = most.max(steps);
            }
        }
        let milestones = entries.len() / SPACING;
        let bound = SPACING + 6 * milestones.ilog2() as usize;
        assert!(most <= bound, "{most} steps among {} entries, more than {bound}", entries.len());
    }
}

#[test]
fn every_64th_entry_names_the_lots_and_others_do_not() {
    let (bench, witnesses) = long_life();
    for Witness { account, entries } in witnesses {
        let mut named = 0;
        for (count, (number, total, lots)) in (1..).zip(&entries) {
            let event = bench.event(*number);
            let entry = entry_of(&event, account).unwrap();
            assert_eq!(entry.total, *total, "event {number}");
            match &entry.lots {
                Some(found) if count % SPACING == 0 => {
                    let alive: Vec<LotAmount> =
                        found.iter().copied().filter(|part| part.lot.marks.is_alive(event.at)).collect();
                    assert_eq!(alive, *lots, "event {number}");
                    named += 1;
                }
                Some(_) => panic!("event {number} is entry {count} and names lots"),
                None => assert!(count % SPACING != 0 || lots.is_empty(), "event {number} names no lots"),
            }
        }
        assert!(named > ENTRIES / SPACING / 4, "only {named} milestones had lots to name");
    }
}

#[test]
fn the_lots_of_any_time_follow_from_the_milestone_before_it() {
    let (bench, witnesses) = long_life();
    for Witness { account, entries } in witnesses {
        let mut past = PastLots::new(account, &[]);
        for (count, (number, _, lots)) in (1..).zip(&entries) {
            let event = bench.event(*number);
            past.apply(&event);
            let (entry, _) = event.entry_of(account).unwrap();
            if count % SPACING == 0 {
                let named = entry.lots.as_deref().unwrap_or(&[]);
                assert_eq!(past.lots(), named, "what was followed and what is named at event {number}");
                past = PastLots::new(account, named);
            }
            let alive: Vec<LotAmount> =
                past.lots().iter().copied().filter(|part| part.lot.marks.is_alive(event.at)).collect();
            assert_eq!(alive, *lots, "event {number}");
        }
    }
}

//! Rule 25: which node leads is an event, and changes nothing.

use crate::bench::{Bench, SEED, Written, accounts};
use crate::furnished::{furnished, with_everything};
use crate::request::START;
use tocos_ledger::{
    Due, Event, Fact, Ledger, Marks, Micros, NODE_NAME_LENGTH_MAX, Operation, Refusal, Request, Right, Until,
    check_node_name,
};

fn due(ledger: &Ledger) -> Vec<(Micros, Due)> {
    ledger.state().due_before(Micros::MAX).collect()
}

/// The state as bytes, without the block that has the last event's number and time.
fn all_but_head(bench: &Bench) -> Vec<Vec<u8>> {
    bench.blocks().split_off(1)
}

fn head(bench: &Bench) -> Vec<u8> {
    bench.blocks().remove(0)
}

#[test]
fn r25_a_leader_is_an_event_of_its_own_without_key_and_metadata() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.pass(5);
    let number = ledger.lead(7, "a");
    let event = ledger.event(number);
    assert_eq!((event.number, event.at, event.by, event.kind()), (2, ledger.now, 0, "leader"));
    assert_eq!((event.key, event.metadata), (None, None));
    assert_eq!(event.fact, Fact::Leader { epoch: 7, node: "a" });
}

#[test]
fn r25_a_leader_changes_nothing_but_the_last_events_number_and_time() {
    let mut ledger = with_everything();
    let (before, due_before) = (all_but_head(&ledger), due(&ledger.ledger));
    let (keys, over) = (ledger.ledger.key_count(), ledger.ledger.state().over_count());
    ledger.pass(3);
    let number = ledger.lead(u64::MAX, "node-b");
    assert!(all_but_head(&ledger) == before, "a leader changed the state");
    let rows = [&[1][..], &number.to_le_bytes(), &ledger.now.to_le_bytes()].concat();
    assert_eq!(head(&ledger), rows, "number and time");
    assert_eq!(due(&ledger.ledger), due_before);
    assert_eq!((ledger.ledger.key_count(), ledger.ledger.state().over_count()), (keys, over));
    ledger.check();
}

#[test]
fn r25_a_leader_does_not_show_in_lists_of_users() {
    let mut ledger = Bench::with(&["ana"]);
    let before = ledger.ledger.state().roster_event();
    ledger.lead(7, "a");
    assert_eq!(ledger.ledger.state().roster_event(), before);
}

#[test]
fn r25_what_is_due_expires_after_the_leader_as_before_it() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 5).expires_in(60).done();
    ledger.grant("ana", 7).done();
    ledger.hold("ana", 1).timeout_s(60).done();
    ledger.pass(60);
    let number = ledger.lead(2, "b");
    assert!(ledger.ledger.is_due(ledger.now), "a leader lets nothing expire");
    ledger.spend("ana", 7).done();
    let kinds: Vec<_> = (number..=ledger.last_event()).map(|number| ledger.event(number).kind()).collect();
    assert_eq!(kinds, ["leader", "hold_expired", "expire", "spend"]);
}

#[test]
fn r25_time_and_numbers_hold_for_leaders_too() {
    let mut bench = Bench::with(&["ana"]);
    bench.pass(60).user("bob").done();
    let reason = |event: &Event<'_>| bench.ledger.clone().apply(event).map_err(|refused| refused.reason);
    let leader = |now: Micros| bench.ledger.leader(7, "a", now);
    assert_eq!(reason(&leader(bench.now)), Ok(()));
    assert_eq!(reason(&leader(bench.now - 1)), Err("its time is before the last event's"));
    for number in [0, 1, 2, 4] {
        let event = Event { number, ..leader(bench.now) };
        assert_eq!(reason(&event), Err("its number is not the next one"), "event {number}");
    }
    let longest = "a".repeat(NODE_NAME_LENGTH_MAX);
    let too_long = "a".repeat(NODE_NAME_LENGTH_MAX + 1);
    assert_eq!(reason(&bench.ledger.leader(7, &longest, bench.now)), Ok(()));
    for node in ["", &too_long] {
        let event = bench.ledger.leader(7, node, bench.now);
        assert_eq!(reason(&event), Err("the node's name is empty or too long"));
    }
}

#[test]
fn r25_a_leader_can_not_be_reversed() {
    let mut ledger = Bench::with(&["ana"]);
    let event = ledger.lead(7, "a");
    let written = ledger.log.len();
    assert_eq!(ledger.reverse(event).refused(), Refusal::NotReversible { event, kind: "leader" });
    assert_eq!(ledger.log.len(), written);
}

#[test]
fn r25_a_leader_is_in_no_accounts_history_and_nothing_is_over_by_it() {
    let (mut ledger, ..) = furnished();
    let number = ledger.lead(7, "a");
    let event = ledger.event(number);
    for account in accounts(&ledger.ledger) {
        assert_eq!(event.entry_of(account), None);
        assert_ne!(ledger.ledger.state().account(account).last_event(), number);
    }
    assert_eq!(event.over(), None);
    let written = &ledger.log[usize::try_from(number - 1).unwrap()];
    assert!(!Event::may_be_over(&written.record));
    assert_eq!(Event::key_in(&written.blob), None);
}

#[test]
fn r25_no_request_led_to_a_leader() {
    let mut ledger = Bench::with(&["ana"]);
    let number = ledger.lead(7, "a");
    let event = ledger.event(number);
    for operation in [
        Operation::PutUser { user: "a", name: None },
        Operation::Grant { user: "ana", coin: "toco", amount: 7, marks: Marks::PLAIN, lot: false },
        Operation::Hold { user: "ana", coin: "toco", amount: 7, until: Until::InSeconds(7), to: None },
        Operation::RevokeKey { id: 7 },
        Operation::CreateKey(tocos_ledger::CreateKey {
            name: "a",
            hash: [0; 32],
            right: Right::Read,
            expires_at: None,
        }),
    ] {
        let request = Request { operation, key: None, metadata: None, reference: None, by: 0 };
        assert_eq!(event.same_request(&request, ledger.ledger.state()), Err("op"));
    }
}

#[test]
fn r25_a_leader_is_taken_back_with_what_it_came_with() {
    let (mut ledger, ..) = furnished();
    let before = ledger.blocks();
    ledger.ledger.begin();
    ledger.pass(1).lead(7, "a");
    ledger.grant("ana", 5).done();
    ledger.lead(8, "b");
    ledger.ledger.roll_back();
    assert!(ledger.blocks() == before, "a leader that was taken back left something");
}

#[test]
fn r25_a_ledger_without_its_leaders_comes_to_the_same() {
    let run = |leads: bool| {
        let mut ledger = Bench::with(&["ana", "bob"]);
        let lead = |ledger: &mut Bench, epoch| {
            if leads {
                ledger.lead(epoch, "a");
            }
        };
        lead(&mut ledger, 1);
        ledger.grant("ana", 50).expires_in(60).key("one").done();
        lead(&mut ledger, 2);
        ledger.transfer("ana", "bob", 20).done();
        ledger.pass(60);
        lead(&mut ledger, 3);
        ledger.grant("bob", 9).done();
        (ledger.balance("ana", "toco"), ledger.balance("bob", "toco"), ledger.system(), ledger.ledger.key_count())
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn r25_these_are_the_bytes_of_a_leader() {
    let ledger = Ledger::new(SEED);
    let written = Written::new(&ledger.leader(0x0807_0605_0403_0201, "node-a", START));
    let mut record = [0; 64];
    (record[0], record[1]) = (8, 4);
    record[12..16].copy_from_slice(&[4, 3, 2, 1]);
    record[16..24].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!((written.record, &written.blob[..]), (record, &b"\x03\x06node-a"[..]));
    let back = Event::decode(1, START, &record, b"\x03\x06node-a").unwrap();
    assert_eq!(back, ledger.leader(0x0807_0605_0403_0201, "node-a", START));
}

#[test]
fn r25_a_nodes_name_is_short_and_plain() {
    let longest = "a".repeat(63);
    for good in ["a", "A", "0", ".", "-", "_", "node-a.example_1", "10.0.0.7", &longest] {
        assert_eq!(check_node_name(good), Ok(()), "{good}");
    }
    let too_long = "a".repeat(64);
    for bad in ["", " ", "a b", "a/b", "a:1", "a\n", "a\0", "@a", "é", "a,b", "a=b", "\"", &too_long] {
        let reason = check_node_name(bad).unwrap_err();
        assert!(reason.starts_with("a node's name has 1 to 63 of"), "{bad}: {reason}");
    }
}

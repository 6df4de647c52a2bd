//! The state as blocks: the same again from its own blocks and from the log, and an error from anything else.

use crate::bench::{Bench, SEED, Written};
use crate::furnished::with_everything;
use crate::request::START;
use proptest::prelude::*;
use tocos_ledger::{Due, Ledger, Micros, ReplayFailure, SnapshotError};

fn open(blocks: &[Vec<u8>]) -> Result<Ledger, SnapshotError> {
    Ledger::from_blocks(SEED, blocks.iter().cloned().map(Ok))
}

fn due(ledger: &Ledger) -> Vec<(Micros, Due)> {
    ledger.state().due_before(Micros::MAX).collect()
}

/// The same ledger, read back from its blocks; what is over it finds in the log.
fn reopened(bench: &Bench) -> Bench {
    let mut again = Bench { ledger: open(&bench.blocks()).unwrap(), ..bench.clone() };
    again.forget();
    again
}

#[test]
fn blocks_read_back_are_written_the_same_again() {
    let bench = with_everything();
    let again = reopened(&bench);
    assert!(again.blocks() == bench.blocks(), "blocks read back and written again differ");
    assert_eq!(due(&again.ledger), due(&bench.ledger));
}

#[test]
fn a_ledger_read_back_goes_on_as_the_one_that_wrote_it() {
    let mut first = with_everything();
    let mut second = reopened(&first);
    for bench in [&mut first, &mut second] {
        bench.pass(45).grant("ana", 5).expires_in(70).done();
        assert!(bench.grant("ana", 100).key("before").done().replayed);
        for _ in 0..100 {
            bench.spend("ana", 1).done();
            bench.grant("bob", 1).done();
        }
        bench.user("dan").done();
        bench.pass(1_000).sweep();
        bench.spend("bob", 500).up_to().done();
    }
    assert!(first.log == second.log, "they wrote different events");
    assert!(first.blocks() == second.blocks());
}

#[test]
fn replaying_all_events_from_their_bytes_gives_the_same_blocks() {
    let bench = with_everything();
    let mut fresh = Ledger::new(SEED);
    for (number, written) in (1..).zip(&bench.log) {
        let event = fresh.decode_event(number, written.at, &written.record, &written.blob).unwrap();
        fresh.apply(&event).unwrap();
    }
    assert!(fresh.state().blocks().collect::<Vec<_>>() == bench.blocks());
    assert_eq!((due(&fresh), fresh.key_count()), (due(&bench.ledger), bench.ledger.key_count()));
}

/// What was written at one time as the log keeps it: records, and blobs that are found by an offset.
fn replay(ledger: &mut Ledger, first: u64, written: &[Written]) -> Result<(), ReplayFailure> {
    let records: Vec<_> = (0u32..)
        .zip(written)
        .map(|(at, written)| {
            let mut record = written.record;
            if !written.blob.is_empty() {
                record[12..16].copy_from_slice(&at.to_le_bytes());
            }
            record
        })
        .collect();
    ledger.replay(first, written[0].at, &records, |at| written.get(at as usize).map(|written| &written.blob[..]))
}

#[test]
fn replaying_what_was_written_at_one_time_together_gives_the_same_blocks() {
    let bench = with_everything();
    let mut fresh = Ledger::new(SEED);
    for written in bench.log.chunk_by(|one, next| one.at == next.at) {
        let first = fresh.state().last_event() + 1;
        replay(&mut fresh, first, written).unwrap();
    }
    assert!(fresh.state().blocks().collect::<Vec<_>>() == bench.blocks());
    assert_eq!((due(&fresh), fresh.key_count()), (due(&bench.ledger), bench.ledger.key_count()));
    for number in 1..=fresh.state().last_event() {
        assert_eq!(fresh.keys_between(number, number), bench.ledger.keys_between(number, number));
    }
}

#[test]
fn a_replay_says_which_record_is_no_event_and_which_does_not_follow() {
    let mut bench = Bench::empty();
    for user in ["ana", "bob", "cem"] {
        bench.user(user).done();
    }
    let number_of = |failure: Result<(), ReplayFailure>| match failure.unwrap_err() {
        ReplayFailure::Malformed { event, .. } => ("malformed", event),
        ReplayFailure::Inconsistent(inconsistent) => ("inconsistent", inconsistent.event),
    };
    let users = bench.log.clone();
    let at = users[2].at;
    let mut unknown = users.clone();
    unknown[1].record[0] = 255;
    assert_eq!(number_of(replay(&mut Ledger::new(SEED), 1, &unknown)), ("malformed", 2));
    let twice = [users[0].clone(), users[1].clone(), users[1].clone()];
    assert_eq!(number_of(replay(&mut Ledger::new(SEED), 1, &twice)), ("inconsistent", 3));
    let records: Vec<_> = users.iter().map(|written| written.record).collect();
    assert_eq!(number_of(Ledger::new(SEED).replay(1, at, &records, |_| None)), ("malformed", 1));
}

#[test]
fn an_empty_ledger_has_a_snapshot_too() {
    let blocks = Bench::empty().blocks();
    let ledger = open(&blocks).unwrap();
    assert_eq!((ledger.state().last_event(), ledger.state().coins()[0].code.as_str()), (0, "toco"));
}

#[test]
fn the_longest_ids_and_ids_of_any_script_come_back_from_a_snapshot() {
    let mut bench = Bench::empty();
    let longest = "💥".repeat(128);
    let ids = [longest.as_str(), "Żółć", "مریم", "a b", "a!", "a@example.com"];
    for id in ids {
        bench.user(id).done();
        bench.grant(id, 5).done();
    }
    let again = open(&bench.blocks()).unwrap();
    for id in ids {
        assert!(again.find_user(id).is_some(), "{id}");
    }
    assert!(again.state().blocks().collect::<Vec<_>>() == bench.blocks());
}

#[test]
fn many_users_take_many_blocks_of_a_size() {
    let mut ledger = Ledger::new(SEED);
    let mut bench = Bench::empty();
    for number in 0..12_000 {
        let ask =
            crate::request::Ask::of(crate::request::Op::PutUser { user: format!("user-{number:07}"), name: None });
        let Ok(tocos_ledger::Decision::Do(event)) = ledger.decide(&ask.request(None), bench.now) else { panic!() };
        ledger.apply(&event).unwrap();
    }
    bench.ledger = ledger;
    let blocks = bench.blocks();
    assert!(blocks.len() >= 6 && blocks.iter().all(|block| block.len() < 300_000), "{} blocks", blocks.len());
    let again = open(&blocks).unwrap();
    assert!(again.state().blocks().collect::<Vec<_>>() == blocks);
    assert!((0..12_000).all(|number| again.find_user(&format!("user-{number:07}")).is_some()));
    let from: Vec<_> =
        again.state().users_from("user-0011998").map(|user| again.state().user(user).id.clone()).collect();
    assert_eq!(from, ["user-0011998", "user-0011999"]);
}

#[test]
fn a_snapshot_that_lacks_a_block_is_refused() {
    let blocks = with_everything().blocks();
    for missing in 0..blocks.len() {
        let mut fewer = blocks.clone();
        fewer.remove(missing);
        let error = open(&fewer).map(drop);
        // API keys, schedules and webhooks hang together with nothing else: the file of the blocks knows how many there are.
        let rows = blocks[missing][0];
        assert!(error.is_err() || [7, 9, 10].contains(&rows), "rows {rows} were not missed");
    }
    assert!(open(&[]).is_err());
}

#[test]
fn a_snapshot_with_its_blocks_out_of_order_or_twice_is_refused() {
    let blocks = with_everything().blocks();
    for at in 0..blocks.len() {
        let mut twice = blocks.clone();
        twice.insert(at, blocks[at].clone());
        let rows = blocks[at][0];
        assert!(open(&twice).is_err() || rows == 7, "rows {rows} twice");
        if at > 0 {
            let mut swapped = blocks.clone();
            swapped.swap(at - 1, at);
            assert!(open(&swapped).is_err(), "rows {rows} before those before them");
        }
    }
}

#[test]
fn a_snapshot_cut_off_anywhere_is_refused() {
    let blocks = with_everything().blocks();
    for at in 0..blocks.len() {
        for length in 0..blocks[at].len() {
            let mut cut = blocks[..=at].to_vec();
            cut[at].truncate(length);
            assert!(open(&cut).is_err(), "block {at} cut to {length} bytes");
        }
    }
}

#[test]
fn an_error_of_the_source_comes_through() {
    let error = Ledger::from_blocks(SEED, [Err::<Vec<u8>, _>(Broken::Disk)].into_iter()).map(drop);
    assert_eq!(error, Err(Broken::Disk));
    let error = Ledger::from_blocks(SEED, [Ok::<_, Broken>(vec![77])].into_iter()).map(drop);
    assert_eq!(error, Err(Broken::Snapshot("the snapshot has rows that are not known")));
}

#[derive(Debug, PartialEq)]
enum Broken {
    Disk,
    Snapshot(&'static str),
}

impl From<SnapshotError> for Broken {
    fn from(error: SnapshotError) -> Self {
        Self::Snapshot(error.0)
    }
}

static BLOCKS: std::sync::LazyLock<(Bench, Vec<Vec<u8>>)> = std::sync::LazyLock::new(|| {
    let bench = with_everything();
    let blocks = bench.blocks();
    (bench, blocks)
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_snapshot_with_bytes_changed_is_refused_or_can_be_worked_with(
        block in any::<proptest::sample::Index>(), at in any::<proptest::sample::Index>(), value in any::<u8>(),
    ) {
        let (bench, blocks) = &*BLOCKS;
        let mut changed = blocks.clone();
        let block = &mut changed[block.index(blocks.len())];
        let at = at.index(block.len());
        block[at] = value;
        if let Ok(ledger) = open(&changed) {
            let mut bench = Bench { ledger, ..bench.clone() };
            bench.check();
            bench.now = bench.now.max(bench.ledger.state().now());
            // Catching up with centuries of occurrences takes long.
            let is_far = |at: Micros| at.abs_diff(START) > 10 * 366 * 86_400 * 1_000_000;
            if is_far(bench.now) || bench.ledger.state().next_due().is_some_and(is_far) {
                return Ok(());
            }
            // It may well refuse, but it must not fall over.
            let _spent = bench.ledger.find_user("ana").is_some() && bench.user("zoe").done().replayed;
        }
    }
}

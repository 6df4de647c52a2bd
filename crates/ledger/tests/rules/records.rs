//! Events as bytes: what goes in comes out, what was not written by `encode` is refused, and nothing of it panics.

use crate::bench::{Bench, SEED, Written, read};
use crate::furnished::with_everything;
use proptest::prelude::*;
use tocos_ledger::{
    AccountId, CaptureTerms, Category, CoinId, Entry, Event, Excess, Fact, GrantTerms, HoldEnd, HoldTerms, Key, Ledger,
    Leg, Legs, Link, Lot, LotAmount, MAX_AMOUNT, Marks, Mode, Movement, MovementKind, Place, RECORD_BYTES,
    ReverseTerms, Right, SpendTerms, UserId,
};

#[test]
fn a_plain_transfer_is_its_64_bytes_and_no_more() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.grant("ana", 50).done();
    ledger.transfer("ana", "bob", 5).done();
    ledger.transfer("ana", "bob", 5).done();
    let written = ledger.log.last().unwrap();
    assert_eq!((written.record.len(), written.blob.len()), (64, 0));
}

#[test]
fn key_and_metadata_cost_their_own_length_and_two_bytes_each() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.grant("ana", 50).done();
    ledger.transfer("ana", "bob", 5).done();
    ledger.transfer("ana", "bob", 5).key("twelve chars").metadata(r#"{"a":1}"#).done();
    assert_eq!(ledger.log.last().unwrap().blob.len(), (2 + 12) + (2 + 7));
    ledger.transfer("ana", "bob", 5).key(&"k".repeat(200)).done();
    assert_eq!(ledger.log.last().unwrap().blob.len(), 3 + 200, "from 128 bytes on a length takes two");
}

#[test]
fn every_kind_of_event_is_among_those_tried_here() {
    let ledger = with_everything();
    let mut kinds: Vec<&str> = (1..=ledger.last_event()).map(|number| ledger.event(number).kind()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let expected = [
        "capture",
        "coin",
        "expire",
        "extend",
        "grant",
        "hold",
        "hold_expired",
        "key",
        "key_revoked",
        "limits",
        "release",
        "reverse",
        "spend",
        "transfer",
        "user",
        "user_closed",
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn an_accounts_line_is_read_from_a_record_without_the_rest() {
    let ledger = with_everything();
    for (number, written) in (1..).zip(&ledger.log) {
        let event = read(&ledger.log, number).unwrap();
        for account in (0..9).map(AccountId) {
            let line = event.entry_of(account).map(|(entry, _)| Link {
                total: entry.total,
                prev: entry.prev,
                skip: entry.skip,
            });
            assert_eq!(Link::of(&written.record, account), line, "event {number}");
        }
    }
}

#[test]
fn what_encode_does_not_write_is_malformed() {
    let ledger = with_everything();
    let reason = |number: u64, change: &dyn Fn(&mut Written)| {
        let mut written = ledger.log[usize::try_from(number - 1).unwrap()].clone();
        change(&mut written);
        Event::decode(number, written.at, &written.record, &written.blob).map(|event| format!("{event:?}"))
    };
    let find = |kind: &str| (1..).find(|number| ledger.event(*number).kind() == kind).unwrap();
    let refused = |number: u64, change: &dyn Fn(&mut Written), words: &str| {
        let error = reason(number, change).unwrap_err().to_string();
        assert!(error.contains(words), "{error} is not about {words}");
    };
    refused(find("grant"), &|written| written.record[0] = 99, "kind is not known");
    refused(find("grant"), &|written| written.record[0] = 0, "kind is not known");
    refused(find("grant"), &|written| written.record[16..24].fill(0xff), "above 2^53-1");
    refused(find("user"), &|written| written.blob[0] = 200, "section is not known");
    refused(find("user"), &|written| written.blob[0] = 0, "section is not known");
    refused(find("user"), &|written| written.blob[2] = 0xff, "not UTF-8");
    refused(find("user"), &|written| written.blob.truncate(3), "middle of a field");
    refused(find("user"), &|written| written.blob.clear(), "no id");
    refused(find("user"), &|written| written.blob.extend_from_within(..), "twice");
    refused(find("coin"), &|written| written.record[6] = 1, "above 65,535");
    refused(find("key"), &|written| written.record[16] = 4, "a right");
    // A list of lots that says it is longer than the blob is not even begun.
    let legs: Vec<u8> = [vec![6, 14, 0, 3], vec![0; 8], vec![0xff; 4]].concat();
    let huge = |written: &mut Written| {
        written.record[1] |= 4;
        written.blob = legs.clone();
    };
    refused(find("transfer"), &huge, "middle of a field");
}

fn amount() -> impl Strategy<Value = u64> {
    prop_oneof![0..100u64, 0..=MAX_AMOUNT, Just(MAX_AMOUNT)]
}

fn instant() -> impl Strategy<Value = Option<i64>> {
    proptest::option::of(i64::MIN + 1..=i64::MAX)
}

fn marks() -> impl Strategy<Value = Marks> {
    (instant(), any::<u8>(), any::<bool>()).prop_map(|(expires_at, priority, paid)| Marks {
        expires_at,
        priority,
        category: if paid { Category::Paid } else { Category::Promotional },
    })
}

fn lots() -> impl Strategy<Value = Vec<LotAmount>> {
    let lot = (any::<u64>(), marks(), 0..=MAX_AMOUNT / 300)
        .prop_map(|(grant, marks, amount)| LotAmount { lot: Lot { grant, marks }, amount });
    proptest::collection::vec(lot, 0..300)
}

fn entry() -> impl Strategy<Value = Entry> {
    let opens =
        proptest::option::of((any::<u32>(), any::<u16>()).prop_map(|(user, coin)| (UserId(user), CoinId(coin))));
    let number = 0..1u64 << 48;
    (any::<u32>(), opens, any::<i64>(), any::<u64>(), (number.clone(), number), proptest::option::of(lots())).prop_map(
        |(account, opens, total, held, (prev, skip), lots)| {
            let lots = lots.map(Into::into);
            Entry { account: AccountId(account), opens, total, held, prev, skip, lots }
        },
    )
}

fn place() -> impl Strategy<Value = Place> {
    proptest::sample::select(vec![Place::Issued, Place::Spent, Place::Expired, Place::A, Place::B, Place::Hold])
}

fn leg() -> impl Strategy<Value = Leg> {
    (place(), place(), lots(), amount()).prop_map(|(from, to, lots, amount)| {
        let amount = if lots.is_empty() { amount } else { lots.iter().map(|part| part.amount).sum() };
        Leg { from, to, amount, lots }
    })
}

/// A kind with its terms; what does not go with it in a real event need not be so here.
fn kind() -> impl Strategy<Value = MovementKind> {
    let number = any::<u64>;
    let requested = || proptest::option::of(0..u64::MAX);
    let small = || proptest::option::of(0..u32::MAX);
    prop_oneof![
        marks().prop_map(|marks| MovementKind::Grant(GrantTerms { marks })),
        number().prop_map(|requested| MovementKind::Spend(SpendTerms { requested, mode: Mode::UpTo })),
        Just(MovementKind::Transfer),
        Just(MovementKind::LotExpired),
        (i64::MIN + 1..i64::MAX, small(), small()).prop_map(|(expires_at, timeout_s, to)| {
            MovementKind::Hold(HoldTerms { expires_at, timeout_s, to: to.map(UserId) })
        }),
        (number(), requested(), any::<[bool; 3]>(), number()).prop_map(
            |(hold, requested, [last, more, ended], held)| {
                let excess = if more { Excess::TakeAvailable } else { Excess::Reject };
                MovementKind::Capture(CaptureTerms { hold, requested, last, excess, held, ended })
            }
        ),
        number().prop_map(|hold| MovementKind::Release(HoldEnd { hold })),
        number().prop_map(|hold| MovementKind::HoldExpired(HoldEnd { hold })),
        (
            number(),
            proptest::sample::select(vec!["grant", "spend", "transfer", "capture"]),
            requested(),
            instant(),
            number()
        )
            .prop_map(|(of, of_kind, requested, renew_expires_at, remaining)| {
                MovementKind::Reverse(ReverseTerms { of, of_kind, requested, renew_expires_at, remaining })
            }),
    ]
}

fn movement() -> impl Strategy<Value = Movement> {
    (kind(), amount(), entry(), proptest::option::of(entry()), leg(), proptest::collection::vec(leg(), 0..3))
        .prop_map(|(kind, amount, a, b, first, rest)| Movement { kind, amount, a, b, legs: Legs { first, rest } })
}

/// Texts that an event borrows.
#[derive(Clone, Debug)]
struct Words {
    id: String,
    name: Option<String>,
    key: Option<String>,
    metadata: Option<String>,
}

fn words() -> impl Strategy<Value = Words> {
    let long = "[ -~]{0,300}";
    (".{0,40}", proptest::option::of(".{0,300}"), proptest::option::of(long), proptest::option::of(".{0,9000}"))
        .prop_map(|(id, name, key, metadata)| Words { id, name, key, metadata })
}

/// What an event says that is not about coins on the move.
fn other<'w>(which: u8, words: &'w Words, [a, b, c]: [u64; 3], entry: Entry) -> Fact<'w> {
    let (id, name) = (words.id.as_str(), words.name.as_deref());
    let (small, created) = (a as u16, b.is_multiple_of(2));
    let right = [Right::Read, Right::Spend, Right::Grant, Right::Admin][usize::from(small % 4)];
    let expires_at = (b as i64).max(i64::MIN + 1);
    match which % 8 {
        0 => Fact::UserPut { user: UserId(a as u32), id, name, created },
        1 => Fact::UserClosed { user: UserId(a as u32) },
        2 => Fact::CoinPut { coin: CoinId(small), code: id, decimals: c as u8, created },
        3 => Fact::LimitsPut { entry, floor: a as i64, ceiling: b, frozen: c.is_multiple_of(2) },
        4 => Fact::HoldExtended { hold: a, account: AccountId(b as u32), expires_at: c as i64 },
        5 => Fact::KeyRevoked { id: small },
        _ => {
            let (hash, expires_at) = ([c as u8; 32], created.then_some(expires_at));
            Fact::KeyCreated { id: small, name: id, hash, right, expires_at }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_event_comes_back_from_its_bytes_as_it_went_in(
        words in words(), movement in movement(), entry in entry(), which in any::<u8>(), numbers in any::<[u64; 3]>(),
        by in any::<u16>(), at in any::<i64>(), number in any::<u64>(),
    ) {
        let ledger = Ledger::new(SEED);
        let key = words.key.as_deref().map(|text| ledger.hashed_key(text));
        let metadata = words.metadata.as_deref();
        for fact in [Fact::Moved(movement), other(which, &words, numbers, entry)] {
            let event = Event { number, at, by, key, metadata, fact };
            let written = Written::new(&event);
            let back = ledger.decode_event(number, at, &written.record, &written.blob);
            prop_assert_eq!(back.as_ref(), Ok(&event));
            let unhashed = Event { key: key.map(|key: Key<'_>| Key { hash: 0, ..key }), ..event };
            prop_assert_eq!(Event::decode(number, at, &written.record, &written.blob), Ok(unhashed));
            let key = written.blob.first().and_then(|_| Event::key_in(&written.blob));
            prop_assert_eq!(key, words.key.as_deref());
        }
    }

    #[test]
    fn random_bytes_are_an_event_or_an_error(record in any::<[u8; RECORD_BYTES]>(), blob in any::<Vec<u8>>()) {
        check_decoded(&record, &blob)?;
    }

    #[test]
    fn random_sections_are_an_event_or_an_error(
        kind in 0..28u8, flags in any::<u8>(), rest in any::<[u8; 24]>(),
        sections in proptest::collection::vec((0..15u8, proptest::collection::vec(0..8u8, 0..60)), 0..6),
    ) {
        let mut record = [0; RECORD_BYTES];
        (record[0], record[1]) = (kind, flags | 4);
        record[2..26].copy_from_slice(&rest);
        record[22..24].fill(0);
        let sections = sections.into_iter().map(|(tag, bytes)| [vec![tag, bytes.len() as u8], bytes].concat());
        check_decoded(&record, &sections.collect::<Vec<_>>().concat())?;
    }

    #[test]
    fn bytes_changed_on_disk_are_an_event_or_an_error_and_never_applied_half_way_into_a_panic(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), 0..80usize, any::<u8>()), 1..40),
    ) {
        let whole = &*EVERYTHING;
        for (which, at, value) in changes {
            let number = which.index(whole.log.len()) + 1;
            let mut written = whole.log[number - 1].clone();
            match at.checked_sub(RECORD_BYTES) {
                None => written.record[at] = value,
                Some(at) if at < written.blob.len() => written.blob[at] = value,
                Some(at) => written.blob.truncate(at % written.blob.len().max(1)),
            }
            check_decoded(&written.record, &written.blob)?;
            let mut ledger = BEFORE[number / STRIDE].clone();
            for (number, earlier) in (1..number).zip(&whole.log).skip(number / STRIDE * STRIDE) {
                let event = ledger.decode_event(number as u64, earlier.at, &earlier.record, &earlier.blob).unwrap();
                ledger.apply(&event).unwrap();
            }
            // Whatever the record contains now, it is applied or refused.
            if let Ok(event) = ledger.decode_event(number as u64, written.at, &written.record, &written.blob) {
                let _follows = ledger.apply(&event).is_ok();
            }
        }
    }
}

/// Ledgers from which every event of [`EVERYTHING`] is reached in fewer than this many steps.
const STRIDE: usize = 16;

static EVERYTHING: std::sync::LazyLock<Bench> = std::sync::LazyLock::new(with_everything);

static BEFORE: std::sync::LazyLock<Vec<Ledger>> = std::sync::LazyLock::new(|| {
    let mut ledger = Ledger::new(SEED);
    let mut before = vec![ledger.clone()];
    for (number, written) in (1..).zip(&EVERYTHING.log) {
        let event = ledger.decode_event(number as u64, written.at, &written.record, &written.blob).unwrap();
        ledger.apply(&event).unwrap();
        if number % STRIDE == 0 {
            before.push(ledger.clone());
        }
    }
    before
});

/// An error, or an event that is not larger than its bytes and is written as it was read.
fn check_decoded(record: &[u8; RECORD_BYTES], blob: &[u8]) -> Result<(), TestCaseError> {
    let Ok(event) = Event::decode(1, 0, record, blob) else { return Ok(()) };
    if let Fact::Moved(movement) = &event.fact {
        let lots: usize = movement.legs.iter().map(|leg| leg.lots.len()).sum();
        let named: usize = movement.a.lots.as_ref().map_or(0, |lots| lots.len());
        prop_assert!(lots + named <= blob.len() / 26 && movement.legs.rest.len() <= blob.len() / 14);
    }
    let written = Written::new(&event);
    prop_assert_eq!(Event::decode(1, 0, &written.record, &written.blob), Ok(event));
    Ok(())
}

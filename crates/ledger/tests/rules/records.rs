//! Events as bytes: what goes in comes out, what was not written by `encode` is refused, and nothing of it panics.

use crate::bench::{Bench, SEED, Written, read};
use crate::furnished::with_everything;
use proptest::prelude::*;
use tocos_ledger::{
    AccountId, AdjustmentTerms, CaptureTerms, Category, CoinId, Crossing, DELIVERED_KINDS, EVERY_DAYS_MAX,
    EVERY_MONTHS_MAX, Entry, Event, EventKinds, Every, Excess, Fact, GrantTerms, HoldEnd, HoldTerms, Key, Lasting,
    Ledger, Leg, Legs, Link, Lot, LotAmount, MAX_AMOUNT, Marks, Mode, Movement, MovementKind, NODE_NAME_LENGTH_MAX,
    Occurrence, Place, Plan, RECORD_BYTES, ReverseTerms, Right, Rollover, RolloverTerms, SpendLimit, SpendTerms,
    Taking, Thresholds, UserId, WEBHOOK_ID_LENGTH_MAX, WINDOW_HOURS_MAX, WebhookChange, WebhookFilter, WebhookOff,
    WebhookPut, WebhookSecret, Whose, Window,
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
        "leader",
        "limits",
        "release",
        "reverse",
        "rollover",
        "schedule",
        "schedule_deleted",
        "schedule_paused",
        "schedule_resumed",
        "spend",
        "spend_limit",
        "thresholds",
        "transfer",
        "user",
        "user_closed",
        "webhook",
        "webhook_deleted",
        "webhook_disabled",
        "webhook_enabled",
        "webhook_failing",
        "webhook_progress",
        "webhook_redelivered",
        "webhook_rotated",
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
    refused(find("leader"), &|written| written.blob.clear(), "no node");
    refused(find("leader"), &|written| written.record[1] = 0, "no node");
    refused(find("leader"), &|written| written.blob = vec![3, 0], "no node");
    refused(find("leader"), &|written| written.blob = [vec![3, 64], vec![b'a'; 64]].concat(), "too long");
    refused(find("leader"), &|written| written.blob[2] = 0xff, "not UTF-8");
    refused(find("leader"), &|written| written.blob[1] += 1, "middle of a field");
    refused(find("leader"), &|written| written.blob.extend_from_slice(&[4, 1, b'a']), "does not belong");
    refused(find("leader"), &|written| written.blob.extend_from_slice(&[5, 1, 0]), "longer than its kind needs");
    refused(find("leader"), &|written| written.record[0] = 27, "kind is not known");
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
    let crossing = (any::<bool>(), any::<i64>()).prop_map(|(is_up, threshold)| Crossing { threshold, is_up });
    let crossed = proptest::option::of(proptest::collection::vec(crossing, 1..5));
    let rest = ((number.clone(), number), proptest::option::of(lots()), crossed);
    (any::<u32>(), opens, any::<i64>(), any::<u64>(), rest).prop_map(
        |(account, opens, total, held, ((prev, skip), lots, crossed))| {
            let (lots, crossed) = (lots.map(Into::into), crossed.map(Into::into));
            Entry { account: AccountId(account), opens, total, held, prev, skip, lots, crossed }
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
        (marks(), any::<bool>(), proptest::option::of(occurrence()))
            .prop_map(|(marks, lot, occurrence)| { MovementKind::Grant(GrantTerms { marks, lot, occurrence }) }),
        (occurrence(), marks(), marks()).prop_map(|(occurrence, from, to)| {
            let Occurrence { schedule, number, due_at, scheduled } = occurrence;
            let [from, to] = [(scheduled, from), (schedule, to)].map(|(grant, marks)| Lot { grant, marks });
            MovementKind::Rollover(RolloverTerms { schedule, number, due_at, from, to })
        }),
        (any::<[u64; 5]>(), any::<i64>(), marks()).prop_map(|(numbers, due_at, marks)| {
            let [schedule, before, scheduled, remaining, grant] = numbers;
            let lot = Lot { grant, marks };
            MovementKind::Adjustment(AdjustmentTerms { schedule, due_at, lot, before, scheduled, remaining })
        }),
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
            number(),
            taking(),
            proptest::option::of(any::<i64>()),
        )
            .prop_map(|(of, of_kind, requested, renew_expires_at, remaining, (taking, debt), spent_at)| {
                MovementKind::Reverse(ReverseTerms {
                    of,
                    of_kind,
                    requested,
                    renew_expires_at,
                    remaining,
                    taking,
                    debt,
                    spent_at,
                })
            }),
    ]
}

fn occurrence() -> impl Strategy<Value = Occurrence> {
    (any::<u64>(), any::<u32>(), any::<i64>(), any::<u64>())
        .prop_map(|(schedule, number, due_at, scheduled)| Occurrence { schedule, number, due_at, scheduled })
}

fn lasting() -> impl Strategy<Value = Lasting> {
    prop_oneof![Just(Lasting::Never), Just(Lasting::AtNext), (1..1_000_000u32).prop_map(Lasting::After)]
}

/// Any plan that there can be.
fn plan() -> impl Strategy<Value = Plan> {
    let every = prop_oneof![
        Just(Every::Once),
        (1..=EVERY_DAYS_MAX).prop_map(Every::Days),
        (1..=EVERY_MONTHS_MAX).prop_map(Every::Months)
    ];
    let at = || proptest::option::of(0..200_000_000_000_000_000i64);
    let first = (1..=MAX_AMOUNT, every, at(), at(), at(), proptest::option::of(1..=u32::MAX));
    let rollover = (1..=MAX_AMOUNT, lasting()).prop_map(|(max, lasting)| Rollover { max, lasting });
    (first, lasting(), 0..=100u8, any::<[bool; 2]>(), proptest::option::of(rollover)).prop_map(
        |((amount, every, anchor, starts_at, ends_at, occurrences), lasting, priority, [paid, now], rollover)| {
            let lasting = if every == Every::Once && lasting == Lasting::AtNext { Lasting::Never } else { lasting };
            let ends_at = ends_at.filter(|ends_at| starts_at.is_none_or(|starts_at| starts_at < *ends_at));
            let rollover = rollover.filter(|_| lasting == Lasting::AtNext);
            let category = if paid { Category::Paid } else { Category::Promotional };
            Plan { amount, every, anchor, starts_at, ends_at, occurrences, lasting, priority, category, rollover, now }
        },
    )
}

fn taking() -> impl Strategy<Value = (Taking, u64)> {
    let (exact, up_to) = (Mode::Exact, Mode::UpTo);
    prop_oneof![
        Just((Taking::default(), 0)),
        any::<u64>().prop_map(move |debt| (Taking { mode: exact, debt: true }, debt)),
        any::<u64>().prop_map(move |debt| (Taking { mode: up_to, debt: true }, debt)),
        Just((Taking { mode: up_to, debt: false }, 0)),
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
    reference: Option<String>,
}

fn words() -> impl Strategy<Value = Words> {
    let long = "[ -~]{0,300}";
    let texts = (proptest::option::of(".{0,300}"), proptest::option::of(long), proptest::option::of(".{0,9000}"));
    (".{0,40}", texts, proptest::option::of(".{0,128}")).prop_map(|(id, (name, key, metadata), reference)| Words {
        id,
        name,
        key,
        metadata,
        reference,
    })
}

/// As much of a text as the name of a node may have.
fn node(text: &str) -> &str {
    let node = &text[..text.floor_char_boundary(NODE_NAME_LENGTH_MAX)];
    if node.is_empty() { "a" } else { node }
}

/// As much of a text as the id of a webhook may have.
fn webhook(text: &str) -> &str {
    let id = &text[..text.floor_char_boundary(WEBHOOK_ID_LENGTH_MAX)];
    if id.is_empty() { "a" } else { id }
}

/// A secret of some length, or none.
fn secret(number: u64) -> Option<WebhookSecret> {
    WebhookSecret::new(&vec![number as u8; number as usize % 70])
}

/// What an event says that is not about coins on the move.
fn other<'w>(which: u8, words: &'w Words, [a, b, c]: [u64; 3], entry: Entry, plan: Plan) -> Fact<'w> {
    let (id, name) = (words.id.as_str(), words.name.as_deref());
    let (small, created) = (a as u16, b.is_multiple_of(2));
    let right = [Right::Read, Right::Spend, Right::Grant, Right::Admin][usize::from(small % 4)];
    let expires_at = (b as i64).max(i64::MIN + 1);
    let whose = if created { Whose::Account(entry.clone()) } else { Whose::Coin(CoinId(small)) };
    let schedule = if id.is_empty() { "plan" } else { id };
    match which % 17 {
        0 => Fact::UserPut { user: UserId(a as u32), id, name, created },
        1 => Fact::UserClosed { user: UserId(a as u32) },
        2 => Fact::CoinPut { coin: CoinId(small), code: id, decimals: c as u8, created },
        3 => Fact::LimitsPut { entry, floor: a as i64, ceiling: b, frozen: c.is_multiple_of(2) },
        4 => Fact::HoldExtended { hold: a, account: AccountId(b as u32), expires_at: c as i64 },
        5 => Fact::KeyRevoked { id: small },
        8 => {
            let amounts = [a, b, c].map(|amount| (amount % MAX_AMOUNT) as i64);
            let thresholds = c.is_multiple_of(3).then(|| Thresholds::new(&amounts[..small as usize % 4]).unwrap());
            Fact::ThresholdsPut { whose, thresholds }
        }
        9 => {
            let per = [Window::Day, Window::Month, Window::Hours(1 + small % WINDOW_HOURS_MAX)][usize::from(small % 3)];
            let limit = c.is_multiple_of(3).then_some(SpendLimit { amount: b % MAX_AMOUNT, per });
            Fact::SpendLimitPut { whose, limit }
        }
        6 => Fact::Leader { epoch: a, node: node(id) },
        10 => {
            let (user, coin, anchor, next) = (UserId(b as u32), CoinId(small), c as i64, (a >> 32) as u32);
            Fact::SchedulePut { number: a, id: schedule, user, coin, plan, anchor, next }
        }
        11 => Fact::ScheduleEnded { number: a, id: schedule },
        12 => Fact::SchedulePaused { number: a, id: schedule },
        13 => {
            let next = created.then_some((c as u32).min(u32::MAX - 1));
            Fact::ScheduleResumed { number: a, id: schedule, next }
        }
        14 => Fact::WebhookPut(Box::new(WebhookPut {
            number: a,
            id: webhook(id),
            url: name.unwrap_or_default(),
            filter: WebhookFilter {
                kinds: EventKinds::of(DELIVERED_KINDS.into_iter().filter(|kind| kind.len() as u64 % 7 == a % 7))
                    .unwrap(),
                coins: [small, c as u16][..usize::from(small % 3)].into(),
                prefix: words.reference.as_deref().filter(|text| !text.is_empty()).map(Into::into),
                crossed: created,
            },
            batch: c as u16,
            secret: secret(c),
            brought: created,
            from_event: Some(c).filter(|from| *from > 0 && created),
            through: b,
            created: c.is_multiple_of(2),
        })),
        15 => Fact::WebhookDeleted { number: a, id: webhook(id) },
        16 => {
            let whys = [WebhookOff::Requested, WebhookOff::Gone, WebhookOff::Failing];
            let since = Some(b).filter(|since| *since > 0);
            let change = match small % 6 {
                0 => WebhookChange::Progress { since: b, through: c },
                1 => WebhookChange::Failing { since: b },
                2 => WebhookChange::Disable { why: whys[c as usize % 3], since },
                3 => WebhookChange::Enable,
                4 => WebhookChange::Redeliver { from_event: b },
                _ => match secret(c) {
                    Some(secret) => WebhookChange::Rotate { secret, brought: created, keep_s: c as u32 },
                    None => WebhookChange::Enable,
                },
            };
            Fact::WebhookChanged { number: a, id: webhook(id), change }
        }
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
        plan in plan(), by in any::<u16>(), at in any::<i64>(), number in any::<u64>(),
    ) {
        let ledger = Ledger::new(SEED);
        let key = words.key.as_deref().map(|text| ledger.hashed_key(text));
        let (metadata, reference) = (words.metadata.as_deref(), words.reference.as_deref());
        for fact in [Fact::Moved(movement), other(which, &words, numbers, entry, plan)] {
            let event = Event { number, at, by, key, metadata, reference, fact };
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
        kind in 0..30u8, flags in any::<u8>(), rest in any::<[u8; 24]>(),
        sections in proptest::collection::vec((0..16u8, proptest::collection::vec(0..8u8, 0..60)), 0..6),
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

//! Rules 18 to 20: asking again under an idempotency key.

use crate::bench::Bench;
use crate::request::{Ask, Hook, Op, secret};
use tocos_ledger::{Decision, Excess, Marks, Mode, Refusal, Right, Taking, Until, WebhookChange};

/// Something of everything: user `ana` with coins, `bob` and `shop`, and an open hold.
fn furnished() -> (Bench, u64) {
    let mut ledger = Bench::with(&["ana", "bob", "shop"]);
    ledger.coin("gem", 0).done();
    ledger.grant("ana", 1_000).done();
    ledger.grant("ana", 1_000).coin("gem").done();
    let hold = ledger.hold("ana", 100).done().event;
    ledger.create_key("ci", Right::Read).done();
    ledger.webhook("shop").done();
    ledger.webhook("old").done();
    (ledger, hold)
}

/// A request under a key, and the same with one field after the other changed, in the order of the API.
struct Row {
    op: Op,
    changed: Vec<(&'static str, Op)>,
}

/// `row!(Op::Spend { .. }, amount: 7 => "amount", ...)`: the request, and what each change is called.
macro_rules! row {
    ($variant:ident { $($field:ident : $value:expr),* $(,)? }, $($changed:ident : $other:expr => $name:literal),* $(,)?) => {{
        let op = Op::$variant { $($field: $value),* };
        let changed = vec![$({
            let mut other = op.clone();
            if let Op::$variant { $changed, .. } = &mut other {
                *$changed = $other;
            }
            ($name, other)
        }),*];
        Row { op, changed }
    }};
}

fn rows(hold: u64) -> Vec<Row> {
    let expiring = Marks { expires_at: Some(i64::MAX - 1), ..Marks::PLAIN };
    let (ana, toco, shop) = (|| "ana".to_owned(), || "toco".to_owned(), || Some("shop".to_owned()));
    let mut rows = vec![
        row!(PutUser { user: "eve".into(), name: None }, user: ana() => "user", name: Some("Eve".into()) => "name"),
        row!(PutCoin { coin: toco(), decimals: 2 }, coin: "gem".into() => "coin", decimals: 3 => "decimals"),
        row!(PutLimits { user: ana(), coin: toco(), floor: -5, ceiling: 5_000, frozen: false },
            user: "bob".into() => "user", coin: "gem".into() => "coin", floor: 0 => "floor",
            ceiling: 6_000 => "ceiling", frozen: true => "frozen"),
        row!(Grant { user: ana(), coin: toco(), amount: 5, marks: Marks::PLAIN, lot: false },
            user: "bob".into() => "user", coin: "gem".into() => "coin", amount: 6 => "amount",
            marks: expiring => "expires_at", marks: Marks { priority: 9, ..Marks::PLAIN } => "priority",
            marks: Marks { category: tocos_ledger::Category::Promotional, ..Marks::PLAIN } => "category",
            lot: true => "lot"),
        row!(Spend { user: ana(), coin: toco(), amount: 5, to: shop(), mode: Mode::Exact },
            user: "bob".into() => "user", coin: "gem".into() => "coin", amount: 6 => "amount",
            to: None => "to", to: Some("nobody".into()) => "to", mode: Mode::UpTo => "mode"),
        row!(Spend { user: ana(), coin: toco(), amount: 5_000, to: None, mode: Mode::UpTo },
            amount: 4_999 => "amount", to: shop() => "to", mode: Mode::Exact => "mode"),
        row!(Transfer { from: "shop".into(), to: "bob".into(), coin: toco(), amount: 5 },
            from: ana() => "from", to: ana() => "to", coin: "gem".into() => "coin", amount: 6 => "amount"),
    ];
    rows.extend(rows_of_holds(hold));
    rows
}

fn rotate(byte: u8, brought: bool, keep_s: u32) -> WebhookChange {
    WebhookChange::Rotate { secret: secret(byte), brought, keep_s }
}

fn webhook_row() -> Row {
    let op = Hook {
        id: "shop".into(),
        url: "https://example.com/".into(),
        kinds: vec!["grant"],
        coins: vec!["toco".into()],
        prefix: None,
        crossed: false,
        batch: 1,
        secret: None,
        from_event: None,
    };
    type Change = (&'static str, fn(&mut Hook));
    let changes: [Change; 9] = [
        ("webhook", |hook| hook.id = "crm".into()),
        ("url", |hook| hook.url = "https://example.org/".into()),
        ("kinds", |hook| hook.kinds = vec!["spend"]),
        ("coins", |hook| hook.coins = vec!["toco".into(), "gem".into()]),
        ("user_prefix", |hook| hook.prefix = Some("a".into())),
        ("crossed_only", |hook| hook.crossed = true),
        ("batch", |hook| hook.batch = 2),
        ("secret", |hook| hook.secret = Some(secret(1))),
        ("from_event", |hook| hook.from_event = Some(1)),
    ];
    let changed = changes.map(|(field, change)| {
        let mut other = op.clone();
        change(&mut other);
        (field, Op::PutWebhook(other))
    });
    Row { op: Op::PutWebhook(op), changed: changed.into() }
}

fn rows_of_holds(hold: u64) -> Vec<Row> {
    let (ana, gem) = (|| "ana".to_owned(), || "gem".to_owned());
    let later = Until::At(crate::request::START + crate::request::seconds(600));
    vec![
        row!(Hold { user: ana(), coin: gem(), amount: 5, until: Until::InSeconds(60), to: None },
            user: "bob".into() => "user", coin: "toco".into() => "coin", amount: 6 => "amount",
            until: Until::InSeconds(61) => "timeout_s", until: later => "expires_at", to: Some("shop".into()) => "to"),
        row!(Hold { user: ana(), coin: gem(), amount: 5, until: later, to: Some("shop".into()) },
            until: Until::InSeconds(600) => "timeout_s", until: Until::At(1) => "expires_at", to: None => "to"),
        row!(Extend { hold: hold, expires_at: crate::request::START + crate::request::seconds(2_000) },
            hold: 1 => "hold", expires_at: crate::request::START => "expires_at"),
        row!(Capture { hold: hold, amount: Some(5), last: false, excess: Excess::Reject },
            hold: 1 => "hold", amount: None => "amount", amount: Some(6) => "amount", last: true => "final",
            excess: Excess::TakeAvailable => "excess"),
        row!(Release { hold: hold }, hold: 1 => "hold"),
        row!(Reverse { event: 5, amount: Some(5), renew_expires_at: None, taking: Taking::default() },
            event: 6 => "event", amount: None => "amount", renew_expires_at: Some(i64::MAX) => "renew_expires_at",
            taking: Taking { mode: Mode::UpTo, debt: true } => "mode", taking: Taking { mode: Mode::Exact, debt: true } => "debt"),
        row!(CreateKey { name: "ci".into(), right: Right::Read, expires_at: None },
            name: "cd".into() => "name", right: Right::Admin => "right", expires_at: Some(i64::MAX) => "expires_at"),
        row!(RevokeKey { id: 1 }, id: 2 => "id"),
        row!(DeleteWebhook { webhook: "old".into() }, webhook: "shop".into() => "webhook"),
        row!(ChangeWebhook { webhook: "shop".into(), change: WebhookChange::Enable },
            webhook: "old".into() => "webhook", change: WebhookChange::Redeliver { from_event: 1 } => "op"),
        row!(ChangeWebhook { webhook: "shop".into(), change: WebhookChange::Redeliver { from_event: 1 } },
            change: WebhookChange::Redeliver { from_event: 2 } => "from_event"),
        row!(ChangeWebhook { webhook: "shop".into(), change: rotate(3, true, 60) },
            change: rotate(4, true, 60) => "secret", change: rotate(3, false, 60) => "secret",
            change: rotate(3, true, 61) => "keep_s"),
        webhook_row(),
        row!(CloseUser { user: "eve".into() }, user: ana() => "user"),
    ]
}

#[test]
fn r18_asked_again_with_the_same_request_an_operation_is_not_done_again() {
    let (mut ledger, hold) = furnished();
    for (number, row) in rows(hold).into_iter().enumerate() {
        let metadata = Some(r#"{"order":"17"}"#.to_owned());
        let ask = Ask { op: row.op, key: Some(format!("key {number}")), metadata, reference: None };
        let first = ledger.ask(&ask).unwrap_or_else(|refusal| panic!("{ask:?}: {refusal}"));
        let blocks = ledger.blocks();
        let again = ledger.ask(&ask).unwrap();
        assert!(again.replayed && !first.replayed, "{ask:?}");
        assert_eq!((again.event, &again.movement), (first.event, &first.movement));
        assert!(blocks == ledger.blocks(), "{ask:?} was done twice");
    }
}

#[test]
fn r18_another_request_under_the_key_is_refused_with_the_first_field_that_differs() {
    let (mut ledger, hold) = furnished();
    for (number, row) in rows(hold).into_iter().enumerate() {
        let key = Some(format!("key {number}"));
        let ask = Ask { op: row.op, key: key.clone(), metadata: None, reference: None };
        let event = ledger.ask(&ask).unwrap_or_else(|refusal| panic!("{ask:?}: {refusal}")).event;
        for (field, op) in row.changed {
            let other = Ask { op, key: key.clone(), metadata: Some("{}".into()), reference: None };
            let refusal = ledger.ask(&other).unwrap_err();
            assert_eq!(refusal, Refusal::IdempotencyKeyReused { field, event }, "{other:?} after {ask:?}");
        }
    }
}

#[test]
fn r18_a_replayed_key_whose_request_differs_only_in_metadata_is_refused_for_metadata() {
    let mut ledger = Bench::with(&["ana"]);
    let event = ledger.grant("ana", 5).key("one").metadata(r#"{"order":"17"}"#).done().event;
    for asking in [
        ledger.grant("ana", 5).key("one").metadata(r#"{"order":"18"}"#).refused(),
        ledger.grant("ana", 5).key("one").refused(),
    ] {
        assert_eq!(asking, Refusal::IdempotencyKeyReused { field: "metadata", event });
    }
    assert!(ledger.grant("ana", 5).key("one").metadata(r#"{"order":"17"}"#).done().replayed);
}

#[test]
fn r18_another_operation_under_the_key_is_refused_for_op() {
    let mut ledger = Bench::with(&["ana"]);
    let event = ledger.grant("ana", 5).key("one").done().event;
    let refusal = ledger.spend("ana", 5).key("one").refused();
    assert_eq!(refusal, Refusal::IdempotencyKeyReused { field: "op", event });
}

#[test]
fn r18_a_key_outlives_what_it_did_and_names_it_for_good() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.grant("ana", 5).done();
    let event = ledger.transfer("ana", "bob", 5).key("one").done().event;
    // By now it could not be done again: ana has nothing, bob is closed.
    ledger.spend("bob", 5).done();
    ledger.close("bob").done();
    let again = ledger.pass(1_000_000).transfer("ana", "bob", 5).key("one").done();
    assert_eq!((again.event, again.replayed), (event, true));
}

#[test]
fn r18_a_grant_without_marks_and_one_with_the_defaults_are_one_request() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 5).key("one").done();
    assert!(ledger.grant("ana", 5).priority(50).key("one").done().replayed);
}

#[test]
fn r18_a_key_is_1_to_255_printable_ascii_characters() {
    let mut ledger = Bench::with(&["ana"]);
    for key in ["", "tab\there", "schlüssel", &"k".repeat(256), "\u{7f}"] {
        ledger.grant("ana", 1).key(key).refused_for("idempotency_key");
    }
    ledger.grant("ana", 1).key(&"k".repeat(255)).done();
    ledger.grant("ana", 1).key(" ~!").done();
}

#[test]
fn r18_a_key_with_the_same_hash_but_another_text_is_not_the_same_key() {
    let mut ledger = Bench::with(&["ana"]);
    let event = ledger.grant("ana", 5).key("one").done().event;
    // As if "two" had the hash of "one": the log knows better.
    ledger.ledger.remember(ledger.ledger.hashed_key("two").hash, event);
    let refusal = ledger.grant("ana", 5).key("two").refused();
    assert_eq!(refusal, Refusal::IdempotencyKeyReused { field: "idempotency_key", event });
}

#[test]
fn r19_a_refused_operation_does_not_use_up_its_key() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.spend("ana", 5).key("one").refused_as("insufficient_funds");
    ledger.grant("ana", 5).done();
    assert!(!ledger.spend("ana", 5).key("one").done().replayed);
    assert!(ledger.spend("ana", 5).key("one").done().replayed);
    ledger.spend("ana", 6).key("two").refused_as("insufficient_funds");
    ledger.grant("ana", 1).key("two").done();
}

#[test]
fn r20_of_two_requests_with_one_key_one_is_applied_and_the_other_gets_its_answer() {
    let mut bench = Bench::with(&["ana"]);
    let ask = Ask {
        key: Some("one".into()),
        ..Ask::of(Op::CreateKey { name: "ci".into(), right: Right::Read, expires_at: None })
    };
    let request = ask.request(None);
    let Ok(Decision::Do(event)) = bench.ledger.decide(&request, bench.now) else { panic!("the first is done") };
    bench.ledger.apply(&event).unwrap();
    // Before anything is written: the second of the same batch finds the first.
    assert_eq!(bench.ledger.decide(&request, bench.now), Ok(Decision::Known(event.number)));
    assert_eq!(event.same_request(&request, bench.ledger.state()), Ok(()));
}

//! Rule 36: webhooks, which events they get, and how far that has come.

use crate::bench::Bench;
use crate::request::{FRESH, secret};
use tocos_ledger::{
    SpendLimit, WEBHOOKS_MAX, Webhook, WebhookChange, WebhookFilter, WebhookOff, WebhookSecret, Window,
};

fn hook(ledger: &Bench, id: &str) -> Webhook {
    Webhook::clone(ledger.ledger.state().webhook(id).unwrap())
}

/// The numbers of the events that a webhook gets.
fn got(ledger: &Bench, filter: &WebhookFilter) -> Vec<u64> {
    let state = ledger.ledger.state();
    (1..=ledger.last_event()).filter(|number| filter.wants(&ledger.event(*number), state)).collect()
}

fn filter(ledger: &mut Bench, change: impl FnOnce(&mut crate::request::Hook)) -> WebhookFilter {
    ledger.webhook("filter").with(change).done();
    hook(ledger, "filter").filter
}

#[test]
fn r36_a_new_webhook_gets_what_comes_after_it_or_from_the_event_that_it_names() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 5).done();
    let made = ledger.webhook("shop").done().event;
    assert_eq!((hook(&ledger, "shop").through, hook(&ledger, "shop").since), (made, made));
    ledger.webhook("all").with(|hook| hook.from_event = Some(1)).done();
    assert_eq!(hook(&ledger, "all").through, 0);
    let next = ledger.last_event() + 1;
    ledger.webhook("next").with(|hook| hook.from_event = Some(next)).done();
    assert_eq!(hook(&ledger, "next").through, next - 1);
    ledger.webhook("later").with(|hook| hook.from_event = Some(next + 2)).refused_as("event_not_found");
    ledger.webhook("zero").with(|hook| hook.from_event = Some(0)).refused_as("event_not_found");
}

#[test]
fn r36_put_again_it_goes_on_where_it_is_switched_off_as_it_is() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.webhook("shop").with(|hook| hook.from_event = Some(1)).done();
    let since = hook(&ledger, "shop").since;
    ledger.change_webhook("shop", WebhookChange::Progress { since, through: 1 }).done();
    ledger.change_webhook("shop", WebhookChange::Disable { why: WebhookOff::Requested, since: None }).done();
    let url = "https://example.org/other?a=b";
    ledger.webhook("shop").with(|hook| (hook.url, hook.batch, hook.from_event) = (url.into(), 50, Some(1))).done();
    let shop = hook(&ledger, "shop");
    assert_eq!((&*shop.url, shop.batch, shop.through, shop.since), (url, 50, 1, since));
    assert_eq!(shop.off, Some((WebhookOff::Requested, ledger.now)));
    assert_eq!(shop.secret, secret(FRESH), "it keeps its secret");
}

#[test]
fn r36_bad_input_is_refused_with_its_field() {
    let mut ledger = Bench::with(&["ana"]);
    let long = format!("https://example.com/{}", "a".repeat(2_048));
    for url in [
        "",
        "example.com",
        "ftp://example.com/",
        "HTTPS://example.com/",
        "https://",
        "https:///path",
        "https://:443/",
        "https://ana:secret@example.com/",
        "https://ana@example.com",
        "https://example.com/#part",
        "https://example.com/a b",
        "https://example.com/ä",
        "https://example.com\\@127.0.0.1/",
        &long,
    ] {
        ledger.webhook("shop").with(|hook| hook.url = url.into()).refused_for("url");
    }
    for url in ["https://example.com", "http://a.example:8080/x?y=a@b", "https://[2001:db8::1]/"] {
        ledger.webhook("fine").with(|hook| hook.url = url.into()).done();
    }
    for id in ["", "a.b", "a b", "ä", "a/b", &"a".repeat(65)] {
        ledger.webhook(id).refused_for("webhook");
    }
    ledger.webhook(&"a".repeat(64)).done();
    for batch in [0, 101] {
        ledger.webhook("shop").with(|hook| hook.batch = batch).refused_for("batch");
    }
    ledger.webhook("shop").with(|hook| hook.coins = vec!["toco".into(); 51]).refused_for("coins");
    ledger.webhook("shop").with(|hook| hook.coins = vec!["none".into()]).refused_as("coin_not_found");
    ledger.webhook("shop").about("").refused_for("user_prefix");
    ledger.webhook("shop").about(&"a".repeat(513)).refused_for("user_prefix");
    let rotate = WebhookChange::Rotate { secret: secret(1), brought: true, keep_s: 30 * 86_400 + 1 };
    ledger.change_webhook("fine", rotate).refused_for("keep_s");
    assert!(tocos_ledger::EventKinds::of(["grant", "webhook_progress"]).is_err());
    assert!(tocos_ledger::EventKinds::of(["grants"]).is_err());
    for length in [0, 23, 65] {
        assert!(WebhookSecret::new(&vec![1; length]).is_none(), "{length} bytes");
    }
}

#[test]
fn r36_there_are_at_most_a_hundred() {
    let mut ledger = Bench::with(&["ana"]);
    for number in 0..WEBHOOKS_MAX {
        ledger.webhook(&format!("hook-{number}")).done();
    }
    ledger.webhook("one-more").refused_for("webhook");
    ledger.webhook("hook-7").done();
    ledger.delete_webhook("hook-7").done();
    ledger.webhook("one-more").done();
}

#[test]
fn r36_what_is_not_there_can_be_neither_changed_nor_deleted() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.delete_webhook("shop").refused_as("webhook_not_found");
    ledger.change_webhook("shop", WebhookChange::Enable).refused_as("webhook_not_found");
    ledger.webhook("shop").done();
    ledger.delete_webhook("shop").done();
    ledger.delete_webhook("shop").refused_as("webhook_not_found");
}

#[test]
fn r36_filters_hold_together_and_go_by_what_an_event_names() {
    let mut ledger = Bench::with(&["ana", "bob", "anton"]);
    ledger.coin("gem", 0).done();
    let gems = ledger.grant("bob", 5).coin("gem").done().event;
    let grant = ledger.grant("ana", 50).done().event;
    let gift = ledger.transfer("ana", "bob", 5).done().event;
    let hold = ledger.hold("bob", 2).to("anton").done().event;
    let extended = ledger.extend(hold, 2_000).done().event;
    let key = ledger.create_key("ci", tocos_ledger::Right::Read).done().event;
    ledger.thresholds(None, Some(&[20])).done();
    let limit = Some(SpendLimit { amount: 500, per: Window::Day });
    let limited = ledger.spend_limit(Some("ana"), limit).done().event;
    let crossing = ledger.spend("ana", 30).done().event;
    let all = filter(&mut ledger, |_| {});
    let before = hook(&ledger, "filter").number;
    assert_eq!(got(&ledger, &all), (1..before).collect::<Vec<_>>(), "all, but none about webhooks");

    let of_ana = filter(&mut ledger, |hook| hook.prefix = Some("ana".into()));
    assert_eq!(got(&ledger, &of_ana), [1, grant, gift, limited, crossing]);
    let of_an = filter(&mut ledger, |hook| (hook.prefix, hook.kinds) = (Some("an".into()), vec!["user", "hold"]));
    assert_eq!(got(&ledger, &of_an), [1, 3, hold], "the payee of a hold is named too");
    let of_bob = filter(&mut ledger, |hook| (hook.prefix, hook.coins) = (Some("bob".into()), vec!["toco".into()]));
    assert_eq!(got(&ledger, &of_bob), [gift, hold, extended]);
    let of_gems = filter(&mut ledger, |hook| hook.coins = vec!["gem".into(), "gem".into()]);
    assert_eq!(got(&ledger, &of_gems), [gems - 1, gems]);
    assert_eq!(of_gems.coins.len(), 1);
    let crossings = filter(&mut ledger, |hook| hook.crossed = true);
    assert_eq!(got(&ledger, &crossings), [crossing]);
    let keys = filter(&mut ledger, |hook| hook.kinds = vec!["key", "key_revoked"]);
    assert_eq!(got(&ledger, &keys), [key]);
}

#[test]
fn r36_events_about_webhooks_are_delivered_where_they_are_named_and_progress_never() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.webhook("shop").done();
    let since = ledger.last_event();
    let failing = ledger.change_webhook("shop", WebhookChange::Failing { since }).done().event;
    ledger.change_webhook("shop", WebhookChange::Progress { since, through: failing }).done();
    let why = WebhookOff::Failing;
    let off = ledger.change_webhook("shop", WebhookChange::Disable { why, since: Some(since) }).done().event;
    let all = filter(&mut ledger, |hook| hook.kinds = tocos_ledger::DELIVERED_KINDS.to_vec());
    assert_eq!(got(&ledger, &all), [1, 2, failing, off, off + 1]);
}

#[test]
fn r36_progress_goes_ahead_and_counts_only_for_where_deliveries_began() {
    let mut ledger = Bench::with(&["ana"]);
    let since = ledger.webhook("shop").with(|hook| hook.from_event = Some(1)).done().event;
    let progress = |since, through| WebhookChange::Progress { since, through };
    ledger.change_webhook("shop", progress(since, 2)).done();
    assert_eq!(hook(&ledger, "shop").through, 2);
    ledger.change_webhook("shop", progress(since, 2)).refused_for("through");
    let beyond = ledger.last_event() + 1;
    ledger.change_webhook("shop", progress(since, beyond)).refused_for("through");
    let again = ledger.change_webhook("shop", WebhookChange::Redeliver { from_event: 1 }).done().event;
    assert_eq!((hook(&ledger, "shop").through, hook(&ledger, "shop").since), (0, again));
    ledger.change_webhook("shop", progress(since, 3)).refused_for("since");
    ledger.change_webhook("shop", WebhookChange::Failing { since }).refused_for("since");
    let off = WebhookChange::Disable { why: WebhookOff::Gone, since: Some(since) };
    ledger.change_webhook("shop", off).refused_for("since");
    ledger.change_webhook("shop", progress(again, 3)).done();
    // A webhook of the same id is another one.
    ledger.delete_webhook("shop").done();
    ledger.webhook("shop").done();
    ledger.change_webhook("shop", progress(again, 4)).refused_for("since");
    ledger.change_webhook("shop", WebhookChange::Redeliver { from_event: 0 }).refused_as("event_not_found");
    let skipping = ledger.last_event() + 1;
    ledger.change_webhook("shop", WebhookChange::Redeliver { from_event: skipping + 1 }).refused_as("event_not_found");
    ledger.change_webhook("shop", WebhookChange::Redeliver { from_event: skipping }).done();
    assert_eq!(hook(&ledger, "shop").through, skipping - 1);
}

#[test]
fn r36_switched_off_it_stays_where_it_is_and_enabled_it_goes_on_there() {
    let mut ledger = Bench::with(&["ana"]);
    let since = ledger.webhook("shop").with(|hook| hook.from_event = Some(1)).done().event;
    ledger.change_webhook("shop", WebhookChange::Failing { since }).done();
    let failing_since = hook(&ledger, "shop").failing_since;
    assert_eq!(failing_since, Some(ledger.now));
    ledger.pass(60).change_webhook("shop", WebhookChange::Progress { since, through: 1 }).done();
    assert_eq!(hook(&ledger, "shop").failing_since, None, "a delivery ends it");
    let off = WebhookChange::Disable { why: WebhookOff::Failing, since: Some(since) };
    ledger.change_webhook("shop", off).done();
    ledger.change_webhook("shop", off).refused_for("webhook");
    let enabled = ledger.change_webhook("shop", WebhookChange::Enable).done().event;
    let shop = hook(&ledger, "shop");
    assert_eq!((shop.off, shop.through, shop.since), (None, 1, enabled));
}

#[test]
fn r36_a_secret_that_was_replaced_signs_for_a_while_beside_the_new_one() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.webhook("shop").with(|hook| hook.secret = Some(secret(1))).done();
    let signing =
        |ledger: &Bench| hook(ledger, "shop").signing(ledger.now).map(|secret| secret.bytes()[0]).collect::<Vec<_>>();
    assert_eq!(signing(&ledger), [1]);
    let rotate = |byte, keep_s| WebhookChange::Rotate { secret: secret(byte), brought: false, keep_s };
    ledger.change_webhook("shop", rotate(2, 60)).done();
    assert_eq!(signing(&ledger), [2, 1]);
    ledger.pass(59);
    assert_eq!(signing(&ledger), [2, 1]);
    ledger.pass(1);
    assert_eq!(signing(&ledger), [2]);
    ledger.change_webhook("shop", rotate(3, 60)).done();
    ledger.change_webhook("shop", rotate(4, 0)).done();
    assert_eq!(signing(&ledger), [4], "at once, as after a leak");
    // Put with another secret it is kept for a day; put with the same one nothing changes.
    ledger.webhook("shop").with(|hook| hook.secret = Some(secret(5))).done();
    ledger.webhook("shop").with(|hook| hook.secret = Some(secret(5))).done();
    assert_eq!(signing(&ledger), [5, 4]);
    ledger.pass(86_400);
    assert_eq!(signing(&ledger), [5]);
    assert!(!format!("{:?}", hook(&ledger, "shop")).contains("5, 5, 5"), "a secret is never shown");
}

#[test]
fn r36_webhooks_come_back_from_a_snapshot_and_from_the_log() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.coin("gem", 0).done();
    let since = ledger.webhook("shop").about("an").with(|hook| hook.coins = vec!["gem".into()]).done().event;
    ledger.webhook("crm").with(|hook| (hook.kinds, hook.crossed) = (vec!["webhook_failing", "spend"], true)).done();
    ledger.change_webhook("shop", WebhookChange::Failing { since }).done();
    let rotate = WebhookChange::Rotate { secret: secret(2), brought: true, keep_s: 60 };
    ledger.change_webhook("crm", rotate).done();
    ledger.change_webhook("crm", WebhookChange::Disable { why: WebhookOff::Gone, since: None }).done();
    let expected = [hook(&ledger, "crm"), hook(&ledger, "shop")];
    let blocks = ledger.blocks().into_iter().map(Ok::<_, tocos_ledger::SnapshotError>);
    let again = tocos_ledger::Ledger::from_blocks(crate::bench::SEED, blocks).unwrap();
    assert_eq!(again.state().webhooks().map(|hook| Webhook::clone(hook)).collect::<Vec<_>>(), expected);
    let mut replayed = tocos_ledger::Ledger::new(crate::bench::SEED);
    for number in 1..=ledger.last_event() {
        replayed.apply(&ledger.event(number)).unwrap();
    }
    assert_eq!(replayed.state().webhooks().map(|hook| Webhook::clone(hook)).collect::<Vec<_>>(), expected);
}

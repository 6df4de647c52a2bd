//! A ledger in which everything has happened once.

use crate::bench::Bench;
use crate::request::secret;
use tocos_ledger::{Lasting, SpendLimit, WebhookChange, WebhookOff, Window};

/// A ledger with something of everything, and open holds 1 and 2 of it.
pub(crate) fn furnished() -> (Bench, u64, u64) {
    let mut ledger = Bench::with(&["ana", "bob", "shop"]);
    ledger.grant("ana", 100).key("before").done();
    ledger.grant("ana", 50).expires_in(60).done();
    let first = ledger.hold("ana", 30).timeout_s(120).to("shop").done().event;
    let second = ledger.hold("ana", 30).timeout_s(180).done().event;
    (ledger, first, second)
}

/// One of each kind of operation.
pub(crate) fn do_everything(ledger: &mut Bench, first: u64, second: u64) {
    ledger.user("cem").named("Cem").key("within").done();
    ledger.user("ana").named("Ana").metadata("{}").done();
    ledger.coin("gem", 2).done();
    ledger.coin("toco", 3).done();
    ledger.grant("cem", 5).coin("gem").expires_in(60).done();
    ledger.grant("bob", 5).expires_in(90).key("within too").done();
    ledger.limits("bob").floor(-50).frozen().done();
    ledger.limits("bob").floor(-50).done();
    ledger.thresholds(None, Some(&[50, 20])).done();
    ledger.thresholds(Some("bob"), Some(&[-20, -25])).done();
    ledger.spend_limit(Some("bob"), Some(SpendLimit { amount: 500, per: Window::Hours(5) })).done();
    ledger.spend_limit(None, Some(SpendLimit { amount: 5_000, per: Window::Month })).done();
    let spent = ledger.spend("bob", 30).done().event;
    ledger.transfer("ana", "cem", 10).done();
    ledger.capture(first).only(10).not_last().done();
    ledger.extend(second, 600).done();
    ledger.release(second).done();
    ledger.hold("ana", 1).timeout_s(5).done();
    ledger.reverse(spent).only(7).done();
    ledger.close("shop").refused_as("user_not_empty");
    ledger.spend("shop", 10).done();
    ledger.capture(first).done();
    ledger.schedule("plan", "ana", 20).daily().at_next().rollover(5, Lasting::Never).done();
    ledger.pause("plan").done();
    ledger.resume("plan").done();
    // What its first occurrence granted goes on at this one.
    let soon = ledger.in_seconds(30);
    ledger.schedule("plan", "ana", 20).daily().at_next().rollover(5, Lasting::Never).anchor(soon).done();
    ledger.schedule("once", "bob", 3).key("within as well").done();
    ledger.schedule("extra", "cem", 3).coin("gem").monthly().occurrences(2).done();
    ledger.end_schedule("extra").done();
    ledger.webhook("shop").about("ana").key("within likewise").done();
    ledger.webhook("gone").done();
    ledger.change_webhook("shop", WebhookChange::Rotate { secret: secret(9), brought: false, keep_s: 600 }).done();
    ledger.change_webhook("shop", WebhookChange::Redeliver { from_event: 3 }).done();
    let since = ledger.last_event();
    ledger.change_webhook("shop", WebhookChange::Progress { since, through: 7 }).done();
    ledger.change_webhook("shop", WebhookChange::Failing { since }).done();
    ledger.change_webhook("shop", WebhookChange::Disable { why: WebhookOff::Gone, since: Some(since) }).done();
    ledger.change_webhook("shop", WebhookChange::Enable).done();
    ledger.delete_webhook("gone").done();
    ledger.create_key("ci", tocos_ledger::Right::Admin).done();
    ledger.revoke_key(1).done();
    ledger.user("dia").done();
    ledger.close("dia").done();
}

/// A ledger with an event of every kind in its log.
pub(crate) fn with_everything() -> Bench {
    let (mut ledger, first, second) = furnished();
    do_everything(&mut ledger, first, second);
    ledger.grant("bob", 100).done();
    let lot = ledger.grant("bob", 40).expires_in(30).priority(3).promotional().done().event;
    ledger.hold("bob", 20).timeout_s(20).done();
    let kept = ledger.hold("bob", 20).timeout_s(600).to("ana").done().event;
    let paid = ledger.spend("bob", 5).to("ana").up_to().done().event;
    ledger.pass(60).lead(3, "node-b.2");
    ledger.sweep();
    ledger.capture(kept).only(30).take_available().done();
    ledger.reverse(paid).renewed_for(60).done();
    ledger.reverse(lot).refused_as("insufficient_funds");
    for _ in 0..130 {
        ledger.transfer("ana", "bob", 1).done();
        ledger.transfer("bob", "ana", 1).done();
    }
    ledger.hold("ana", 9).done();
    ledger.grant("ana", 8).expires_in(90).done();
    ledger
}

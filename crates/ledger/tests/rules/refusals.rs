//! A row for every refusal code, and for which of several is given.

use crate::bench::Bench;
use tocos_ledger::{EndedAs, Refusal, SpendLimit, Window};

/// Everything that can be refused, refused.
fn one_of_each() -> Vec<Refusal> {
    let mut ledger = Bench::with(&["ana", "bob", "closed", "frozen", "capped", "limited"]);
    ledger.spend_limit(Some("limited"), Some(SpendLimit { amount: 5, per: Window::Day })).done();
    ledger.grant("ana", 10).done();
    let hold = ledger.hold("ana", 5).done().event;
    let ended = ledger.hold("ana", 5).done().event;
    ledger.release(ended).done();
    let spent = ledger.spend("ana", 2).done().event;
    ledger.reverse(spent).done();
    ledger.close("closed").done();
    ledger.limits("frozen").frozen().done();
    ledger.limits("capped").ceiling(1).done();
    ledger.grant("bob", 1).key("one").done();
    ledger.coin("gem", 0).done();
    ledger.grant("ana", tocos_ledger::MAX_AMOUNT).coin("gem").done();
    vec![
        ledger.grant("ana", 0).refused(),
        ledger.spend("ana", 6).refused(),
        ledger.spend("nobody", 1).refused(),
        ledger.spend("ana", 1).coin("none").refused(),
        ledger.release(1).refused(),
        ledger.reverse(99).refused(),
        ledger.pause("none").refused(),
        ledger.delete_webhook("none").refused(),
        ledger.revoke_key(1).refused(),
        ledger.grant("bob", 2).key("one").refused(),
        ledger.capture(ended).refused(),
        ledger.capture(hold).only(6).refused(),
        ledger.reverse(spent).refused(),
        ledger.reverse(1).refused(),
        ledger.grant("capped", 2).refused(),
        ledger.spend("frozen", 1).refused(),
        ledger.grant("closed", 1).refused(),
        ledger.close("ana").refused(),
        ledger.grant("bob", 1).coin("gem").refused(),
        ledger.spend("limited", 6).refused(),
    ]
}

#[test]
fn every_code_has_its_case_and_they_are_all_there_are() {
    let codes: Vec<&str> = one_of_each().iter().map(Refusal::code).collect();
    let expected = [
        "invalid_request",
        "insufficient_funds",
        "user_not_found",
        "coin_not_found",
        "hold_not_found",
        "event_not_found",
        "schedule_not_found",
        "webhook_not_found",
        "key_not_found",
        "idempotency_key_reused",
        "hold_ended",
        "hold_amount_exceeded",
        "already_reversed",
        "not_reversible",
        "above_ceiling",
        "account_frozen",
        "user_closed",
        "user_not_empty",
        "supply_exhausted",
        "spend_limit_reached",
    ];
    assert_eq!(codes, expected);
}

#[test]
fn every_refusal_is_a_sentence_that_names_what_it_is_about() {
    for refusal in one_of_each() {
        let sentence = refusal.to_string();
        assert!(sentence.ends_with('.') && sentence.contains(' '), "{sentence}");
        let about = match &refusal {
            Refusal::InvalidRequest { field, .. } => (*field).to_owned(),
            Refusal::InsufficientFunds { user, .. }
            | Refusal::UserNotFound { user }
            | Refusal::AboveCeiling { user, .. }
            | Refusal::SpendLimitReached { user, .. }
            | Refusal::AccountFrozen { user, .. }
            | Refusal::UserClosed { user }
            | Refusal::UserNotEmpty { user, .. } => user.to_string(),
            Refusal::CoinNotFound { coin } | Refusal::SupplyExhausted { coin, .. } => coin.to_string(),
            Refusal::HoldNotFound { hold }
            | Refusal::HoldEnded { hold, .. }
            | Refusal::HoldAmountExceeded { hold, .. } => hold.to_string(),
            Refusal::EventNotFound { event }
            | Refusal::IdempotencyKeyReused { event, .. }
            | Refusal::AlreadyReversed { event, .. }
            | Refusal::NotReversible { event, .. } => event.to_string(),
            Refusal::ScheduleNotFound { schedule } => schedule.to_string(),
            Refusal::WebhookNotFound { webhook } => webhook.to_string(),
            Refusal::KeyNotFound { key } => key.to_string(),
        };
        assert!(sentence.contains(&about), "{sentence} does not name {about}");
    }
}

#[test]
fn the_requests_own_form_comes_before_everything() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 1).key("one").done();
    ledger.grant("nobody", 0).coin("none").refused_for("amount");
    ledger.grant("ana", 0).key("one").refused_for("amount");
    ledger.transfer("nobody", "nobody", 1).refused_for("to");
    ledger.grant("ana", 1).key("").refused_for("idempotency_key");
    ledger.limits("nobody").floor(1).refused_for("floor");
    ledger.capture(99).only(0).refused_for("amount");
}

#[test]
fn a_known_key_comes_before_what_the_request_names() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 1).key("one").done();
    ledger.grant("nobody", 1).key("one").refused_as("idempotency_key_reused");
    ledger.spend("ana", 99).key("one").refused_as("idempotency_key_reused");
}

#[test]
fn what_it_names_exists_comes_before_open_and_users_before_coins() {
    let mut ledger = Bench::with(&["ana", "closed"]);
    ledger.close("closed").done();
    let user = |user: &str| Refusal::UserNotFound { user: user.into() };
    assert_eq!(ledger.transfer("nobody", "none", 1).coin("none").refused(), user("nobody"));
    assert_eq!(ledger.transfer("closed", "nobody", 1).coin("none").refused(), user("nobody"));
    assert_eq!(ledger.spend("closed", 1).to("nobody").coin("none").refused(), user("nobody"));
    assert_eq!(ledger.hold("closed", 1).to("nobody").coin("none").refused(), user("nobody"));
    ledger.grant("closed", 1).coin("none").refused_as("coin_not_found");
    ledger.transfer("ana", "closed", 1).coin("none").refused_as("coin_not_found");
    ledger.limits("closed").coin("none").refused_as("coin_not_found");
}

#[test]
fn open_comes_before_frozen_and_frozen_before_time() {
    let mut ledger = Bench::with(&["ana", "closed"]);
    ledger.close("closed").done();
    let granted = ledger.grant("ana", 10).done().event;
    let given = ledger.spend("ana", 5).done().event;
    ledger.limits("ana").frozen().done();
    ledger.transfer("ana", "closed", 1).refused_as("user_closed");
    ledger.spend("ana", 1).to("closed").refused_as("user_closed");
    ledger.hold("ana", 1).to("closed").timeout_s(0).refused_as("user_closed");
    ledger.hold("ana", 1).timeout_s(0).refused_as("account_frozen");
    ledger.grant("closed", 1).expires_in(-5).refused_as("user_closed");
    ledger.reverse(granted).renewed_for(-5).refused_as("account_frozen");
    ledger.reverse(given).renewed_for(-5).refused_for("renew_expires_at");
}

#[test]
fn a_hold_that_has_ended_comes_before_who_is_closed_or_frozen() {
    let mut ledger = Bench::with(&["ana", "shop"]);
    ledger.grant("ana", 10).done();
    let hold = ledger.hold("ana", 5).to("shop").done().event;
    let open = ledger.hold("ana", 5).to("shop").done().event;
    ledger.release(hold).done();
    ledger.limits("ana").frozen().done();
    ledger.close("shop").done();
    assert_eq!(ledger.capture(hold).refused(), Refusal::HoldEnded { hold, ended_as: EndedAs::Released });
    ledger.capture(open).only(6).refused_as("user_closed");
}

#[test]
fn time_comes_before_funds() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.hold("ana", 99).timeout_s(0).refused_for("timeout_s");
    let hold = ledger.limits("ana").floor(-5).done().event;
    assert!(hold > 0);
    ledger.grant("ana", 99).expires_in(0).refused_for("expires_at");
}

#[test]
fn holds_and_reversals_come_before_funds_and_funds_before_the_ceiling() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.grant("ana", 10).done();
    let moved = ledger.transfer("ana", "bob", 5).done().event;
    ledger.spend("bob", 5).done();
    ledger.reverse(moved).only(6).refused_as("already_reversed");
    ledger.limits("ana").ceiling(1).done();
    ledger.reverse(moved).refused_as("insufficient_funds");
    ledger.limits("bob").ceiling(0).done();
    ledger.transfer("ana", "bob", 99).refused_as("insufficient_funds");
    ledger.transfer("ana", "bob", 1).refused_as("above_ceiling");
}

#[test]
fn the_ceiling_comes_before_the_supply() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.grant("ana", tocos_ledger::MAX_AMOUNT).done();
    ledger.limits("bob").ceiling(0).done();
    ledger.grant("bob", 1).refused_as("above_ceiling");
    ledger.limits("bob").done();
    ledger.grant("bob", 1).refused_as("supply_exhausted");
}

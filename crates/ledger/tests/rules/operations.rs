//! Rules 4 to 6 and 9: grants, spends, transfers; users, coins and limits.

use crate::bench::{Bench, Purse, System};
use tocos_ledger::{MAX_AMOUNT, NAMED_TOGETHER, Refusal, Right};

#[test]
fn r04_a_grant_with_defaults_is_plain_coins() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 30).done();
    ledger.grant("ana", 20).priority(50).done();
    assert_eq!(ledger.lots("ana"), [(0, 50)]);
}

#[test]
fn r04_any_mark_makes_a_lot_of_its_own() {
    let mut ledger = Bench::with(&["ana"]);
    let expiring = ledger.grant("ana", 1).expires_in(60).done();
    let later = ledger.grant("ana", 2).priority(51).done();
    let promotional = ledger.grant("ana", 3).promotional().done();
    let (expiring, later, promotional) = (expiring.event, later.event, promotional.event);
    assert_eq!(ledger.lots("ana"), [(expiring, 1), (promotional, 3), (later, 2)]);
}

#[test]
fn r04_a_grant_is_never_dead_on_arrival() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 1).expires_in(0).refused_for("expires_at");
    ledger.grant("ana", 1).expires_in(-1).refused_for("expires_at");
    let soonest = ledger.now + 1;
    ledger.grant("ana", 1).expires_at(soonest).done();
    ledger.grant("ana", 1).priority(100).done();
    ledger.grant("ana", 1).priority(101).refused_for("priority");
}

#[test]
fn r05_a_spend_goes_to_spent() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 50).done();
    let answer = ledger.spend("ana", 20).done();
    assert_eq!((answer.amount(), answer.lots()), (20, vec![(0, 20)]));
    assert_eq!(ledger.system(), System { issued: 50, spent: 20, expired: 0 });
}

#[test]
fn r05_spent_to_a_shop_lots_arrive_as_plain_coins() {
    let mut ledger = Bench::with(&["ana", "shop"]);
    let lot = ledger.grant("ana", 50).expires_in(60).promotional().done().event;
    let answer = ledger.spend("ana", 30).to("shop").done();
    assert_eq!(answer.lots(), [(lot, 30)], "the answer names what the payer gave");
    assert_eq!(ledger.lots("shop"), [(0, 30)]);
    ledger.pass(60).sweep();
    assert_eq!((ledger.available("ana"), ledger.available("shop")), (0, 30));
}

#[test]
fn r05_up_to_takes_what_is_there() {
    let mut ledger = Bench::with(&["ana", "shop"]);
    ledger.grant("ana", 50).done();
    assert_eq!(ledger.spend("ana", 30).up_to().done().amount(), 30);
    assert_eq!(ledger.spend("ana", 30).up_to().to("shop").done().amount(), 20);
    assert_eq!(ledger.available("shop"), 20);
}

#[test]
fn r05_up_to_with_nothing_there_takes_nothing_and_says_so() {
    let mut ledger = Bench::with(&["ana", "shop"]);
    let answer = ledger.spend("ana", 30).up_to().to("shop").done();
    assert_eq!((answer.amount(), answer.lots()), (0, vec![]));
    assert_eq!((ledger.available("ana"), ledger.available("shop")), (0, 0));
    let event = answer.event;
    ledger.reverse(event).refused_as("already_reversed");
}

#[test]
fn r05_up_to_leaves_held_coins_alone() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 50).done();
    ledger.hold("ana", 35).done();
    assert_eq!(ledger.spend("ana", 30).up_to().done().amount(), 15);
}

#[test]
fn r05_up_to_never_goes_into_debt() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.limits("ana").floor(-100).done();
    ledger.grant("ana", 10).done();
    assert_eq!(ledger.spend("ana", 30).up_to().done().amount(), 10);
    ledger.spend("ana", 30).done();
    assert_eq!(ledger.spend("ana", 30).up_to().done().amount(), 0);
    assert_eq!(ledger.available("ana"), -30);
}

#[test]
fn r05_up_to_takes_nothing_even_where_a_raised_floor_is_above_the_balance() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.limits("ana").floor(-100).done();
    ledger.spend("ana", 30).done();
    ledger.limits("ana").floor(0).done();
    assert_eq!(ledger.spend("ana", 5).up_to().done().amount(), 0);
    ledger.spend("ana", 5).refused_as("insufficient_funds");
}

#[test]
fn r06_a_transfer_keeps_the_marks_and_renews_nothing() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    let lot = ledger.grant("ana", 50).expires_in(60).priority(20).promotional().done().event;
    let answer = ledger.transfer("ana", "bob", 30).done();
    assert_eq!(answer.lots(), [(lot, 30)]);
    assert_eq!(ledger.lots("bob"), [(lot, 30)]);
    let marks = |user| ledger.account(user, "toco").unwrap().lots(ledger.now).next().unwrap().lot;
    assert_eq!(marks("ana"), marks("bob"));
    ledger.pass(60).sweep();
    assert_eq!((ledger.available("bob"), ledger.system().expired), (0, 50));
}

#[test]
fn r06_parts_of_one_lot_meet_again() {
    let mut ledger = Bench::with(&["ana", "bob", "cem"]);
    let lot = ledger.grant("ana", 50).expires_in(60).done().event;
    ledger.transfer("ana", "bob", 30).done();
    ledger.transfer("bob", "cem", 10).done();
    ledger.transfer("ana", "cem", 20).done();
    assert_eq!(ledger.lots("cem"), [(lot, 30)]);
    assert_eq!(ledger.lots("ana"), []);
}

#[test]
fn r06_from_and_to_differ() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 50).done();
    ledger.transfer("ana", "ana", 1).refused_for("to");
    ledger.spend("ana", 1).to("ana").refused_for("to");
    ledger.hold("ana", 1).to("ana").refused_for("to");
}

#[test]
fn r09_a_user_is_made_once_and_described_again() {
    let mut ledger = Bench::empty();
    ledger.user("ana").named("Ana").metadata(r#"{"plan":"pro"}"#).done();
    ledger.user("ana").named("Ana B.").done();
    let state = ledger.ledger.state();
    assert_eq!(state.user_count(), 1);
    let profile = state.profile(ledger.ledger.find_user("ana").unwrap());
    assert_eq!((profile.name.as_deref(), profile.metadata.as_deref()), (Some("Ana B."), None));
}

#[test]
fn r09_a_user_with_coins_a_hold_or_a_debt_is_not_closed() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    let granted = ledger.grant("ana", 10).done().event;
    let refusal = ledger.close("ana").refused();
    assert_eq!(refusal, Refusal::UserNotEmpty { user: "ana".into(), coin: "toco".into(), total: 10 });
    ledger.reverse(granted).done();
    ledger.limits("ana").floor(-10).done();
    let hold = ledger.hold("ana", 10).done().event;
    let refusal = ledger.close("ana").refused();
    assert_eq!(refusal, Refusal::UserNotEmpty { user: "ana".into(), coin: "toco".into(), total: 0 });
    ledger.release(hold).done();
    ledger.spend("ana", 10).done();
    ledger.close("ana").refused_as("user_not_empty");
    ledger.grant("ana", 10).done();
    ledger.close("ana").done();
}

#[test]
fn r09_a_closed_user_is_closed_for_good() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.grant("bob", 10).done();
    let paid = ledger.spend("bob", 4).to("ana").done().event;
    ledger.spend("ana", 4).done();
    ledger.close("ana").done();
    ledger.close("ana").refused_as("user_closed");
    ledger.user("ana").refused_as("user_closed");
    ledger.grant("ana", 1).refused_as("user_closed");
    ledger.spend("ana", 1).refused_as("user_closed");
    ledger.spend("bob", 1).to("ana").refused_as("user_closed");
    ledger.transfer("ana", "bob", 1).refused_as("user_closed");
    ledger.transfer("bob", "ana", 1).refused_as("user_closed");
    ledger.hold("ana", 1).refused_as("user_closed");
    ledger.hold("bob", 1).to("ana").refused_as("user_closed");
    ledger.limits("ana").refused_as("user_closed");
    ledger.reverse(paid).refused_as("user_closed");
    let ana = ledger.ledger.find_user("ana").unwrap();
    assert!(ledger.ledger.state().user(ana).closed, "a closed user can still be looked at");
}

#[test]
fn r09_a_user_whose_lots_are_as_large_as_the_debt_is_not_closed() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.limits("ana").floor(-10).done();
    ledger.spend("ana", 10).done();
    ledger.grant("ana", 10).expires_in(60).done();
    assert_eq!(ledger.balance("ana", "toco"), Purse { total: 0, held: 0, available: 0 });
    ledger.close("ana").refused_as("user_not_empty");
}

#[test]
fn r09_a_coin_is_made_once_and_its_decimals_are_for_display() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.coin("gem", 2).done();
    ledger.coin("gem", 9).done();
    ledger.coin("gem", 10).refused_for("decimals");
    let state = ledger.ledger.state();
    let coins: Vec<_> = state.coins().iter().map(|coin| (coin.code.as_str(), coin.decimals)).collect();
    assert_eq!(coins, [("toco", 0), ("gem", 9)]);
}

#[test]
fn r09_a_frozen_account_gives_nothing_and_receives() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.grant("ana", 100).done();
    ledger.grant("bob", 100).done();
    let spent = ledger.spend("ana", 10).done().event;
    let granted = ledger.grant("ana", 10).expires_in(60).done().event;
    let received = ledger.transfer("bob", "ana", 10).done().event;
    let hold = ledger.hold("ana", 10).done().event;
    let kept = ledger.hold("ana", 5).timeout_s(30).done().event;
    ledger.limits("ana").frozen().done();
    for refused in [
        ledger.spend("ana", 1).refused(),
        ledger.spend("ana", 1).up_to().refused(),
        ledger.transfer("ana", "bob", 1).refused(),
        ledger.hold("ana", 1).refused(),
        ledger.capture(hold).refused(),
        ledger.reverse(granted).refused(),
        ledger.reverse(received).refused(),
    ] {
        assert_eq!(refused, Refusal::AccountFrozen { user: "ana".into(), coin: "toco".into() });
    }
    // What others give, what comes back and what the clock does goes on.
    ledger.transfer("bob", "ana", 10).done();
    ledger.grant("ana", 10).done();
    ledger.reverse(spent).done();
    ledger.extend(hold, 1_000).done();
    ledger.release(hold).done();
    ledger.pass(60).sweep();
    assert_eq!(ledger.ledger.state().hold(kept), None);
    assert_eq!(ledger.balance("ana", "toco"), Purse { total: 130, held: 0, available: 130 });
    ledger.limits("ana").done();
    ledger.spend("ana", 130).done();
}

#[test]
fn r09_frozen_is_about_one_account() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.coin("gem", 0).done();
    ledger.grant("ana", 10).done();
    ledger.grant("ana", 10).coin("gem").done();
    ledger.limits("ana").frozen().done();
    ledger.spend("ana", 1).coin("gem").done();
    ledger.spend("ana", 1).refused_as("account_frozen");
}

#[test]
fn r09_a_floor_is_0_or_below_and_a_ceiling_0_or_above() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.limits("ana").floor(1).refused_for("floor");
    ledger.limits("ana").floor(-(MAX_AMOUNT as i64) - 1).refused_for("floor");
    ledger.limits("ana").ceiling(MAX_AMOUNT + 1).refused_for("ceiling");
    ledger.limits("ana").floor(-(MAX_AMOUNT as i64)).ceiling(0).done();
    ledger.grant("ana", 1).refused_as("above_ceiling");
}

#[test]
fn r09_names_are_checked_where_they_are_given() {
    let mut ledger = Bench::empty();
    let too_long = ["a".repeat(129), "Ж".repeat(129)];
    let none =
        ["", "@issued", ".", "..", "ana/bob", "ana?", "#1", " ana", "ana ", "ana\u{a0}", "a\u{0}b", "a\nb", "a\u{7f}"];
    // A mark in front of a letter's other form, a zero-width space, a turn of direction, a private and an unassigned one.
    let unseen = ["Z\u{307}o", "a\u{200b}b", "a\u{202e}b", "a\u{e000}b", "a\u{378}b", "a\u{2028}b", "\u{feff}ana"];
    // Drawn as nothing, though they count as letters, marks or a symbol.
    let blank = ["\u{3164}", "a\u{115f}b", "a\u{34f}b", "❤\u{fe0f}", "a\u{2800}b", "a\u{e0100}b", "\u{ffa0}x"];
    for id in none.iter().chain(&unseen).chain(&blank).copied().chain(too_long.iter().map(String::as_str)) {
        ledger.user(id).refused_for("user");
    }
    for id in [
        "ana bob",
        "Jürgen",
        "Żółć",
        "ana+1@example.com",
        "auth0|5f7c8ec7",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "...",
        "Бобан",
        "山田太郎",
        "مریم",
        "💥",
        "100%",
        "a\\b\"c'",
        "a!b",
        "a@",
        "Ж".repeat(128).as_str(),
        // The longest there are: 512 bytes.
        "💥".repeat(128).as_str(),
    ] {
        ledger.user(id).done();
    }
    ledger.user("ab\u{200d}c").refused_saying("character 3 of this one is U+200D; leave it out");
    ledger.user("xyZ\u{307}o").refused_saying("from character 3 on");
    ledger.user(&"a".repeat(128)).done();
    ledger.user("A-Z.0_9:~").done();
    for code in ["", "1up", "Toco", "a.b", "seventeen-letters"] {
        ledger.coin(code, 0).refused_for("coin");
    }
    ledger.coin("sixteen_letters-", 0).done();
    ledger.user("ana").named(&"n".repeat(257)).refused_for("name");
    ledger.user("ana").named("two\nlines").refused_for("name");
    ledger.user("ana").named("Ана 安娜").done();
    ledger.user("ana").metadata(&"m".repeat(8_193)).refused_for("metadata");
}

#[test]
fn r09_an_api_key_is_revoked_for_good() {
    let mut ledger = Bench::empty();
    ledger.create_key("ci", Right::Grant).expires_in(0).refused_for("expires_at");
    ledger.create_key("ci", Right::Grant).done();
    ledger.revoke_key(2).refused_as("key_not_found");
    ledger.revoke_key(0).refused_as("key_not_found");
    let revoked_at = ledger.now;
    ledger.revoke_key(1).done();
    ledger.pass(60).revoke_key(1).done();
    let (id, key) = ledger.ledger.state().api_keys().next().unwrap();
    assert_eq!((id, &*key.name, key.right, key.revoked_at), (1, "ci", Right::Grant, Some(revoked_at)));
}

#[test]
fn r09_the_last_event_that_named_a_user_is_known_for_each_run_of_users() {
    let mut ledger = Bench::empty();
    for number in 0..NAMED_TOGETHER + 2 {
        ledger.user(&format!("user-{number}")).done();
    }
    let naming = |ledger: &Bench| [0, 1, 2].map(|run| ledger.ledger.state().naming_event(run));
    let last = ledger.ledger.state().last_event();
    assert_eq!(naming(&ledger), [last - 2, last, 0]);
    ledger.grant("user-7", 5).done();
    ledger.close("user-8").done();
    assert_eq!(naming(&ledger), [last - 2, last, 0], "neither coins nor closing name anybody");
    let renamed = ledger.user("user-7").named("Seven").done().event;
    assert_eq!(naming(&ledger), [renamed, last, 0]);
}

//! The commands that read and write, in words and as JSON.

use std::io::{BufRead, BufReader};

use serde_json::Value;

use crate::server::Server;

/// Ana with 50 toco and 12.34 eur, Bob with nothing.
fn with_ana_and_bob() -> Server {
    let server = Server::start();
    server.cli(&["user", "put", "ana", "--name", "Ana Žofie", "--metadata", "{\"vip\":true}"]).ok();
    server.cli(&["user", "put", "bob"]).ok();
    server.cli(&["coin", "put", "eur", "--decimals", "2"]).ok();
    server.cli(&["grant", "ana", "50"]).ok();
    server.cli(&["grant", "ana", "1234", "--coin", "eur"]).ok();
    server
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn coins_move_and_the_words_say_so() {
    let server = with_ana_and_bob();
    assert_eq!(
        server.cli(&["transfer", "ana", "bob", "20"]).ok(),
        "event 6: 20 toco from ana to bob\n  ana: 30 toco\n  bob: 20 toco\n"
    );
    assert_eq!(
        server.cli(&["spend", "ana", "34", "--coin", "eur"]).ok(),
        "event 7: 0.34 eur spent by ana\n  ana: 12.00 eur\n"
    );
    assert_eq!(
        server.cli(&["spend", "bob", "500", "--up-to", "--to", "ana"]).ok(),
        "event 8: 20 toco of 500 spent by bob to ana\n  ana: 50 toco\n  bob: 0 toco\n"
    );
    assert_eq!(
        server.cli(&["users"]).ok(),
        "id   name         eur  toco\nana  Ana Žofie  12.00    50\nbob                       0\n"
    );
    assert!(server.cli(&["users", "--prefix", "b"]).ok().lines().nth(1).unwrap().starts_with("bob"));
    assert!(!server.cli(&["users", "--coin", "eur"]).ok().contains("bob"));
    assert_eq!(
        server.cli(&["users", "--q", "ZOFIE", "--json"]).ok(),
        server.cli(&["users", "--id", "ana", "--json"]).ok()
    );
    let both = server.cli(&["users", "--id", "bob", "--id", "nobody", "--id", "ana", "--coin", "toco"]).ok();
    assert_eq!(both, "id   name       toco\nbob                0\nana  Ana Žofie    50\n");
    server.cli(&["users", "--id", "bob", "--q", "ana"]).fails(2);
    let richest = server.cli(&["users", "--order", "-balance", "--coin", "toco", "--all"]).ok();
    assert_eq!(richest, "id   name       toco\nana  Ana Žofie    50\nbob                0\n");
    let newest = server.cli(&["users", "--order", "-created", "--limit", "1", "--all"]).ok();
    assert!(newest.find("bob") < newest.find("ana"), "{newest}");
    server.cli(&["users", "--order", "name"]).fails(2);
    server.cli(&["users", "--order", "balance"]).fails(1);
}

#[test]
fn json_is_what_the_server_answered() {
    let server = with_ana_and_bob();
    let event = json(&server.cli(&["transfer", "ana", "bob", "20", "--json", "--metadata", "{\"order\":\"17\"}"]).ok());
    assert_eq!(event["kind"], "transfer");
    assert_eq!(event["metadata"]["order"], "17");
    assert_eq!(event["balances"]["bob"]["available"], 20);
    assert_eq!(json(&server.cli(&["event", "6", "--json"]).ok()), event);
    let user = json(&server.cli(&["user", "show", "ana", "--json"]).ok());
    assert_eq!(user["metadata"]["vip"], true);
    let coins = json(&server.cli(&["coins", "--json"]).ok());
    assert_eq!(coins["coins"].as_array().unwrap().len(), 2);
    assert_eq!(json(&server.cli(&["coin", "show", "eur", "--json"]).ok())["decimals"], 2);
}

#[test]
fn a_refusal_ends_with_1_and_changes_nothing() {
    let server = with_ana_and_bob();
    let said = server.cli(&["spend", "bob", "5"]).fails(1);
    assert!(said.starts_with("tocos: Not enough coins: "), "{said}");
    let outcome = server.cli(&["spend", "ana", "51", "--json"]);
    assert_eq!(outcome.code, 1);
    assert_eq!(json(&outcome.stdout)["code"], "insufficient_funds");
    assert_eq!(json(&outcome.stdout)["available"], 50);
    let nobody = server.cli(&["user", "show", "nobody"]).fails(1);
    assert!(nobody.contains("nobody"), "{nobody}");
    assert_eq!(json(&server.cli(&["users", "--json"]).ok())["users"][0]["coins"]["toco"], 50);
}

#[test]
fn a_key_makes_asking_again_harmless() {
    let server = with_ana_and_bob();
    let spend = ["spend", "ana", "5", "--idempotency-key", "order 17"];
    assert!(server.cli(&spend).ok().starts_with("event 6: "));
    assert!(server.cli(&spend).ok().starts_with("event 6, applied before under this key: "));
    let other = server.cli(&["spend", "ana", "6", "--idempotency-key", "order 17"]).fails(1);
    assert!(other.contains("amount"), "{other}");
    assert!(server.cli(&["user", "show", "ana"]).ok().contains("45"));
}

#[test]
fn a_dry_run_changes_nothing() {
    let server = with_ana_and_bob();
    let said = server.cli(&["spend", "ana", "5", "--dry-run"]).ok();
    assert_eq!(said, "dry run, nothing changed: 5 toco spent by ana\n  ana: 45 toco\n");
    server.cli(&["spend", "ana", "51", "--dry-run"]).fails(1);
    assert_eq!(json(&server.cli(&["users", "--json"]).ok())["users"][0]["coins"]["toco"], 50);
}

#[test]
fn pages_follow_each_other() {
    let server = Server::start();
    for number in 0..5 {
        server.cli(&["user", "put", &format!("user-{number}")]).ok();
    }
    let first = server.cli(&["users", "--limit", "2"]);
    let cursor = first.stderr.split("--cursor ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    assert!(first.ok().contains("user-1"));
    let second = server.cli(&["users", "--limit", "3", "--cursor", &cursor]);
    assert_eq!(second.stderr, "");
    assert_eq!(second.ok().lines().skip(1).map(str::trim_end).collect::<Vec<_>>(), ["user-2", "user-3", "user-4"]);
    assert_eq!(server.cli(&["users", "--all"]).ok().lines().count(), 6);
}

#[test]
fn history_tells_what_happened_newest_first() {
    let server = with_ana_and_bob();
    server.cli(&["transfer", "ana", "bob", "20"]).ok();
    let history = server.cli(&["history", "ana"]).ok();
    let lines: Vec<Vec<&str>> = history.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["event", "at", "kind", "coin", "amount", "held", "total", "available", "with"]);
    assert_eq!(lines[1][2..], ["transfer", "toco", "-20", "30", "30", "bob"]);
    assert_eq!(lines[2][2..], ["grant", "eur", "+12.34", "12.34", "12.34", "@issued"]);
    let oldest = server.cli(&["history", "ana", "--oldest-first", "--coin", "toco", "--limit", "1"]);
    assert!(oldest.stderr.contains("--cursor"), "{}", oldest.stderr);
    assert!(oldest.ok().lines().nth(1).unwrap().contains("+50"));
}

#[test]
fn a_hold_is_captured_in_part_and_the_rest_is_back() {
    let server = with_ana_and_bob();
    let hold = json(&server.cli(&["hold", "create", "ana", "40", "--timeout", "60", "--json"]).ok());
    let id = hold["id"].to_string();
    assert!(server.cli(&["spend", "ana", "20"]).fails(1).contains("10 toco"));
    assert!(server.cli(&["hold", "show", &id]).ok().contains("open"));
    let listed = server.cli(&["hold", "list", "--user", "ana"]).ok();
    let row: Vec<&str> = listed.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!((row[0], row[1], row[2], row[3]), (id.as_str(), "ana", "40", "toco"), "{listed}");
    let page = json(&server.cli(&["hold", "list", "--json"]).ok());
    assert_eq!(page["holds"][0]["id"].to_string(), id);
    assert_eq!(server.cli(&["hold", "list", "--user", "bob", "--coin", "toco"]).ok(), "no open holds\n");
    server.cli(&["hold", "extend", &id, "--expires-in", "2h"]).ok();
    let captured = server.cli(&["hold", "capture", &id, "--amount", "13"]).ok();
    assert!(captured.contains("13 toco captured from hold 6 of ana, 27 given back"), "{captured}");
    let again = server.cli(&["hold", "release", &id]).fails(1);
    assert!(again.contains("captured"), "{again}");
    assert!(server.cli(&["users", "--coin", "toco"]).ok().contains("37"));
}

#[test]
fn a_transfer_is_reversed_in_part() {
    let server = with_ana_and_bob();
    server.cli(&["transfer", "ana", "bob", "20"]).ok();
    let reversed = server.cli(&["reverse", "6", "--amount", "5"]).ok();
    assert!(reversed.contains("5 toco of event 6 (transfer) moved back, 15 left to reverse"), "{reversed}");
    server.cli(&["reverse", "6", "--amount", "16"]).fails(1);
    server.cli(&["reverse", "6"]).ok();
    assert!(server.cli(&["users", "--coin", "toco"]).ok().contains("50"));
}

#[test]
fn limits_let_an_account_go_below_zero_and_keep_it_from_giving() {
    let server = with_ana_and_bob();
    let set = server.cli(&["limits", "set", "bob", "--floor", "-10"]).ok();
    assert!(set.contains("limits of bob: floor -10, no ceiling (toco)"), "{set}");
    server.cli(&["spend", "bob", "10"]).ok();
    assert!(server.cli(&["limits", "show", "bob"]).ok().contains("-10"));
    server.cli(&["limits", "set", "ana", "--frozen"]).ok();
    assert!(server.cli(&["spend", "ana", "1"]).fails(1).contains("frozen"));
}

#[test]
fn a_user_is_closed_when_nothing_is_left() {
    let server = with_ana_and_bob();
    server.cli(&["user", "close", "ana"]).fails(1);
    assert!(server.cli(&["user", "close", "bob"]).ok().contains("user bob closed"));
    assert!(!server.cli(&["users"]).ok().contains("bob"));
    assert!(server.cli(&["users", "--closed"]).ok().contains("bob"));
    assert!(server.cli(&["user", "show", "bob"]).ok().contains("(closed)"));
}

#[test]
fn the_past_can_be_asked_for() {
    let server = with_ana_and_bob();
    server.cli(&["spend", "ana", "50"]).ok();
    assert!(server.cli(&["user", "show", "ana", "--at", "5"]).ok().contains("toco     50"));
}

#[test]
fn a_batch_is_applied_and_its_refusals_are_named() {
    let server = with_ana_and_bob();
    let lines = "{\"op\":\"transfer\",\"from\":\"ana\",\"to\":\"bob\",\"coin\":\"toco\",\"amount\":5}\n\
                 {\"op\":\"spend\",\"user\":\"bob\",\"coin\":\"toco\",\"amount\":6}\n";
    let outcome = server.cli_with(lines, &["batch", "-", "--idempotency-key", "b"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (1, "1 applied, 1 refused, 0 done before\n"));
    assert!(outcome.stderr.starts_with("operation 1: Not enough coins"), "{}", outcome.stderr);
    let again = server.cli_with(lines, &["batch", "-", "--idempotency-key", "b"]);
    assert_eq!(again.stdout, "0 applied, 1 refused, 1 done before\n");
    let file = server.file(
        "batch.json",
        "{\"atomic\":true,\"operations\":[{\"op\":\"spend\",\"user\":\"ana\",\"coin\":\"toco\",\"amount\":1},\
         {\"op\":\"spend\",\"user\":\"ana\",\"coin\":\"toco\",\"amount\":1000}]}",
    );
    let refused = server.cli(&["batch", &file]).fails(1);
    assert!(refused.contains("Not enough coins"), "{refused}");
    assert!(server.cli(&["users", "--coin", "toco"]).ok().contains("45"), "an atomic batch leaves no trace");
    server.cli(&["batch", &file, "--atomic"]).fails(2);
}

#[test]
fn events_are_shown_in_order_and_followed() {
    let server = with_ana_and_bob();
    let events = server.cli(&["events", "--after", "3"]).ok();
    assert_eq!(events.lines().count(), 2);
    assert!(events.lines().next().unwrap().ends_with("50 toco granted to ana"), "{events}");
    assert_eq!(server.cli(&["events", "--limit", "2", "--json"]).ok().lines().count(), 2);

    let mut follower = server.command(&["events", "--after", "5", "--follow", "--json"]).spawn().unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    for amount in [1, 2] {
        server.cli(&["spend", "ana", &amount.to_string()]).ok();
        let event = json(&lines.next().unwrap().unwrap());
        assert_eq!(event["amount"], amount);
        assert_eq!(event["event"], 5 + amount);
    }
    follower.kill().unwrap();
    follower.wait().unwrap();

    let mut follower = server.command(&["events", "--after", "7", "--follow"]).spawn().unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    server.cli(&["spend", "ana", "100", "--coin", "eur"]).ok();
    assert!(lines.next().unwrap().unwrap().ends_with("1.00 eur spent by ana"));
    server.cli(&["coin", "put", "oil", "--decimals", "3"]).ok();
    server.cli(&["grant", "bob", "5", "--coin", "oil"]).ok();
    assert!(lines.next().unwrap().unwrap().ends_with("coin oil created, 3 decimals"));
    assert!(lines.next().unwrap().unwrap().ends_with("0.005 oil granted to bob"));
    follower.kill().unwrap();
    follower.wait().unwrap();
}

#[test]
fn a_test_clock_moves_and_a_real_one_does_not() {
    let server = Server::start_with(&["--test-clock"]);
    server.cli(&["user", "put", "ana"]).ok();
    server.cli(&["grant", "ana", "5", "--expires-in", "1h"]).ok();
    assert!(server.cli(&["clock", "advance", "2h"]).ok().starts_with("it is now 2"));
    server.cli(&["spend", "ana", "5"]).fails(1);
    Server::start().cli(&["clock", "advance", "2h"]).fails(1);
}

#[test]
fn keys_carry_rights() {
    let server = Server::start();
    let created = server.cli(&["key", "create", "--right", "admin", "--name", "mine"]).ok();
    let secret = created.lines().find(|line| line.starts_with("tocos_")).unwrap().to_owned();
    server.cli(&["users"]).fails(1);
    let with = |key: &str, arguments: &[&str]| server.cli(&[arguments, &["--key", key]].concat());
    with(&secret, &["user", "put", "ana"]).ok();
    let reader: Value = json(&with(&secret, &["key", "create", "--right", "read", "--json"]).ok());
    let text = reader.to_string();
    let start = text.find("tocos_").unwrap();
    let read_key = text[start..].split('"').next().unwrap().to_owned();
    with(&read_key, &["users"]).ok();
    with(&read_key, &["grant", "ana", "5"]).fails(1);
    let list = with(&secret, &["key", "list"]).ok();
    assert!(list.contains("mine") && !list.contains(&secret), "{list}");
    let id = reader["id"].as_str().map_or_else(|| reader["id"].to_string(), str::to_owned);
    with(&secret, &["key", "revoke", &id]).ok();
    with(&read_key, &["users"]).fails(1);
}

#[test]
fn a_schedule_is_put_shown_paused_and_deleted() {
    let server = with_ana_and_bob();
    let put = ["schedule", "put", "plan", "ana", "500", "--every-months", "1", "--anchor", "2100-01-31T00:00:00Z"];
    let rollover = ["--expires", "at_next", "--rollover-max", "200"];
    assert_eq!(
        server.cli(&[&put[..], &rollover].concat()).ok(),
        "event 6: schedule plan: 500 toco to ana every month, next 2100-01-31T00:00:00.000000Z\n"
    );
    assert_eq!(
        server.cli(&["schedule", "show", "plan"]).ok(),
        "schedule plan of ana\n  amount    500 toco\n  every     month\n  expires   at the next occurrence\n  rollover  200 toco\n  next      2100-01-31T00:00:00.000000Z\n"
    );
    let preview = server.cli(&["schedule", "preview", "plan", "--count", "2"]).ok();
    let rows: Vec<Vec<&str>> = preview.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[1], ["1", "2100-02-28T00:00:00.000000Z", "500", "2100-03-31T00:00:00.000000Z"]);
    let now = server.cli(&["schedule", "put", "gift", "bob", "5", "--expires-after-s", "60"]).ok();
    assert!(now.starts_with("event 7: schedule gift: 5 toco to bob once, next "), "{now}");
    assert_eq!(
        server.cli(&["schedule", "pause", "plan"]).ok().lines().next().unwrap().split(": ").nth(1),
        Some("schedule plan paused")
    );
    assert_eq!(server.cli(&["schedule", "preview", "plan"]).ok(), "nothing: it is paused\n");
    let list = server.cli(&["schedule", "list"]).ok();
    assert!(list.contains("plan  ana   500 toco  month  paused  200"), "{list}");
    assert_eq!(
        server.cli(&["schedule", "list", "--user", "bob"]).ok(),
        "no schedules\n",
        "that was its only occurrence"
    );
    server.cli(&["schedule", "resume", "plan"]).ok();
    assert!(server.cli(&["schedule", "delete", "plan", "--dry-run"]).ok().contains("schedule plan deleted"));
    server.cli(&["schedule", "delete", "plan"]).ok();
    assert_eq!(server.cli(&["schedule", "list"]).ok(), "no schedules\n");
    let history = server.cli(&["events", "--after", "7", "--limit", "1"]).ok();
    assert!(
        history.contains("5 toco granted to bob, expiring ") && history.contains(", occurrence 0 of gift"),
        "{history}"
    );
    server.cli(&["schedule", "show", "plan"]).fails(1);
    server.cli(&["schedule", "put", "x", "ana", "5", "--rollover-expires", "never"]).fails(2);
}

#[test]
fn a_report_says_what_is_owed_and_why() {
    let server = with_ana_and_bob();
    server.cli(&["grant", "ana", "500", "--coin", "eur", "--category", "promotional"]).ok();
    server.cli(&["spend", "ana", "600", "--coin", "eur", "--to", "bob"]).ok();
    server.cli(&["spend", "bob", "34", "--coin", "eur"]).ok();
    let report = server.cli(&["report", "liability", "--coin", "eur", "--by", "category"]).ok();
    let lines: Vec<Vec<&str>> = report.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!((lines[0][0], lines[0][1], lines[0][5..].join(" ")), ("eur", "from", "as of event 8".to_owned()));
    let columns = ["coins", "opening", "granted", "spent", "expired", "reversed", "converted", "closing", "held"];
    assert_eq!(lines[1], columns);
    assert_eq!(lines[2], ["paid", "0.00", "12.34", "0.34", "0.00", "0.00", "5.00", "17.00", "0.00"]);
    assert_eq!(lines[3], ["promotional", "0.00", "5.00", "0.00", "0.00", "0.00", "-5.00", "0.00", "0.00"]);
    assert_eq!(lines[4], ["total", "0.00", "17.34", "0.34", "0.00", "0.00", "0.00", "17.00", "0.00"]);
    assert_eq!(lines[5].join(" "), "all accounts have 17.00 eur, as the report says");
    let total = server.cli(&["report", "liability"]).ok();
    assert!(
        total.lines().nth(2).unwrap().split_whitespace().eq(["toco", "0", "50", "0", "0", "0", "50", "0"]),
        "{total}"
    );
    let months = server.cli(&["report", "liability", "--by", "month", "--from", "2020-01-15T00:00:00Z"]).ok();
    assert!(months.lines().nth(2).unwrap().starts_with("2020-01 "), "{months}");
    assert!(months.lines().count() > 10 && months.contains("\ntotal "), "{months}");
    let days = server.cli(&["report", "liability", "--by", "day"]).ok();
    let today: Vec<&str> = days.lines().nth(2).unwrap().split_whitespace().collect();
    assert_eq!((days.lines().nth(1).unwrap().split_whitespace().next(), today[0].len()), (Some("day"), 10), "{days}");
    let whole = json(&server.cli(&["report", "liability", "--json"]).ok());
    assert_eq!((&whole["totals"]["closing"], &whole["check"]["equal"]), (&Value::from(50), &Value::from(true)));
    let future = server.cli(&["report", "liability", "--until", "9999-01-01T00:00:00Z"]).fails(1);
    assert!(future.contains("it is in the future"), "{future}");
    server.cli(&["report", "liability", "--from", "yesterday"]).fails(2);
    server.cli(&["report", "liability", "--coin", "gold"]).fails(1);
}

#[test]
fn a_webhook_is_put_tested_looked_at_and_deleted() {
    let server = Server::start_with(&["--webhooks-allow-private", "127.0.0.1"]);
    // Nobody listens there.
    let put =
        server.cli(&["webhook", "put", "shop", "http://127.0.0.1:9/", "--kinds", "grant,spend", "--batch", "50"]).ok();
    let lines: Vec<&str> = put.lines().collect();
    assert_eq!(lines[0], "event 1: webhook shop created: http://127.0.0.1:9/, from event 2 on");
    assert!(lines[1].starts_with("whsec_"), "{put}");
    assert_eq!(
        server.cli(&["webhook", "put", "shop", "http://127.0.0.1:9/x"]).ok().lines().count(),
        1,
        "it keeps its secret"
    );
    let test = server.cli(&["webhook", "test", "shop"]).ok();
    assert!(test.contains("can't be connected to"), "{test}");
    assert!(server.cli(&["webhook", "deliveries", "shop"]).ok().contains("test"));
    let rotated = server.cli(&["webhook", "rotate", "shop", "--keep-s", "60"]).ok();
    assert!(rotated.contains("the old one signs for 60 s more\nwhsec_"), "{rotated}");
    assert!(server.cli(&["webhook", "disable", "shop"]).ok().contains("webhook shop switched off"));
    let list = server.cli(&["webhook", "list"]).ok();
    assert!(list.contains("shop") && list.contains("off (requested)"), "{list}");
    assert!(server.cli(&["webhook", "enable", "shop"]).ok().contains("webhook shop switched on"));
    let again = server.cli(&["webhook", "redeliver", "shop", "--from-event", "1"]).ok();
    assert!(again.contains("webhook shop goes on from event 1"), "{again}");
    let got = server.cli(&["webhook", "get", "shop"]).ok();
    assert!(got.starts_with("webhook shop: on\n  url         http://127.0.0.1:9/x\n"), "{got}");
    assert!(server.cli(&["webhook", "delete", "shop"]).ok().contains("webhook shop deleted"));
    assert_eq!(server.cli(&["webhook", "list"]).ok(), "no webhooks\n");
    let private = Server::start();
    let refused = private.cli(&["webhook", "put", "shop", "https://10.0.0.1/"]).fails(1);
    assert!(refused.contains("10.0.0.1 is refused: it is private"), "{refused}");
    assert!(!private.cli(&["events", "--limit", "10"]).ok().contains("whsec_"));
}

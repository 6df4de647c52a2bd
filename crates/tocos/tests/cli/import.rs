//! `tocos import`: the main job, with bad rows, interruptions and second runs.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::Stdio;
use std::thread::{self, sleep};
use std::time::Duration;

use serde_json::Value;

use crate::list_server::answer_once;
use crate::server::{Server, wait_until};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");

fn summary(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// All users and their coins.
fn balances(server: &Server) -> BTreeMap<String, Value> {
    let exported = server.cli(&["export", "--format", "ndjson"]).ok();
    let rows = exported.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.map(|row| (row["id"].as_str().unwrap().to_owned(), row["coins"].clone())).collect()
}

#[test]
fn the_examples_go_in_and_a_second_run_changes_nothing() {
    let server = Server::start();
    let file = format!("{EXAMPLES}/users.json");
    let first = summary(&server.cli(&["import", "--json", &file]).ok());
    assert_eq!(first["users_created"], 340);
    assert_eq!(first["coins_created"].as_array().unwrap().len(), 3);
    let before = balances(&server);
    let expected: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(before.len(), expected.len());
    for row in &expected {
        let mut coins = row["coins"].clone();
        coins.as_object_mut().unwrap().retain(|_, amount| *amount != 0);
        assert_eq!(before[row["id"].as_str().unwrap()], coins);
    }
    let second = summary(&server.cli(&["import", "--json", &file]).ok());
    assert_eq!((&second["users_created"], &second["grants"]), (&0.into(), &0.into()));
    assert_eq!(second["grants_there"], first["grants"]);
    assert_eq!(balances(&server), before);
}

#[test]
fn what_an_older_service_answers_goes_in_as_it_is() {
    let server = Server::start();
    let list = std::fs::read_to_string(format!("{EXAMPLES}/older-service.json")).unwrap();
    let (url, serving) = answer_once("200 OK", list);
    let said = server.cli(&["import", &url, "--key", "tocos_secret"]).ok();
    assert!(said.contains("40 created"), "{said}");
    let head = serving.join().unwrap().to_ascii_lowercase();
    assert!(!head.contains("authorization") && !head.contains("secret"), "our key is not for others: {head}");
    assert!(balances(&server).contains_key("1001"));
}

#[test]
fn an_address_that_answers_no_list_is_an_error() {
    let server = Server::start();
    let (url, serving) = answer_once("500 Internal Server Error", String::new());
    let said = server.cli(&["import", &url]).fails(1);
    assert!(said.contains("can't be read: it answers with status 500"), "{said}");
    serving.join().unwrap();
}

#[test]
fn a_bad_row_stops_behind_what_came_before_it() {
    let server = Server::start();
    let outcome = server.cli_with("id,coins\na,1\nb,-2\nc,3\n", &["import", "-"]);
    assert_eq!(outcome.code, 1);
    assert_eq!(outcome.stderr, "bad row: line 3: `toco` is -2; an amount is 0 or more\n");
    assert_eq!(balances(&server).into_keys().collect::<Vec<_>>(), ["a"]);
    let outcome = server.cli_with("id,coins\na,1\nb,-2\nc,3\n", &["import", "-", "--on-error", "skip"]);
    assert_eq!(outcome.code, 0);
    assert!(outcome.stdout.contains("rows              1 bad"), "{}", outcome.stdout);
    assert_eq!(balances(&server).into_keys().collect::<Vec<_>>(), ["a", "c"]);
}

#[test]
fn a_list_that_is_cut_off_brings_in_its_whole_rows_and_fails() {
    let server = Server::start();
    for on_error in ["stop", "skip"] {
        let said = server
            .cli_with("[{\"id\":\"a\",\"coins\":1},\n{\"id\":\"b\",\"co", &["import", "-", "--on-error", on_error]);
        assert!(said.fails(1).contains("the list is broken: item 1 (line 2): the file ends in the middle"));
        assert_eq!(balances(&server).into_keys().collect::<Vec<_>>(), ["a"]);
    }
}

#[test]
fn another_amount_under_the_same_label_is_refused_and_another_label_grants() {
    let server = Server::start();
    server.cli_with("id,coins\na,1\nb,2\n", &["import", "-"]).ok();
    let changed = "id,coins\na,1\nb,5\nc,7\n";
    let outcome = server.cli_with(changed, &["import", "-"]);
    assert!(
        outcome.stderr.starts_with("refused: line 3: user b, toco: already granted under the label \"import\""),
        "{outcome:?}"
    );
    assert_eq!(outcome.code, 1);
    assert_eq!(server.issued("toco"), 10, "b still has 2, and c got 7");
    server.cli_with(changed, &["import", "-", "--label", "bonus-2026"]).ok();
    assert_eq!(server.issued("toco"), 23);
}

#[test]
fn a_user_who_stands_in_the_list_twice_is_granted_once() {
    let server = Server::start();
    let outcome = server.cli_with("id,coins\na,5\nb,1\na,5\n", &["import", "-"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("line 4: user a occurs earlier in the list"), "{}", outcome.stderr);
    assert_eq!(server.issued("toco"), 6);
}

#[test]
fn users_who_are_there_keep_their_name_and_metadata() {
    let server = Server::start();
    server.cli(&["user", "put", "ana", "--name", "Ana", "--metadata", "{\"vip\":true}"]).ok();
    let list = "[{\"id\":\"ana\",\"name\":\"Someone else\",\"coins\":5},{\"id\":\"bob\",\"name\":\"Bob\",\"coins\":0}]";
    let said = server.cli_with(list, &["import", "-"]).ok();
    assert!(said.contains("1 created") && said.contains("1 already there"), "{said}");
    let show = |user: &str| serde_json::from_str::<Value>(&server.cli(&["user", "show", user, "--json"]).ok()).unwrap();
    assert_eq!((&show("ana")["name"], &show("ana")["metadata"]["vip"]), (&"Ana".into(), &true.into()));
    assert_eq!(show("bob")["accounts"].as_array().unwrap().len(), 0);

    server.cli(&["user", "put", "bob", "--name", "Robert"]).ok();
    let said = server.cli_with(list, &["import", "-", "--update-names"]).ok();
    assert!(said.contains("2 given another name"), "{said}");
    assert_eq!((&show("ana")["name"], &show("ana")["metadata"]["vip"]), (&"Someone else".into(), &true.into()));
    assert_eq!(show("bob")["name"], "Bob");
    let said = server.cli_with(list, &["import", "-", "--update-names"]).ok();
    assert!(said.contains("2 already there"), "{said}");
}

#[test]
fn what_the_server_refuses_is_named_with_its_row() {
    let server = Server::start();
    server.cli(&["user", "put", "gone"]).ok();
    server.cli(&["user", "close", "gone"]).ok();
    let outcome = server.cli_with("id,coins\na,1\ngone,2\nb,3\n", &["import", "-", "--on-error", "skip"]);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(outcome.stderr.starts_with("refused: line 3: user gone"), "{}", outcome.stderr);
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    assert_eq!(server.issued("toco"), 4);
}

#[test]
fn ids_that_look_like_paths_are_ids() {
    let server = Server::start();
    server.cli_with("id,coins\n...,1\na%2Fb,2\n~,3\na:b,4\n", &["import", "-", "--update-names"]).ok();
    for (id, coins) in [("...", "1"), ("a%2Fb", "2"), ("~", "3"), ("a:b", "4")] {
        let shown = server.cli(&["user", "show", id]).ok();
        assert!(shown.starts_with(&format!("{id}  since")), "{shown}");
        let history = server.cli(&["history", id]).ok();
        assert!(history.contains(&format!("+{coins}")), "{history}");
    }
}

#[test]
fn a_page_of_a_longer_list_goes_in_and_is_said_to_be_one() {
    let server = Server::start();
    server.cli_with("id,coins\na,1\nb,2\n", &["import", "-"]).ok();
    let page = server.cli(&["users", "--limit", "1", "--json"]).ok();
    let other = Server::start();
    let outcome = other.cli_with(page, &["import", "-"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stdout.contains("one page of a longer one"), "{}", outcome.stdout);
    assert_eq!(other.issued("toco"), 1);
}

/// Users 0, 1, 2, ... with as many toco each, and gems for every third.
fn long_list(users: u64) -> String {
    (0..users)
        .map(|number| match number % 3 {
            0 => format!(
                "{{\"id\":\"user:{number}\",\"name\":\"Nº {number}\",\"coins\":{{\"toco\":{number},\"gems\":7}}}}\n"
            ),
            _ => format!("{{\"id\":\"user:{number}\",\"name\":\"Nº {number}\",\"coins\":{number}}}\n"),
        })
        .collect()
}

fn check_long_list(server: &Server, users: u64) {
    let balances = balances(server);
    assert_eq!(balances.len() as u64, users);
    for number in 0..users {
        let coins = &balances[&format!("user:{number}")];
        assert_eq!(coins["toco"].as_u64().unwrap_or(0), number);
        assert_eq!(coins["gems"].as_u64(), (number % 3 == 0).then_some(7));
    }
    assert_eq!(server.issued("toco"), users * (users - 1) / 2);
}

#[test]
fn an_import_killed_again_and_again_goes_on_and_grants_nothing_twice() {
    const USERS: u64 = 20_000;
    let server = Server::start();
    let file = server.file("long.ndjson", long_list(USERS));
    let mut killed = 0;
    for round in 0..8 {
        let mut child = server.command(&["import", &file]).spawn().unwrap();
        sleep(Duration::from_millis(20 + 25 * round));
        child.kill().unwrap();
        killed += u32::from(child.wait().unwrap().code().is_none());
    }
    assert!(killed > 0, "every import was done before it could be killed");
    let last = summary(&server.cli(&["import", "--json", &file]).ok());
    assert_eq!(last["rows"], USERS);
    check_long_list(&server, USERS);
}

#[test]
fn an_import_killed_in_the_middle_has_brought_in_the_first_part_only() {
    const USERS: u64 = 12_000;
    let server = Server::start();
    let list = long_list(USERS);
    let mut child = server.command(&["import", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&list.as_bytes()[..list.len() / 2]).unwrap();
    wait_until("something has been granted", || server.issued("toco") > 0);
    child.kill().unwrap();
    child.wait().unwrap();
    let there = balances(&server).len() as u64;
    assert!((1..USERS).contains(&there), "{there}");
    let rest = summary(&server.cli_with(&list, &["import", "--json", "-"]).ok());
    assert_eq!(rest["users_created"], USERS - there);
    check_long_list(&server, USERS);
}

#[test]
fn an_import_waits_for_a_server_that_is_killed_and_started_again() {
    const USERS: u64 = 20_000;
    let mut server = Server::start();
    let arguments = ["import", "--json", "--retry-for", "30", "-"];
    let mut child = server.command(&arguments).stdin(Stdio::piped()).spawn().unwrap();
    let mut first = long_list(USERS);
    let rest = first.split_off(first.len() / 2);
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(first.as_bytes()).unwrap();
    wait_until("something has been granted", || server.issued("toco") > 0);
    server.kill();
    let feeding = thread::spawn(move || stdin.write_all(rest.as_bytes()).unwrap());
    sleep(Duration::from_millis(300));
    server.restart();
    feeding.join().unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("asking again in"), "{said}");
    assert_eq!(summary(std::str::from_utf8(&output.stdout).unwrap())["rows"], USERS);
    check_long_list(&server, USERS);
}

#[test]
fn an_import_without_a_server_ends_with_3() {
    let mut server = Server::start();
    server.kill();
    let said = server.cli_with("id,coins\na,1\n", &["import", "-"]).fails(3);
    assert!(said.contains("no server answers at"), "{said}");
}

#[test]
fn columns_may_have_other_names() {
    let server = Server::start();
    let list = "email,full name,credits\nana+1@example.com,Ana,5\nbob@example.com,Bob,7\n";
    let said = server.cli_with(list, &["import", "-"]).fails(1);
    assert!(
        said.contains("--id-column") && said.contains("--name-column") && said.contains("--coins-column"),
        "{said}"
    );
    let columns = ["--id-column", "email", "--name-column", "full name", "--coins-column", "credits"];
    let said = server.cli_with(list, &[&["import", "-"][..], &columns].concat()).ok();
    assert!(said.contains("2 created"), "{said}");
    assert_eq!(balances(&server)["ana+1@example.com"]["toco"], 5);
    assert!(server.cli(&["user", "show", "ana+1@example.com"]).ok().contains("Ana"));
    let said = server.cli_with(list, &["import", "-", "--id-column", "email", "--name-column", "nick"]).fails(1);
    assert!(said.contains("nick") && said.contains("email,full name,credits"), "{said}");
    let json = r#"[{"email":"eve@example.com","credits":3}]"#;
    server.cli_with(json, &["import", "-", "--id-column", "email", "--coins-column", "credits"]).ok();
    let wrong = b"[{\"email\":\"x@example.com\",\"credits\":\"many\"}]";
    let said = server.cli_with(wrong, &["import", "-", "--id-column", "email", "--coins-column", "credits"]).fails(1);
    assert!(said.contains("`credits` is a whole number or an object by coin"), "{said}");
    let said = server.cli_with(list, &["import", "-", "--id-column", "emial"]).fails(1);
    assert!(said.contains("--id-column names `emial`, and no column of"), "{said}");
    let said = server.cli_with(list, &["import", "-", "--id-column", "email", "--name-column", "email"]).fails(2);
    assert!(said.contains("--id-column and --name-column both name `email`"), "{said}");
    // Not silently a coin.
    let said =
        server.cli_with(b"email,credits\nz@example.com,3\n", &["import", "-", "--id-column", "email", "--check"]).ok();
    assert!(said.contains("read as coins by their names: credits; --coins-column"), "{said}");
    assert_eq!(balances(&server)["eve@example.com"]["toco"], 3);
}

#[test]
fn ids_in_any_script_go_in_once_and_come_out_again() {
    let server = Server::start();
    let long = "山".repeat(128);
    let list = format!("id,coins\nŻółć,1\nauth0|5f7c8ec7,2\n100%,3\n{long},4\n{long}x,5\n");
    for _ in 0..3 {
        let outcome = server.cli_with(&list, &["import", "-", "--on-error", "skip"]);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        assert!(outcome.stderr.contains("129"), "{}", outcome.stderr);
    }
    let there = balances(&server);
    let wanted = [("100%", 3), ("auth0|5f7c8ec7", 2), ("Żółć", 1), (&*long, 4)];
    assert_eq!(there.len(), wanted.len());
    for (id, amount) in wanted {
        assert_eq!(there[id]["toco"], amount, "{id}");
    }
}

//! `tocos export`: the list in all formats, and back again.

use std::fs;

use crate::server::Server;

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/users.json");

#[test]
fn an_export_brought_into_an_empty_ledger_gives_the_same_list() {
    let server = Server::start();
    server.cli(&["import", EXAMPLES]).ok();
    for format in ["json", "ndjson", "csv"] {
        let exported = server.cli(&["export", "--format", format]).ok();
        assert!(exported.contains("guest-0002"), "users without coins are there");
        let other = Server::start();
        other.cli_with(&exported, &["import", "-"]).ok();
        let again = other.cli(&["export", "--format", format]).ok();
        if format == "csv" {
            // The columns follow the coins, whose order is theirs; the rows must be the same whatever the order.
            assert_eq!(other.cli(&["export"]).ok(), server.cli(&["export"]).ok(), "{format}");
        } else {
            assert_eq!(again, exported, "{format}");
        }
        assert_eq!(exported.lines().count(), 340 + usize::from(format == "csv") + 2 * usize::from(format == "json"));
    }
}

#[test]
fn an_export_into_a_file_takes_its_format_from_the_name() {
    let server = Server::start();
    server.cli(&["import", EXAMPLES]).ok();
    for (name, start) in [("list.json", "[\n{\"id\":"), ("list.ndjson", "{\"id\":"), ("list.csv", "id,name,")] {
        let path = server.path(name);
        assert_eq!(server.cli(&["export", "--out", &path]).fails(0), format!("340 users written to {path}\n"));
        assert!(fs::read_to_string(&path).unwrap().starts_with(start), "{name}");
    }
}

#[test]
fn an_export_that_fails_leaves_no_file_and_spares_the_old_one() {
    let mut server = Server::start();
    server.cli(&["user", "put", "ana"]).ok();
    let path = server.file("list.json", "the old one");
    server.kill();
    server.cli(&["export", "--out", &path]).fails(3);
    assert_eq!(fs::read_to_string(&path).unwrap(), "the old one");
    assert!(!fs::exists(format!("{path}.part")).unwrap());
}

#[test]
fn an_empty_ledger_exports_an_empty_list() {
    let server = Server::start();
    assert_eq!(server.cli(&["export"]).ok(), "[]\n");
    assert_eq!(server.cli(&["export", "--format", "ndjson"]).ok(), "");
    assert_eq!(server.cli(&["export", "--format", "csv"]).ok(), "id,name,toco\n");
}

#[test]
fn a_coin_called_like_a_column_is_refused_for_csv_alone() {
    let server = Server::start();
    server.cli(&["coin", "put", "name"]).ok();
    let said = server.cli(&["export", "--format", "csv"]).fails(1);
    assert!(said.contains("CSV can't carry a coin called `name`"), "{said}");
    server.cli(&["export"]).ok();
}

#[test]
fn lists_longer_than_a_page_are_exported_whole() {
    let server = Server::start();
    let list: String = (0..2500).map(|number| format!("{{\"id\":\"u{number:04}\",\"coins\":{number}}}\n")).collect();
    server.cli_with(&list, &["import", "-"]).ok();
    let exported = server.cli(&["export", "--format", "ndjson"]).ok();
    let ids: Vec<&str> = exported.lines().map(|line| &line[7..12]).collect();
    assert_eq!(ids.len(), 2500);
    assert!(ids.is_sorted());
}

#[test]
fn formulas_are_written_as_they_are_unless_a_spreadsheet_shall_read_them() {
    let server = Server::start();
    let list =
        r#"[{"id":"a","name":"=1+1","coins":1},{"id":"-b","name":"+49","coins":2},{"id":"c","name":"@x","coins":3}]"#;
    server.cli_with(list, &["import", "-"]).ok();
    let raw = server.cli(&["export", "--format", "csv"]).ok();
    assert_eq!(raw, "id,name,toco\n-b,+49,2\na,=1+1,1\nc,@x,3\n");
    let guarded = server.cli(&["export", "--format", "csv", "--for-spreadsheets"]).ok();
    assert_eq!(guarded, "id,name,toco\n'-b,'+49,2\na,'=1+1,1\nc,'@x,3\n");
    assert!(server.cli(&["export", "--for-spreadsheets"]).fails(1).contains("--format csv"));
}

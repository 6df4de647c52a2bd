//! What is read from each format, what is a bad row, and where the reading ends.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};

use super::write::WrittenRow;
use super::*;

fn options(format: Option<Format>) -> ReadOptions {
    ReadOptions::new(format, "toco".to_owned(), vec!["secret".to_owned()])
}

/// Reads a list and writes down what came out, a line for each row.
fn read(input: &[u8]) -> Vec<String> {
    read_as(input, None)
}

fn read_as(input: &[u8], format: Option<Format>) -> Vec<String> {
    read_from(Box::new(Cursor::new(input.to_vec())), format)
}

fn read_from(input: Box<dyn Read>, format: Option<Format>) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rows = match open(input, options(format)) {
        Ok(rows) => rows,
        Err(error) => return vec![format!("end: {error}")],
    };
    loop {
        match rows.next_row() {
            Ok(None) => return lines,
            Ok(Some(Ok(row))) => {
                let coins: Vec<_> = row.coins.iter().map(|(coin, amount)| format!(" {coin}={amount}")).collect();
                lines.push(format!("{} {}{}", row.id, row.name.as_deref().unwrap_or("-"), coins.concat()));
            }
            Ok(Some(Err(bad))) => lines.push(format!("bad: {bad}")),
            Err(error) => {
                lines.push(format!("end: {error}"));
                return lines;
            }
        }
    }
}

#[track_caller]
fn check(input: &str, expected: &[&str]) {
    assert_eq!(read(input.as_bytes()), expected, "of {input}");
}

/// One row of NDJSON that is bad, and the reason.
#[track_caller]
fn check_bad(row: &str, reason: &str) {
    assert_eq!(read_as(row.as_bytes(), Some(Format::Ndjson)), [format!("bad: line 1: {reason}")], "of {row}");
}

#[test]
fn an_array_with_a_number_or_a_map_of_coins_is_read() {
    check(
        r#"[{"id":"ana","name":"Ana","coins":5},{"id":"bob","name":null,"coins":{"toco":1,"gems":2}},{"id":7,"coins":0}]"#,
        &["ana Ana toco=5", "bob - toco=1 gems=2", "7 - toco=0"],
    );
}

#[test]
fn one_object_a_line_is_read_and_empty_lines_are_skipped() {
    check("{\"id\":\"ana\",\"coins\":5}\r\n\n  {\"coins\":{},\"id\":\"bob\"}", &["ana - toco=5", "bob -"]);
}

#[test]
fn an_object_with_users_is_read_as_the_api_answers_it() {
    check(r#"{"users":[{"id":"ana","name":"Ana","coins":{"toco":5}}],"next_cursor":null}"#, &["ana Ana toco=5"]);
    check(
        "{\n \"total\": 1,\n \"meta\": {\"users\": 3},\n \"users\": [\n  {\"id\": 1,\n   \"coins\": 2}\n ]\n}\n",
        &["1 - toco=2"],
    );
}

#[test]
fn a_list_that_goes_on_behind_a_cursor_is_noticed() {
    let list = br#"{"users":[],"next_cursor":"abc"}"#;
    let mut rows = open(Box::new(Cursor::new(list.to_vec())), options(None)).unwrap();
    assert!(rows.next_row().unwrap().is_none());
    assert!(rows.notes().next_page_exists);
}

#[test]
fn csv_with_one_column_of_coins_is_read() {
    check("id,name,coins\nana,Ana,5\nbob,\"Bob, \"\"B\"\"\",\n", &["ana Ana toco=5", "bob Bob, \"B\""]);
}

#[test]
fn csv_with_a_column_for_each_coin_is_read() {
    check("name,id,gems,toco\nAna,ana,,5\n,bob,0,7\n", &["ana Ana toco=5", "bob - gems=0 toco=7"]);
}

#[test]
fn csv_with_semicolons_or_tabs_and_a_byte_order_mark_is_read() {
    check("\u{feff}id;name;coins\r\nana;Ana, A;5\r\n", &["ana Ana, A toco=5"]);
    check("id\tname\tcoins\nana\tAna\t5\n", &["ana Ana toco=5"]);
}

#[test]
fn names_in_any_script_come_through() {
    for name in [
        "Žofie Ďáblíková",
        "Наталія",
        "Ευγενία",
        "محمد",
        "שירה",
        "अनन्या",
        "สมชาย",
        "王小明",
        "さくら",
        "김민준",
        "ნინო",
        "Անի",
        "ሰላም",
        "👩‍🚀 Zoë",
    ] {
        check(&format!("[{{\"id\":\"a\",\"name\":\"{name}\",\"coins\":1}}]"), &[&format!("a {name} toco=1")]);
        check(&format!("id,name,coins\na,{name},1\n"), &[&format!("a {name} toco=1")]);
    }
}

#[test]
fn escapes_quotes_and_brackets_inside_of_texts_do_not_end_a_row() {
    check(
        r#"[{"id":"a","name":"]}\" , {[\\","coins":1},{"id":"b","coins":2}]"#,
        &["a ]}\" , {[\\ toco=1", "b - toco=2"],
    );
}

#[test]
fn empty_lists_have_no_rows() {
    for list in ["[]", " [ ] ", "{\"users\":[]}", "id,name,coins\n", "id,coins"] {
        check(list, &[]);
    }
    assert_eq!(read_as(b"", Some(Format::Ndjson)), Vec::<String>::new());
}

#[test]
fn bad_rows_are_named_with_their_reason_and_the_next_row_is_read() {
    check(
        "[{\"id\":\"a\",\"coins\":1},\n{\"id\":\"b\" \"coins\":1},\n 17,\n{\"id\":\"c\",\"coins\":1}\n]",
        &[
            "a - toco=1",
            "bad: item 1 (line 2): not JSON: expected `,` or `}` (column 11)",
            "bad: item 2 (line 3): a user is an object with id, name and coins, this is the number 17",
            "c - toco=1",
        ],
    );
    check(
        "id,coins\na,1\nb,1,2\nc,3\n",
        &["a - toco=1", "bad: line 3: the row has 3 cells, the header has 2", "c - toco=3"],
    );
}

#[test]
fn an_amount_is_a_whole_number_of_at_most_two_to_the_53_minus_1() {
    check("[{\"id\":\"a\",\"coins\":9007199254740991}]", &["a - toco=9007199254740991"]);
    check("id,coins\na, 9007199254740991 \n", &["a - toco=9007199254740991"]);
    check_bad(
        r#"{"id":"a","coins":9007199254740992}"#,
        "`coins` is 9007199254740992; the largest amount is 9007199254740991",
    );
    check_bad(
        r#"{"id":"a","coins":99999999999999999999999}"#,
        "`coins` is 1e+23; the largest amount is 9007199254740991",
    );
    check_bad(r#"{"id":"a","coins":-5}"#, "`coins` is -5; an amount is 0 or more");
    let smallest = "amounts are whole numbers of the coin's smallest unit";
    check_bad(r#"{"id":"a","coins":5.0}"#, &format!("`coins` is 5.0; {smallest}"));
    check_bad(r#"{"id":"a","coins":{"gems":1.5}}"#, &format!("`gems` is 1.5; {smallest}"));
    check_bad(r#"{"id":"a","coins":"5"}"#, "`coins` is a whole number or an object by coin, this is the text \"5\"");
    check_bad(r#"{"id":"a","coins":{"toco":true}}"#, "`toco` is a whole number, this is true or false");
    for (cell, reason) in [
        ("-5", "`toco` is -5; an amount is 0 or more".to_owned()),
        ("5.0", format!("`toco` is \"5.0\"; {smallest}")),
        ("five", format!("`toco` is \"five\"; {smallest}")),
        ("99999999999999999999", "`toco` is 99999999999999999999; the largest amount is 9007199254740991".to_owned()),
    ] {
        assert_eq!(read(format!("id,coins\na,{cell}\n").as_bytes()), [format!("bad: line 2: {reason}")]);
    }
}

#[test]
fn a_row_without_a_usable_id_is_bad() {
    check_bad(r#"{"coins":5}"#, "the field `id` is missing; --id-column names the one that holds the id");
    check_bad(r#"{"id":"","coins":5}"#, "the id is empty");
    check_bad(r#"{"id":null,"coins":5}"#, "`id` is a text or a whole number, this is null");
    check_bad(r#"{"id":1.5,"coins":5}"#, "`id` is a text or a whole number, this is the number 1.5");
    check_bad(
        r#"{"id":"@spent","coins":5}"#,
        "the id \"@spent\" is not valid: a user id does not begin with @: such ids belong to system accounts",
    );
    check_bad(
        &format!("{{\"id\":\"{}\",\"coins\":5}}", "x".repeat(129)),
        &format!("the id \"{}…\" is not valid: a user id has 1 to 128 characters, this one has 129", "x".repeat(40)),
    );
}

#[test]
fn a_row_without_coins_or_with_a_field_twice_is_bad() {
    check_bad(
        r#"{"id":"a"}"#,
        "the field `coins` is missing; a user without coins has 0 or {} there, and --coins-column names another field",
    );
    check_bad(r#"{"id":"a","coins":5,"coins":6}"#, "the field `coins` occurs twice");
    check_bad(r#"{"id":"a","coins":{"toco":5,"toco":6}}"#, "the coin `toco` occurs twice");
    check_bad(
        r#"{"id":"a","coins":{"Toco":5}}"#,
        "\"Toco\" is not a coin code: 1 to 16 of a-z 0-9 _ - beginning with a letter",
    );
}

#[test]
fn a_name_is_a_text_of_at_most_256_bytes_without_control_characters() {
    check_bad(r#"{"id":"a","name":5,"coins":5}"#, "`name` is a text or null, this is the number 5");
    check_bad(r#"{"id":"a","name":"a\u0007b","coins":5}"#, "the name \"a\\u{7}b\" has a control character in it");
    check_bad(
        &format!("{{\"id\":\"a\",\"name\":\"{}\",\"coins\":5}}", "é".repeat(129)),
        "the name has 258 bytes, at most 256 are possible",
    );
}

#[test]
fn bytes_that_are_no_utf8_spoil_only_their_row() {
    assert_eq!(
        read(b"[{\"id\":\"a\",\"name\":\"\xff\",\"coins\":1},{\"id\":\"b\",\"coins\":2}]"),
        ["bad: item 0 (line 1): not UTF-8: byte 18 of the row begins no character", "b - toco=2"]
    );
    assert_eq!(read(b"id,name,coins\na,\xff,1\nb,,2\n"), ["bad: line 2: not UTF-8: byte 0 of cell 2", "b - toco=2"]);
    assert_eq!(read(b"\xff\xfe[\x00"), ["end: line 1: the file is written in UTF-16; save it as UTF-8"]);
}

#[test]
fn a_list_that_is_cut_off_or_goes_on_behind_its_end_is_an_error() {
    let cut = "the file ends in the middle of the list, in or behind this item; is it cut off, or a quote or bracket not closed?";
    check("[{\"id\":\"a\",\"coins\":1},{\"id\":\"b", &["a - toco=1", &format!("end: item 1 (line 1): {cut}")]);
    check("[{\"id\":\"a\",\"coins\":1},", &["a - toco=1", &format!("end: item 1 (line 1): {cut}")]);
    check("[{\"id\":\"a\",\"coins\":1}", &[&format!("end: item 0 (line 1): {cut}")]);
    check("[] []", &["end: line 1: something stands behind the end of the list"]);
    check("[{\"id\":\"a\",\"coins\":1},]", &["a - toco=1"]);
    check(
        "{\"users\":[{\"id\":\"a\",\"coins\":1}]",
        &["a - toco=1", "end: line 1: a field name and a : are missing here; is the file cut off?"],
    );
    check("[{\"id\":\"a\",\"coins\":1}}]", &["end: line 1: a , or ] is missing here"]);
}

#[test]
fn a_header_that_makes_no_sense_ends_the_reading() {
    check("", &["end: line 1: the file is empty; its first line names the columns, id,name,coins"]);
    check(
        "<html>\n",
        &[
            "end: line 1: the first line of CSV names the columns, and none of \"<html>\" is `id`; say which one holds the id with --id-column, and likewise --name-column and --coins-column",
        ],
    );
    check("id,toco,toco\n", &["end: line 1: the header names the column `toco` twice"]);
    check(
        "id,name\n",
        &[
            "end: line 1: the header names no column for coins: `coins`, or one for each coin; --coins-column names another",
        ],
    );
    check(
        "id,coins,gems\n",
        &[
            "end: line 1: besides `coins` there is a column `gems`; leave it out with --ignore, name the column of names with --name-column, or name each coin's column by its code",
        ],
    );
    check(
        "id,E-Mail,toco\n",
        &[
            "end: line 1: a column besides id and name is a coin: \"E-Mail\" is not a coin code: 1 to 16 of a-z 0-9 _ - beginning with a letter; leave it out with --ignore, or say what it holds with --name-column or --coins-column",
        ],
    );
    check("id,secret,coins\na,x,1\n", &["a - toco=1"]);
}

#[test]
fn fields_that_no_user_has_are_counted_unless_they_are_to_be_ignored() {
    let list = "{\"id\":1,\"coins\":1,\"email\":\"x\",\"secret\":[1,{}]}\n{\"id\":2,\"coins\":1,\"email\":{}}\n";
    let mut rows = open(Box::new(Cursor::new(list)), options(None)).unwrap();
    while rows.next_row().unwrap().is_some() {}
    assert_eq!(rows.notes().ignored_fields, BTreeMap::from([("email".to_owned(), 2)]));
}

#[test]
fn a_row_longer_than_a_megabyte_is_bad_and_never_held() {
    let long = "x".repeat(ROW_BYTES_MAX);
    let row = format!("{{\"id\":\"a\",\"name\":\"{long}\",\"coins\":1}}");
    let lines = format!("{row}\n{{\"id\":\"b\",\"coins\":1}}\n");
    let reason = "longer than 1048576 bytes";
    assert_eq!(
        read_as(lines.as_bytes(), Some(Format::Ndjson)),
        [format!("bad: line 1: {reason}"), "b - toco=1".to_owned()]
    );
    let array = format!("[{row},{{\"id\":\"b\",\"coins\":1}}]");
    assert_eq!(read(array.as_bytes()), [format!("bad: item 0 (line 1): {reason}"), "b - toco=1".to_owned()]);
    let csv = format!("id,name,coins\na,\"{}\n", "x\n".repeat(ROW_BYTES_MAX));
    assert_eq!(
        read(csv.as_bytes()),
        ["end: line 2: a row longer than 1048576 bytes begins here or below; is a quote not closed?"]
    );
}

/// Gives one byte at a time, as a slow connection may.
struct Trickle(Cursor<Vec<u8>>);

impl Read for Trickle {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(1);
        self.0.read(&mut buffer[..length])
    }
}

#[test]
fn a_list_that_comes_in_single_bytes_reads_the_same() {
    for list in [
        "{\"users\":[{\"id\":\"a\",\"name\":\"\\\"é]\",\"coins\":1},{\"id\":\"b\",\"coins\":{\"gems\":2}}],\"next_cursor\":null}",
        "{\"id\":\"a\",\"coins\":1}\n{\"id\":\"b\"\n",
        "id,name,coins\na,\"x\ny\",1\nb,,zwei\n",
    ] {
        let trickled = read_from(Box::new(Trickle(Cursor::new(list.into()))), None);
        assert_eq!(trickled, read(list.as_bytes()), "of {list}");
        assert_eq!(trickled.len(), 2);
    }
}

#[test]
fn a_list_with_broken_ends_and_flipped_bytes_never_panics() {
    let list = br#"{"users":[{"id":"a","name":"\"x]","coins":{"gems":2}},{"id":1,"coins":5}],"next_cursor":null}"#;
    for cut in 0..list.len() {
        read(&list[..cut]);
        for byte in [b'"', b'\\', b'{', b']', b',', b':', b'\n', 0xff] {
            let mut flipped = list.to_vec();
            flipped[cut] = byte;
            let lines = read(&flipped);
            assert!(lines.len() <= 16, "{lines:?}");
        }
    }
}

#[test]
fn what_is_written_is_read_back_the_same() {
    let rows = [
        ("ana", Some("Ana, \"A\"\n né 王"), BTreeMap::from([("gems".to_owned(), 3), ("toco".to_owned(), 5)])),
        ("bob", None, BTreeMap::new()),
        ("7", Some("=1+1"), BTreeMap::from([("toco".to_owned(), 9_007_199_254_740_991)])),
    ];
    let coins = ["gems".to_owned(), "toco".to_owned()];
    for format in [Format::Json, Format::Ndjson, Format::Csv] {
        let mut writer = ListWriter::new(format, Vec::new(), &coins).unwrap();
        for (id, name, coins) in &rows {
            // Line breaks are for the CSV reader to survive, though no stored name has one.
            let name = name.map(|name| name.replace('\n', " "));
            writer.row(&WrittenRow { id, name: name.as_deref(), coins }).unwrap();
        }
        let written = writer.finish().unwrap();
        assert_eq!(
            read(&written),
            ["ana Ana, \"A\"  né 王 gems=3 toco=5", "bob -", "7 =1+1 toco=9007199254740991"],
            "as {format:?}"
        );
        let empty = ListWriter::new(format, Vec::new(), &coins).unwrap().finish().unwrap();
        assert_eq!(read_as(&empty, Some(format)), Vec::<String>::new());
    }
}

#[test]
fn a_coin_without_a_column_stops_the_writing_of_csv() {
    let mut writer = ListWriter::new(Format::Csv, Vec::new(), &["toco".to_owned()]).unwrap();
    let coins = BTreeMap::from([("gems".to_owned(), 1)]);
    let error = writer.row(&WrittenRow { id: "a", name: None, coins: &coins }).unwrap_err();
    assert!(error.to_string().contains("`gems` came into being"), "{error}");
    assert!(check_csv_columns(&["toco".to_owned(), "name".to_owned()]).is_err());
    assert!(check_csv_columns(&["toco".to_owned()]).is_ok());
}

//! Rows on their way into the tables: what one transaction writes. Events and their entries are encoded at once, in the binary form of
//! `COPY`; rows of the state are kept once each, as they are at the end of the batch.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::event::Event;
use crate::instant::to_postgres;
use crate::lot::Coins;

/// What binary `COPY` begins with: a signature, no flags, no extension.
const COPY_HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// Rows in the binary form of `COPY`.
#[derive(Debug)]
pub(crate) struct Rows {
    bytes: BytesMut,
    pub count: usize,
}

impl Default for Rows {
    fn default() -> Self {
        Self { bytes: BytesMut::from(COPY_HEADER), count: 0 }
    }
}

impl Rows {
    fn row(&mut self, columns: i16) {
        self.bytes.put_i16(columns);
        self.count += 1;
    }

    fn int8(&mut self, value: i64) {
        self.bytes.put_i32(8);
        self.bytes.put_i64(value);
    }

    fn int8_or_null(&mut self, value: Option<i64>) {
        match value {
            Some(value) => self.int8(value),
            None => self.bytes.put_i32(-1),
        }
    }

    fn text(&mut self, text: &str) {
        self.bytes.put_i32(text.len() as i32);
        self.bytes.put_slice(text.as_bytes());
    }

    fn text_or_null(&mut self, text: Option<&str>) {
        match text {
            Some(text) if text.contains('\0') => self.text(&storable(text)),
            Some(text) => self.text(text),
            None => self.bytes.put_i32(-1),
        }
    }

    /// All of them, to be sent.
    pub(crate) fn finish(mut self) -> Bytes {
        self.bytes.put_i16(-1);
        self.bytes.freeze()
    }
}

/// PostgreSQL has no character 0 in its texts.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The same in JSON, where it is written as an escape.
pub(crate) fn storable_json(text: &str) -> Cow<'_, str> {
    if !text.contains("\\u0000") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        // An escape is a backslash and the next character; the four digits of \u are none of either.
        let length = 1 + rest[at + 1..].chars().next().map_or(0, char::len_utf8);
        let is_zero = rest[at..].starts_with("\\u0000");
        out.push_str(if is_zero { "\\ufffd" } else { &rest[at..at + length] });
        rest = &rest[at + if is_zero { 6 } else { length }..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// A user that was made or described anew.
#[derive(Clone, Debug)]
pub(crate) struct UserRow {
    pub name: Option<String>,
    pub metadata: Option<String>,
    pub created_at: i64,
    pub created_event: i64,
    pub last_event: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct AccountRow {
    pub user: String,
    pub coin: String,
    pub total: i64,
    pub held: i64,
    pub plain: i64,
    pub floor: i64,
    pub ceiling: i64,
    pub is_frozen: bool,
    pub thresholds: Option<String>,
    pub spend_limit: Option<String>,
    pub last_event: i64,
}

/// A lot of an account, as far as it is available; none are left if the amount is 0.
#[derive(Clone, Debug)]
pub(crate) struct LotRow {
    pub user: String,
    pub coin: String,
    pub coins: Coins,
}

#[derive(Clone, Debug)]
pub(crate) struct HoldRow {
    pub user: String,
    pub coin: String,
    pub amount: i64,
    pub captured: i64,
    pub to: Option<String>,
    pub state: &'static str,
    pub expires_at: i64,
    pub created_at: i64,
    pub ended_at: Option<i64>,
    pub lots: Vec<Coins>,
    pub last_event: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct GrantRow {
    pub event: i64,
    pub at: i64,
    pub kind: &'static str,
    pub user: String,
    pub coin: String,
    pub amount: i64,
    pub expires_at: i64,
    pub priority: i16,
    pub category: &'static str,
    pub is_lot: bool,
    pub schedule: Option<String>,
    pub occurrence: Option<i64>,
    pub due_at: Option<i64>,
    pub reference: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct ScheduleRow {
    pub id: String,
    pub user: String,
    pub coin: String,
    pub amount: i64,
    /// What it does, as the API shows it.
    pub plan: String,
    pub state: &'static str,
    pub anchor: i64,
    pub next_at: Option<i64>,
    pub last_at: Option<i64>,
    pub created_at: i64,
    pub ended_at: Option<i64>,
    /// The event of its last grant or rollover, where that is a lot.
    pub last_grant: Option<i64>,
    pub last_event: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct CoinRow {
    pub code: String,
    pub decimals: i16,
    pub issued: i64,
    pub spent: i64,
    pub expired: i64,
    pub thresholds: Option<String>,
    pub spend_limit: Option<String>,
}

/// What one transaction writes.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub events: Rows,
    pub entries: Rows,
    pub users: BTreeMap<String, UserRow>,
    /// When, and by which event.
    pub closed: BTreeMap<String, (i64, i64)>,
    pub accounts: Vec<AccountRow>,
    pub lots: Vec<LotRow>,
    pub holds: BTreeMap<i64, HoldRow>,
    pub grants: Vec<GrantRow>,
    /// By grant: how many of its coins were taken back, and how many were added.
    pub grants_changed: BTreeMap<i64, (i64, i64)>,
    pub schedules: BTreeMap<i64, ScheduleRow>,
    pub coins: Vec<CoinRow>,
    /// The last event in it.
    pub last_event: i64,
    pub last_at: i64,
    pub last_fingerprint: String,
    /// The ledger's name, if its first event is in it.
    pub ledger: Option<String>,
}

impl Batch {
    /// Adds a row of `events`.
    pub(crate) fn event(&mut self, event: &Event<'_>, at: i64, body: &str) {
        let rows = &mut self.events;
        rows.row(14);
        rows.int8(event.number as i64);
        rows.int8(to_postgres(at));
        rows.text(event.kind);
        rows.text_or_null(event.first_user());
        rows.text_or_null(event.to.as_deref());
        rows.text_or_null(event.coin.as_deref());
        rows.int8_or_null(event.amount);
        let hold = if event.kind == "hold" { Some(event.number) } else { event.hold };
        rows.int8_or_null(hold.map(|hold| hold as i64));
        rows.int8_or_null(event.of.map(|of| of as i64));
        rows.text_or_null(event.schedule.as_deref());
        rows.text_or_null(event.reference.as_deref());
        rows.text_or_null(event.idempotency_key.as_deref());
        rows.int8_or_null(event.by.map(i64::from));
        rows.text(&storable_json(body));
    }

    /// Adds a row of `entries`.
    pub(crate) fn entry(&mut self, line: &Entry<'_>) {
        let rows = &mut self.entries;
        rows.row(10);
        rows.int8(line.event);
        rows.int8(line.line);
        rows.int8(to_postgres(line.at));
        rows.text(line.kind);
        rows.text(line.account);
        rows.text(line.coin);
        rows.int8(line.amount);
        rows.int8(line.held);
        rows.int8(line.total_after);
        rows.int8(line.held_after);
    }
}

/// A row of `entries`.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub event: i64,
    pub line: i64,
    pub at: i64,
    pub kind: &'a str,
    pub account: &'a str,
    pub coin: &'a str,
    pub amount: i64,
    pub held: i64,
    pub total_after: i64,
    pub held_after: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_escape_of_character_0_is_replaced() {
        assert_eq!(storable_json(r#"{"a":"x\\u0000\u0000\n\\\u0000"}"#), r#"{"a":"x\\u0000\ufffd\n\\\ufffd"}"#);
        assert_eq!(storable_json(r#"{"a":"б\u00001"}"#), r#"{"a":"б\ufffd1"}"#);
        assert_eq!(storable_json(r#"{"a":"\u0001"}"#), r#"{"a":"\u0001"}"#);
        assert_eq!(storable("a\u{0}b"), "a\u{fffd}b");
    }
}

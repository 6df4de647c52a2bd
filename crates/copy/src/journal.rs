//! A ledger as a journal that hledger or beancount reads: a transaction for each event, and balance assertions at the end.
//!
//! The signs are the ledger's own: what users have is positive, what was issued is negative. Names are written so that both tools read
//! them, and so that they can be read back:
//!
//! - A user's account is `Assets:Users:U` and the id, of which each byte that is not an ASCII letter or digit is `-` and two hexadecimal
//!   digits ([`user_account`], [`user_of_account`]).
//! - A coin's code is in capitals for beancount, with `.C` behind it where that alone would be no currency ([`currency`], [`coin_of_currency`]).
//!   For hledger it is quoted.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};

use crate::event::Event;
use crate::instant;
use crate::postings::{Party, postings};

const DAY_US: i64 = 86_400_000_000;

/// Which tool reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// hledger, and others that read its journals.
    Hledger,
    /// beancount.
    Beancount,
}

/// Why a journal is not complete.
#[derive(Debug)]
pub enum JournalError {
    /// An event that this version does not understand.
    Event(String),
    /// It can't be written.
    Io(io::Error),
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(text) => f.write_str(text),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for JournalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Event(_) => None,
            Self::Io(error) => Some(error),
        }
    }
}

impl From<io::Error> for JournalError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A journal that is being written.
#[derive(Debug)]
pub struct Journal<W> {
    out: W,
    format: Format,
    from: Option<i64>,
    until: Option<i64>,
    /// By account and coin.
    balances: BTreeMap<(String, String), i64>,
    /// The users of accounts that are declared; the three of the system have none.
    declared: BTreeMap<String, ()>,
    coins: BTreeMap<String, ()>,
    /// What stands before `from` is written.
    is_open: bool,
    last_at: Option<i64>,
    count: u64,
}

impl<W: Write> Journal<W> {
    /// A journal of the events from one time (inclusive) until another (exclusive), in microseconds since 1970. What was before is one
    /// opening transaction for each coin.
    ///
    /// # Errors
    /// It can't be written.
    pub fn new(format: Format, mut out: W, from: Option<i64>, until: Option<i64>) -> io::Result<Self> {
        let mark = if format == Format::Hledger { ";" } else { ";;" };
        writeln!(
            out,
            "{mark} A journal of a Tocos ledger. What users have is positive; amounts are in the coins' smallest units."
        )?;
        Ok(Self {
            out,
            format,
            from,
            until,
            balances: BTreeMap::new(),
            declared: BTreeMap::new(),
            coins: BTreeMap::new(),
            is_open: from.is_none(),
            last_at: None,
            count: 0,
        })
    }

    /// Takes in the next event; false if it and all later ones are behind the end.
    ///
    /// # Errors
    /// It is not understood, or the journal can't be written.
    pub fn event(&mut self, event: &Event<'_>) -> Result<bool, JournalError> {
        let at = instant::parse(&event.at)
            .ok_or_else(|| JournalError::Event(format!("event {} has the time `{}`", event.number, &*event.at)))?;
        if self.until.is_some_and(|until| at >= until) {
            return Ok(false);
        }
        let lines = postings(event).map_err(JournalError::Event)?;
        let coin = event.coin.as_deref().unwrap_or_default().to_owned();
        let is_before = self.from.is_some_and(|from| at < from);
        if !is_before {
            self.open()?;
            self.last_at = Some(at);
            for (party, _) in &lines {
                self.declare(&account(*party), *party, at)?;
            }
            if !lines.is_empty() {
                self.declare_coin(&coin, at)?;
            }
            self.head(event, at)?;
            for (party, amount) in &lines {
                self.line(&account(*party), *amount, &coin)?;
            }
            writeln!(self.out)?;
            self.count += 1;
        }
        for (party, amount) in lines {
            *self.balances.entry((account(party), coin.clone())).or_default() += amount;
        }
        Ok(true)
    }

    /// Writes the assertions; gives what it was written to, and how many events are in it.
    ///
    /// # Errors
    /// It can't be written.
    pub fn finish(mut self) -> io::Result<(W, u64)> {
        self.open()?;
        let Some(at) = self.last_at.or(self.from) else {
            self.out.flush()?;
            return Ok((self.out, self.count));
        };
        let balances = std::mem::take(&mut self.balances);
        if self.format == Format::Hledger && !balances.is_empty() {
            writeln!(self.out, "{} * balances\n    ; what the ledger has then", date(at))?;
        }
        for ((account, coin), amount) in &balances {
            // Of those that have nothing and are in no transaction, nothing needs to be said.
            if !self.declared.contains_key(account) {
                continue;
            }
            let coin = self.commodity(coin);
            match self.format {
                Format::Hledger => writeln!(self.out, "    {account}  0 {coin} = {amount} {coin}")?,
                // A balance holds at the beginning of its day.
                Format::Beancount => writeln!(self.out, "{} balance {account}  {amount} {coin}", date(at + DAY_US))?,
            }
        }
        self.out.flush()?;
        Ok((self.out, self.count))
    }

    /// What stands before the first event of the span.
    fn open(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.is_open, true) {
            return Ok(());
        }
        let at = self.from.unwrap_or_default();
        let mut by_coin: BTreeMap<String, Vec<(String, i64)>> = BTreeMap::new();
        for ((account, coin), amount) in self.balances.iter().filter(|(_, amount)| **amount != 0) {
            by_coin.entry(coin.clone()).or_default().push((account.clone(), *amount));
        }
        for (coin, lines) in by_coin {
            for (account, _) in &lines {
                let user = user_of_account(account);
                let party = user.as_deref().map_or(Party::Issued, Party::User);
                self.declare(account, party, at)?;
            }
            self.declare_coin(&coin, at)?;
            match self.format {
                Format::Hledger => writeln!(self.out, "{} * opening balances", date(at))?,
                Format::Beancount => writeln!(self.out, "{} * \"opening balances\"", date(at))?,
            }
            for (account, amount) in lines {
                self.line(&account, amount, &coin)?;
            }
            writeln!(self.out)?;
        }
        Ok(())
    }

    fn declare(&mut self, account: &str, party: Party<'_>, at: i64) -> io::Result<()> {
        if self.declared.insert(account.to_owned(), ()).is_some() {
            return Ok(());
        }
        let user = if let Party::User(user) = party { Some(user) } else { None };
        match (self.format, user) {
            (Format::Hledger, Some(user)) => writeln!(self.out, "account {account}  ; user: {}", tag_value(user)),
            (Format::Hledger, None) => writeln!(self.out, "account {account}"),
            (Format::Beancount, Some(user)) => {
                writeln!(self.out, "{} open {account}\n  user: {}", date(at), string(user))
            }
            (Format::Beancount, None) => writeln!(self.out, "{} open {account}", date(at)),
        }
    }

    fn declare_coin(&mut self, coin: &str, at: i64) -> io::Result<()> {
        if self.coins.insert(coin.to_owned(), ()).is_some() {
            return Ok(());
        }
        let commodity = self.commodity(coin);
        match self.format {
            Format::Hledger => writeln!(self.out, "commodity 1. {commodity}"),
            Format::Beancount => writeln!(self.out, "{} commodity {commodity}\n  coin: {}", date(at), string(coin)),
        }
    }

    /// The first line of a transaction, and what is known of it beside the amounts.
    fn head(&mut self, event: &Event<'_>, at: i64) -> io::Result<()> {
        match self.format {
            Format::Hledger => writeln!(self.out, "{} * ({}) {}", date(at), event.number, event.kind)?,
            Format::Beancount => writeln!(self.out, "{} * \"{}\"", date(at), event.kind)?,
        }
        let hold = if event.kind == "hold" { Some(event.number) } else { event.hold };
        let numbers = [
            ("event", Some(event.number)),
            ("amount", event.amount.map(i64::unsigned_abs)),
            ("hold", hold),
            ("reverses", event.of),
        ];
        for (name, number) in numbers.iter().filter_map(|(name, number)| Some((name, (*number)?))) {
            match self.format {
                Format::Hledger => writeln!(self.out, "    ; {name}: {number}")?,
                Format::Beancount => writeln!(self.out, "  {name}: {number}")?,
            }
        }
        let texts = [
            ("at", Some(&*event.at)),
            ("user", event.first_user()),
            ("coin", event.coin.as_deref()),
            ("schedule", event.schedule.as_deref()),
            ("reference", event.reference.as_deref()),
            ("idempotency_key", event.idempotency_key.as_deref()),
        ];
        for (name, text) in texts.iter().filter_map(|(name, text)| Some((name, (*text)?))) {
            match self.format {
                Format::Hledger => writeln!(self.out, "    ; {name}: {}", tag_value(text))?,
                Format::Beancount => writeln!(self.out, "  {name}: {}", string(text))?,
            }
        }
        Ok(())
    }

    fn line(&mut self, account: &str, amount: i64, coin: &str) -> io::Result<()> {
        let indent = if self.format == Format::Hledger { "    " } else { "  " };
        let commodity = self.commodity(coin);
        writeln!(self.out, "{indent}{account}  {amount} {commodity}")
    }

    fn commodity(&self, coin: &str) -> String {
        if self.format == Format::Hledger { format!("\"{coin}\"") } else { currency(coin) }
    }
}

fn account(party: Party<'_>) -> String {
    match party {
        Party::User(id) => user_account(id),
        Party::Issued => "Equity:Issued".to_owned(),
        Party::Spent => "Expenses:Spent".to_owned(),
        Party::Expired => "Expenses:Expired".to_owned(),
    }
}

/// The account of a user.
#[must_use]
pub fn user_account(id: &str) -> String {
    use fmt::Write as _;
    let mut out = String::from("Assets:Users:U");
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            write!(out, "-{byte:02x}").ok();
        }
    }
    out
}

/// The user of an account, if it is one of a user.
#[must_use]
pub fn user_of_account(account: &str) -> Option<String> {
    let mut rest = account.strip_prefix("Assets:Users:U")?.as_bytes();
    let mut id = Vec::new();
    while let Some((first, more)) = rest.split_first() {
        if *first == b'-' {
            let digits = std::str::from_utf8(more.get(..2)?).ok()?;
            id.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &more[2..];
        } else {
            id.push(*first);
            rest = more;
        }
    }
    String::from_utf8(id).ok()
}

/// A coin as a currency of beancount: two or more characters, the last of them a letter or digit, and no word of its own.
#[must_use]
pub fn currency(coin: &str) -> String {
    let name = coin.to_ascii_uppercase();
    let is_plain = name.len() > 1
        && name.ends_with(|last: char| last.is_ascii_alphanumeric())
        && !["TRUE", "FALSE", "NULL"].contains(&&*name);
    if is_plain { name } else { format!("{name}.C") }
}

/// The coin of a currency.
#[must_use]
pub fn coin_of_currency(currency: &str) -> String {
    currency.strip_suffix(".C").unwrap_or(currency).to_ascii_lowercase()
}

/// The value of a tag of hledger, which ends at a comma.
fn tag_value(text: &str) -> String {
    text.replace('%', "%25").replace(',', "%2C")
}

/// A text of beancount.
fn string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn date(at: i64) -> String {
    instant::written(at)[..10].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_be_read_back() {
        for id in ["ana", "auth0|5f7c", "a.b+c@d", "Бобан", "U-2d", "a-b", "x y", "1", "名前"] {
            let account = user_account(id);
            assert!(account["Assets:Users:".len()..].bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
            assert_eq!(user_of_account(&account).as_deref(), Some(id));
        }
        assert_eq!(user_of_account("Equity:Issued"), None);
        for coin in ["toco", "gem_2", "x", "a-", "a_b", "true", "null", "c"] {
            assert_eq!(coin_of_currency(&currency(coin)), coin);
        }
        assert_eq!((currency("toco"), currency("x"), currency("true")), ("TOCO".into(), "X.C".into(), "TRUE.C".into()));
    }

    #[test]
    fn a_span_begins_with_what_was_before() {
        let events = [
            r#"{"event":1,"kind":"user","user":"ana","name":null,"created":true,"at":"2026-01-01T00:00:00.000000Z"}"#,
            r#"{"event":2,"kind":"grant","user":"ana","coin":"toco","amount":7,"at":"2026-01-02T00:00:00.000000Z","reference":"a,b"}"#,
            r#"{"event":3,"kind":"spend","user":"ana","coin":"toco","amount":2,"at":"2026-02-01T00:00:00.000000Z","reference":"a,\"b\""}"#,
            r#"{"event":4,"kind":"spend","user":"ana","coin":"toco","amount":1,"at":"2026-03-01T00:00:00.000000Z"}"#,
        ];
        let (from, until) = (instant::parse("2026-02-01T00:00:00Z"), instant::parse("2026-03-01T00:00:00Z"));
        let text = |format| {
            let mut journal = Journal::new(format, Vec::new(), from, until).unwrap();
            let taken: Vec<bool> =
                events.iter().map(|text| journal.event(&Event::parse(text).unwrap()).unwrap()).collect();
            assert_eq!(taken, [true, true, true, false]);
            let (out, count) = journal.finish().unwrap();
            assert_eq!(count, 1);
            String::from_utf8(out).unwrap().split_once('\n').unwrap().1.to_owned()
        };
        assert_eq!(
            text(Format::Hledger),
            "account Assets:Users:Uana  ; user: ana\naccount Equity:Issued\ncommodity 1. \"toco\"\n2026-02-01 * opening balances\n    Assets:Users:Uana  7 \"toco\"\n    Equity:Issued  -7 \"toco\"\n\n\
             account Expenses:Spent\n2026-02-01 * (3) spend\n    ; event: 3\n    ; amount: 2\n    ; at: 2026-02-01T00:00:00.000000Z\n    ; user: ana\n    ; coin: toco\n    ; reference: a%2C\"b\"\n    \
             Assets:Users:Uana  -2 \"toco\"\n    Expenses:Spent  2 \"toco\"\n\n2026-02-01 * balances\n    ; what the ledger has then\n    Assets:Users:Uana  0 \"toco\" = 5 \"toco\"\n    \
             Equity:Issued  0 \"toco\" = -7 \"toco\"\n    Expenses:Spent  0 \"toco\" = 2 \"toco\"\n"
        );
        let beancount = text(Format::Beancount);
        assert!(beancount.contains("  reference: \"a,\\\"b\\\"\"\n  Assets:Users:Uana  -2 TOCO\n"), "{beancount}");
        assert!(beancount.ends_with("2026-02-02 balance Expenses:Spent  2 TOCO\n"), "{beancount}");
    }
}

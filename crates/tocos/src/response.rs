//! The responses of the API as far as the commands read them. Fields that are not read are not named, and
//! fields that an older or newer server leaves out are empty.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// A coin and its sums, in smallest units.
#[derive(Debug, Deserialize)]
pub(crate) struct Coin {
    pub code: String,
    #[serde(default)]
    pub decimals: u8,
    #[serde(default)]
    pub issued: i64,
    #[serde(default)]
    pub spent: i64,
    #[serde(default)]
    pub expired: i64,
    #[serde(default)]
    pub outstanding: i64,
    #[serde(default)]
    pub held: i64,
}

/// `GET /v1/coins`
#[derive(Debug, Deserialize)]
pub(crate) struct CoinList {
    pub coins: Vec<Coin>,
}

/// One user in the list.
#[derive(Debug, Deserialize)]
pub(crate) struct ListedUser {
    pub id: String,
    pub name: Option<String>,
    pub coins: BTreeMap<String, i64>,
}

/// `GET /v1/users`
#[derive(Debug, Deserialize)]
pub(crate) struct UserPage {
    pub users: Vec<ListedUser>,
    pub next_cursor: Option<String>,
}

/// `GET /v1/users/{user}`
#[derive(Debug, Deserialize)]
pub(crate) struct User {
    pub id: String,
    pub name: Option<String>,
    #[serde(default)]
    pub metadata: Option<Value>,
    #[serde(default)]
    pub closed: bool,
    #[serde(default)]
    pub created_at: Option<String>,
    #[serde(default)]
    pub accounts: Vec<Account>,
}

/// One user's holdings of one coin.
#[derive(Debug, Deserialize)]
pub(crate) struct Account {
    pub coin: String,
    pub total: i64,
    pub held: i64,
    pub available: i64,
    #[serde(default)]
    pub floor: i64,
    #[serde(default)]
    pub ceiling: Option<i64>,
    #[serde(default)]
    pub frozen: bool,
    #[serde(default)]
    pub lots: Vec<Lot>,
}

/// Coins of one grant, or plain ones.
#[derive(Debug, Deserialize)]
pub(crate) struct Lot {
    pub grant: Option<u64>,
    pub amount: i64,
    #[serde(default)]
    pub expires_at: Option<String>,
    #[serde(default)]
    pub priority: Option<u8>,
    #[serde(default)]
    pub category: Option<String>,
}

/// An account's state in an event.
#[derive(Debug, Deserialize)]
pub(crate) struct Balance {
    pub total: i64,
    pub held: i64,
    pub available: i64,
}

/// An event of any kind; each kind has some of the fields.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Event {
    pub event: u64,
    pub kind: String,
    pub at: Option<String>,
    pub user: Option<String>,
    pub name: Option<String>,
    pub from: Option<String>,
    pub to: Option<String>,
    pub coin: Option<String>,
    pub amount: Option<i64>,
    pub requested: Option<i64>,
    pub id: Option<u64>,
    pub hold: Option<u64>,
    pub state: Option<String>,
    pub held: Option<i64>,
    pub released: Option<i64>,
    pub expired: Option<i64>,
    pub expires_at: Option<String>,
    pub priority: Option<u8>,
    pub category: Option<String>,
    pub created: Option<bool>,
    pub decimals: Option<u8>,
    pub floor: Option<i64>,
    pub ceiling: Option<i64>,
    pub frozen: Option<bool>,
    pub of: Option<u64>,
    pub of_kind: Option<String>,
    pub remaining: Option<i64>,
    pub debt: Option<i64>,
    pub thresholds: Option<Vec<i64>>,
    pub per: Option<String>,
    pub hours: Option<u16>,
    pub schedule: Option<String>,
    pub occurrence: Option<u32>,
    pub scheduled: Option<i64>,
    pub direction: Option<String>,
    pub every_days: Option<u16>,
    pub every_months: Option<u16>,
    pub next_at: Option<String>,
    pub next_occurrence: Option<u32>,
    pub crossed: Vec<Crossing>,
    pub webhook: Option<String>,
    pub url: Option<String>,
    pub from_event: Option<u64>,
    pub through: Option<u64>,
    pub reason: Option<String>,
    pub keep_s: Option<u32>,
    pub epoch: Option<u64>,
    pub node: Option<String>,
    pub lots: Vec<Lot>,
    pub balances: BTreeMap<String, Balance>,
}

/// A threshold that was crossed.
#[derive(Debug, Deserialize)]
pub(crate) struct Crossing {
    pub user: String,
    pub threshold: i64,
    pub direction: String,
}

/// `GET /v1/events`
#[derive(Debug, Deserialize)]
pub(crate) struct EventPage {
    pub events: Vec<Box<serde_json::value::RawValue>>,
    pub last_event: u64,
    /// Where to go on, where events were found by something they name.
    #[serde(default)]
    pub next_after: Option<u64>,
}

/// `GET /v1/grants/{event}`
#[derive(Debug, Deserialize)]
pub(crate) struct Granted {
    pub user: String,
    pub coin: String,
    pub amount: i64,
    #[serde(default)]
    pub expires_at: Option<String>,
    #[serde(default)]
    pub schedule: Option<String>,
    #[serde(default)]
    pub reference: Option<String>,
    #[serde(default)]
    pub followed: bool,
    #[serde(flatten)]
    pub places: Places,
}

/// Where coins of a grant are, or by how much an event changed that.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Places {
    left: i64,
    held: i64,
    spent: i64,
    moved_on: i64,
    expired: i64,
    reversed: i64,
    added: i64,
}

impl Places {
    /// Each with its name.
    pub(crate) fn named(&self) -> [(&'static str, i64); 7] {
        [
            ("left", self.left),
            ("held", self.held),
            ("spent", self.spent),
            ("moved on", self.moved_on),
            ("expired", self.expired),
            ("reversed", self.reversed),
            ("added", self.added),
        ]
    }
}

/// `GET /v1/grants/{event}/uses`
#[derive(Debug, Deserialize)]
pub(crate) struct GrantUsePage {
    pub uses: Vec<Box<serde_json::value::RawValue>>,
    pub next_after: Option<u64>,
}

/// One of them.
#[derive(Debug, Deserialize)]
pub(crate) struct UsedBy {
    pub event: Event,
    #[serde(flatten)]
    pub places: Places,
}

/// `GET /v1/holds/{hold}`
#[derive(Debug, Deserialize)]
pub(crate) struct Hold {
    pub id: u64,
    pub state: String,
    pub user: String,
    pub coin: String,
    pub amount: i64,
    #[serde(default)]
    pub held: i64,
    #[serde(default)]
    pub captured: i64,
    #[serde(default)]
    pub expires_at: Option<String>,
    #[serde(default)]
    pub to: Option<String>,
    #[serde(default)]
    pub created_at: Option<String>,
    #[serde(default)]
    pub ended_at: Option<String>,
    #[serde(default)]
    pub lots: Vec<Lot>,
}

/// One entry of a user's history.
#[derive(Debug, Deserialize)]
pub(crate) struct Entry {
    pub event: u64,
    pub kind: String,
    pub coin: String,
    pub amount: i64,
    #[serde(default)]
    pub held: i64,
    pub balance: Balance,
    #[serde(default)]
    pub counterpart: Option<String>,
    pub at: String,
}

/// `GET /v1/users/{user}/history`
#[derive(Debug, Deserialize)]
pub(crate) struct History {
    pub entries: Vec<Entry>,
}

/// How many decimals each coin shows.
#[derive(Debug, Default)]
pub(crate) struct Decimals(BTreeMap<String, u8>);

impl Decimals {
    /// Those of a list of coins.
    pub(crate) fn of(coins: &[Coin]) -> Self {
        Self(coins.iter().map(|coin| (coin.code.clone(), coin.decimals)).collect())
    }

    /// An amount as people write it: 1234 of a coin with 2 decimals is 12.34.
    pub(crate) fn amount(&self, coin: &str, amount: i64) -> String {
        let decimals = usize::from(self.0.get(coin).copied().unwrap_or(0));
        if decimals == 0 {
            return amount.to_string();
        }
        let sign = if amount < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", amount.unsigned_abs(), width = decimals + 1);
        let (whole, part) = digits.split_at(digits.len() - decimals);
        format!("{sign}{whole}.{part}")
    }

    /// An amount and its coin's code.
    pub(crate) fn coins(&self, coin: &str, amount: i64) -> String {
        format!("{} {coin}", self.amount(coin, amount))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_with_the_decimals_of_their_coin() {
        let decimals =
            Decimals(BTreeMap::from([("eur".to_owned(), 2), ("toco".to_owned(), 0), ("nano".to_owned(), 9)]));
        let check = |coin, amount, expected: &str| assert_eq!(decimals.amount(coin, amount), expected);
        check("eur", 1234, "12.34");
        check("eur", 5, "0.05");
        check("eur", -5, "-0.05");
        check("eur", -1234, "-12.34");
        check("eur", 0, "0.00");
        check("toco", 1234, "1234");
        check("nano", 1, "0.000000001");
        check("nano", i64::MIN, "-9223372036.854775808");
        check("unheard-of", -7, "-7");
    }
}

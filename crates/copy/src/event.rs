//! Events as the API writes them, read without copying. Fields that a newer service adds are ignored.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A text, borrowed where it has no escapes.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
pub struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// A page of the feed.
#[derive(Debug, Deserialize)]
pub struct Page<'a> {
    /// The events as they were written.
    #[serde(borrow)]
    pub events: Vec<&'a RawValue>,
    /// The last event that the service has.
    pub last_event: u64,
}

/// Some coins of a lot. Plain coins have no grant and nothing else.
#[derive(Clone, Debug, Deserialize)]
pub struct Part<'a> {
    /// The event of the grant.
    pub grant: Option<u64>,
    /// How many.
    pub amount: i64,
    /// When they expire.
    #[serde(default, borrow)]
    pub expires_at: Option<Text<'a>>,
    /// 0 is spent first.
    pub priority: Option<u8>,
    /// `paid` or `promotional`.
    #[serde(default, borrow)]
    pub category: Option<Text<'a>>,
}

/// An account after an event.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Balance {
    /// Available and held coins.
    pub total: i64,
    /// Held coins.
    pub held: i64,
}

/// The accounts after an event, by user, in the order of the event.
#[derive(Clone, Debug, Default)]
pub struct Balances<'a>(pub Vec<(Text<'a>, Balance)>);

impl<'de: 'a, 'a> Deserialize<'de> for Balances<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map<'a>(std::marker::PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Map<'a> {
            type Value = Balances<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("balances by user")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut balances = Vec::with_capacity(2);
                while let Some(entry) = map.next_entry()? {
                    balances.push(entry);
                }
                Ok(Balances(balances))
            }
        }
        deserializer.deserialize_map(Map(std::marker::PhantomData))
    }
}

/// An event. Which fields there are depends on its kind; see the API's documentation.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of the API, documented there")]
pub struct Event<'a> {
    #[serde(rename = "event")]
    pub number: u64,
    pub kind: &'a str,
    #[serde(borrow)]
    pub at: Text<'a>,
    #[serde(default, borrow)]
    pub user: Option<Text<'a>>,
    #[serde(default, borrow)]
    pub from: Option<Text<'a>>,
    #[serde(default, borrow)]
    pub to: Option<Text<'a>>,
    #[serde(default, borrow)]
    pub coin: Option<Text<'a>>,
    pub amount: Option<i64>,
    #[serde(default, borrow)]
    pub lots: Vec<Part<'a>>,
    #[serde(default, borrow)]
    pub balances: Balances<'a>,
    #[serde(default)]
    pub expired: i64,
    pub hold: Option<u64>,
    pub held: Option<i64>,
    #[serde(default, borrow)]
    pub state: Option<Text<'a>>,
    #[serde(default, borrow)]
    pub expires_at: Option<Text<'a>>,
    pub priority: Option<u8>,
    #[serde(default, borrow)]
    pub category: Option<Text<'a>>,
    pub of: Option<u64>,
    #[serde(default, borrow)]
    pub of_kind: Option<Text<'a>>,
    pub debt: Option<i64>,
    #[serde(default, borrow)]
    pub schedule: Option<Text<'a>>,
    pub occurrence: Option<i64>,
    #[serde(default, borrow)]
    pub due_at: Option<Text<'a>>,
    #[serde(default, borrow)]
    pub direction: Option<Text<'a>>,
    #[serde(default, borrow)]
    pub name: Option<Text<'a>>,
    #[serde(default)]
    pub created: bool,
    pub decimals: Option<i16>,
    pub floor: Option<i64>,
    pub ceiling: Option<i64>,
    #[serde(default)]
    pub frozen: bool,
    pub thresholds: Option<Vec<i64>>,
    #[serde(default, borrow)]
    pub per: Option<Text<'a>>,
    pub hours: Option<i64>,
    pub every_days: Option<i64>,
    pub every_months: Option<i64>,
    #[serde(default, borrow)]
    pub anchor: Option<Text<'a>>,
    #[serde(default, borrow)]
    pub starts_at: Option<Text<'a>>,
    #[serde(default, borrow)]
    pub ends_at: Option<Text<'a>>,
    pub occurrences: Option<i64>,
    #[serde(default, borrow)]
    pub expires: Option<Text<'a>>,
    pub expires_after_s: Option<i64>,
    pub rollover_max: Option<i64>,
    #[serde(default, borrow)]
    pub rollover_expires: Option<Text<'a>>,
    pub rollover_expires_after_s: Option<i64>,
    #[serde(default, borrow)]
    pub next_at: Option<Text<'a>>,
    pub next_occurrence: Option<i64>,
    #[serde(default, borrow)]
    pub metadata: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub reference: Option<Text<'a>>,
    #[serde(default, borrow)]
    pub idempotency_key: Option<Text<'a>>,
    pub by: Option<i32>,
}

impl<'a> Event<'a> {
    /// Reads an event.
    ///
    /// # Errors
    /// It is not what this version understands.
    pub fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The user whose coins it is about first: the sender of a transfer.
    #[must_use]
    pub fn first_user(&self) -> Option<&str> {
        self.user.as_deref().or(self.from.as_deref())
    }

    /// What tells this event from any other of this number: in another ledger, or in this one after it was restored to an earlier
    /// state. It consists of what no version of the service writes differently.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut hash = blake3::Hasher::new();
        let texts = [Some(self.kind), Some(&*self.at), self.first_user(), self.to.as_deref(), self.coin.as_deref()];
        let named = [self.idempotency_key.as_deref(), self.reference.as_deref(), self.name.as_deref()];
        for text in texts.into_iter().chain(named) {
            let text = text.unwrap_or_default();
            hash.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        }
        hash.update(&self.number.to_le_bytes()).update(&self.amount.unwrap_or(-1).to_le_bytes());
        hash.finalize().to_hex()[..32].to_owned()
    }
}

//! Flows added up by day, as bytes too: what a stretch of the log changes, without reading it again.

use super::{Flow, FlowKind};
use crate::amount::{DAY_US, Micros};
use crate::bytes::{Fields, Malformed, Put};
use crate::lot::Category;
use crate::state::CoinId;
use std::collections::BTreeMap;

/// Bytes of a total.
const ROW_BYTES: usize = 40;

/// What sets the flows of a total apart from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    coin: CoinId,
    /// Days since 1970-01-01 in UTC.
    day: i64,
    category: Category,
    kind: FlowKind,
}

/// The flows of one coin, category and kind that took effect on one day in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayTotal {
    /// The earliest of them.
    pub first: Micros,
    /// The latest of them.
    pub last: Micros,
    /// Their sum.
    pub amount: i128,
}

/// Flows, added up by coin, day, category and kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowTotals {
    totals: BTreeMap<Key, DayTotal>,
}

impl FlowTotals {
    /// Adds a flow.
    pub fn add(&mut self, flow: &Flow) {
        let Flow { coin, category, kind, amount, at } = *flow;
        let key = Key { coin, day: at.div_euclid(DAY_US), category, kind };
        let total = self.totals.entry(key).or_insert(DayTotal { first: at, last: at, amount: 0 });
        total.first = total.first.min(at);
        total.last = total.last.max(at);
        total.amount += i128::from(amount);
    }

    /// The totals of a coin, the earliest day first.
    pub fn of_coin(&self, coin: CoinId) -> impl Iterator<Item = (Category, FlowKind, &DayTotal)> {
        let key = |day, category, kind| Key { coin, day, category, kind };
        let all = key(i64::MIN, Category::Promotional, FlowKind::Granted)
            ..=key(i64::MAX, Category::Paid, FlowKind::Converted);
        self.totals.range(all).map(|(key, total)| (key.category, key.kind, total))
    }

    /// How many totals there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.totals.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.totals.is_empty()
    }

    /// The totals as bytes; see `docs/file-format.md`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.totals.len() * ROW_BYTES);
        for (key, total) in &self.totals {
            bytes.put_i64(total.first);
            bytes.put_i64(total.last);
            bytes.extend_from_slice(&total.amount.to_le_bytes());
            bytes.put_u16(key.coin.0);
            bytes.put_u8(key.category as u8);
            bytes.put_u8(key.kind as u8);
            bytes.put_u32(0);
        }
        bytes
    }

    /// Reads totals back.
    ///
    /// # Errors
    /// [`Malformed`] if these bytes are not what [`FlowTotals::encode`] makes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let (rows, rest) = bytes.as_chunks::<ROW_BYTES>();
        if !rest.is_empty() {
            return Err(Malformed("totals of flows are cut short"));
        }
        let mut totals = BTreeMap::new();
        let mut before = None;
        for row in rows {
            let (key, total) = decode_row(row)?;
            if before.is_some_and(|before| before >= key) {
                return Err(Malformed("totals of flows are not in order"));
            }
            before = Some(key);
            totals.insert(key, total);
        }
        Ok(Self { totals })
    }
}

fn decode_row(row: &[u8; ROW_BYTES]) -> Result<(Key, DayTotal), Malformed> {
    let mut fields = Fields::new(row);
    let (first, last) = (fields.i64()?, fields.i64()?);
    let (low, high) = (fields.u64()?, fields.i64()?);
    let coin = CoinId(fields.u16()?);
    let number = usize::from(fields.u8()?);
    let category = *Category::ALL.get(number).ok_or(Malformed("a category is not 0 or 1"))?;
    let number = usize::from(fields.u8()?);
    let kind = *FlowKind::ALL.get(number).ok_or(Malformed("a kind of flow is not 0 to 4"))?;
    let day = first.div_euclid(DAY_US);
    if fields.u32()? != 0 || first > last || last.div_euclid(DAY_US) != day {
        return Err(Malformed("flows are not of one day"));
    }
    let amount = i128::from(high) << 64 | i128::from(low);
    Ok((Key { coin, day, category, kind }, DayTotal { first, last, amount }))
}

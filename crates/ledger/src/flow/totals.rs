//! Flows added up by day, as bytes too: what a stretch of the log changes, without reading it again.

use super::{Flow, FlowKind};
use crate::amount::{DAY_US, Micros};
use crate::bytes::{Fields, Malformed, Put};
use crate::lot::Category;
use crate::state::CoinId;
use std::collections::BTreeMap;

/// Bytes of a total.
const ROW_BYTES: usize = 40;

/// What sets the flows of a total apart from others, as one number in the order of the totals: the coin in the upper 16 bits, the
/// day in 32, the category in 8, the kind in 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key(u64);

impl Key {
    #[inline]
    fn new(coin: CoinId, at: Micros, category: Category, kind: FlowKind) -> Self {
        // Every instant is within 2^27 days of 1970. Days before that come first.
        let day = (at.div_euclid(DAY_US) as i32 as u32) ^ 1 << 31;
        Self(u64::from(coin.0) << 48 | u64::from(day) << 16 | (category as u64) << 8 | kind as u64)
    }

    /// The first and the last of a coin.
    fn bounds(coin: CoinId) -> (Self, Self) {
        let first = u64::from(coin.0) << 48;
        (Self(first), Self(first | ((1 << 48) - 1)))
    }

    fn coin(self) -> CoinId {
        CoinId((self.0 >> 48) as u16)
    }

    fn category(self) -> Category {
        Category::ALL[usize::from(self.0 >> 8 & 1 != 0)]
    }

    fn kind(self) -> FlowKind {
        // No other number is ever put there.
        FlowKind::ALL.get((self.0 & 0xff) as usize).copied().unwrap_or(FlowKind::Held)
    }
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
        let key = Key::new(coin, at, category, kind);
        let total = self.totals.entry(key).or_insert(DayTotal { first: at, last: at, amount: 0 });
        total.first = total.first.min(at);
        total.last = total.last.max(at);
        total.amount += i128::from(amount);
    }

    /// The totals of a coin, the earliest day first.
    pub fn of_coin(&self, coin: CoinId) -> impl Iterator<Item = (Category, FlowKind, &DayTotal)> {
        let (first, last) = Key::bounds(coin);
        self.totals.range(first..=last).map(|(key, total)| (key.category(), key.kind(), total))
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
            bytes.put_u16(key.coin().0);
            bytes.put_u8(key.category() as u8);
            bytes.put_u8(key.kind() as u8);
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
    let kind = *FlowKind::ALL.get(number).ok_or(Malformed("a kind of flow is not 0 to 5"))?;
    if fields.u32()? != 0 || first > last || first.div_euclid(DAY_US) != last.div_euclid(DAY_US) {
        return Err(Malformed("flows are not of one day"));
    }
    let amount = i128::from(high) << 64 | i128::from(low);
    Ok((Key::new(coin, first, category, kind), DayTotal { first, last, amount }))
}

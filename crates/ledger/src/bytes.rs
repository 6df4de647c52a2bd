//! Little-endian fields, written and read back with every length checked.

use crate::amount::MAX_AMOUNT;
use crate::lot::{Category, Lot, LotAmount, Marks};
use crate::schedule::{Every, Lasting, Plan, Rollover};
use crate::spending::{SpendLimit, Window};
use crate::thresholds::Thresholds;
use crate::webhook::{EventKinds, WebhookFilter, WebhookSecret};
use core::fmt;

/// Stands for "none" among instants.
const NO_INSTANT: i64 = i64::MIN;
/// Stands for "none" among 32-bit numbers.
pub(crate) const NONE_U32: u32 = u32::MAX;
/// Stands for "none" among amounts.
const NO_AMOUNT: u64 = u64::MAX;

/// Stands for "none" where a count or a kind of window is expected.
const NONE_U8: u8 = u8::MAX;
/// The bit of a plan's unit that says that a change takes effect now.
const PLAN_NOW: u8 = 1 << 7;

/// Bytes of a lot with its amount.
pub(crate) const LOT_BYTES: usize = 26;

/// Bytes that this program did not write: no event, or no snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "these bytes were not written as they stand: {}", self.0)
    }
}

impl std::error::Error for Malformed {}

pub(crate) trait Put {
    fn put_u8(&mut self, value: u8);
    fn put_u16(&mut self, value: u16);
    fn put_u32(&mut self, value: u32);
    fn put_u64(&mut self, value: u64);
    fn put_i64(&mut self, value: i64);
    fn put_instant(&mut self, value: Option<i64>);
    fn put_amount(&mut self, value: Option<u64>);
    fn put_lot(&mut self, part: &LotAmount);
    fn put_text(&mut self, text: &str);
    fn put_thresholds(&mut self, thresholds: Option<&Thresholds>);
    fn put_window(&mut self, per: Window);
    fn put_spend_limit(&mut self, limit: Option<SpendLimit>);
    fn put_lasting(&mut self, lasting: Lasting);
    fn put_plan(&mut self, plan: &Plan);
    fn put_webhook_filter(&mut self, filter: &WebhookFilter);
    fn put_secret(&mut self, secret: Option<&WebhookSecret>);
}

impl Put for Vec<u8> {
    fn put_u8(&mut self, value: u8) {
        self.push(value);
    }
    fn put_u16(&mut self, value: u16) {
        self.extend_from_slice(&value.to_le_bytes());
    }
    fn put_u32(&mut self, value: u32) {
        self.extend_from_slice(&value.to_le_bytes());
    }
    fn put_u64(&mut self, value: u64) {
        self.extend_from_slice(&value.to_le_bytes());
    }
    fn put_i64(&mut self, value: i64) {
        self.extend_from_slice(&value.to_le_bytes());
    }
    fn put_instant(&mut self, value: Option<i64>) {
        self.put_i64(value.unwrap_or(NO_INSTANT));
    }
    fn put_amount(&mut self, value: Option<u64>) {
        self.put_u64(value.unwrap_or(NO_AMOUNT));
    }
    fn put_lot(&mut self, part: &LotAmount) {
        self.put_u64(part.lot.grant);
        self.put_instant(part.lot.marks.expires_at);
        self.put_u8(part.lot.marks.priority);
        self.put_u8(part.lot.marks.category as u8);
        self.put_u64(part.amount);
    }
    /// A length in 32 bits and the bytes. Texts here are at most some kilobytes long.
    fn put_text(&mut self, text: &str) {
        self.put_u32(text.len() as u32);
        self.extend_from_slice(text.as_bytes());
    }
    /// A count and the amounts, ascending.
    fn put_thresholds(&mut self, thresholds: Option<&Thresholds>) {
        let amounts = thresholds.map(Thresholds::amounts);
        // There are ten at most.
        self.put_u8(amounts.map_or(NONE_U8, |amounts| amounts.len() as u8));
        amounts.unwrap_or_default().iter().for_each(|amount| self.put_i64(*amount));
    }
    fn put_window(&mut self, per: Window) {
        match per {
            Window::Day => self.put_u8(0),
            Window::Month => self.put_u8(1),
            Window::Hours(hours) => {
                self.put_u8(2);
                self.put_u16(hours);
            }
        }
    }
    fn put_spend_limit(&mut self, limit: Option<SpendLimit>) {
        let Some(limit) = limit else { return self.put_u8(NONE_U8) };
        self.put_window(limit.per);
        self.put_u64(limit.amount);
    }
    fn put_lasting(&mut self, lasting: Lasting) {
        match lasting {
            Lasting::Never => self.put_u8(0),
            Lasting::AtNext => self.put_u8(1),
            Lasting::After(seconds) => {
                self.put_u8(2);
                self.put_u32(seconds);
            }
        }
    }
    fn put_plan(&mut self, plan: &Plan) {
        self.put_u64(plan.amount);
        let (unit, count) = match plan.every {
            Every::Once => (0, 0),
            Every::Days(days) => (1, days),
            Every::Months(months) => (2, months),
        };
        self.put_u8(unit | if plan.now { PLAN_NOW } else { 0 });
        self.put_u16(count);
        for at in [plan.anchor, plan.starts_at, plan.ends_at] {
            self.put_instant(at);
        }
        self.put_u32(plan.occurrences.unwrap_or(0));
        self.put_lasting(plan.lasting);
        self.put_u8(plan.priority);
        self.put_u8(plan.category as u8);
        // Nothing rolls over: a rollover of nothing.
        self.put_u64(plan.rollover.map_or(0, |rollover| rollover.max));
        plan.rollover.iter().for_each(|rollover| self.put_lasting(rollover.lasting));
    }
    fn put_webhook_filter(&mut self, filter: &WebhookFilter) {
        self.put_u64(filter.kinds.bits());
        self.put_u8(u8::from(filter.crossed));
        // At most 50.
        self.put_u8(filter.coins.len() as u8);
        filter.coins.iter().for_each(|coin| self.put_u16(*coin));
        // No prefix and an empty one are the same.
        self.put_text(filter.prefix.as_deref().unwrap_or_default());
    }
    /// A length and the bytes; no secret has none.
    fn put_secret(&mut self, secret: Option<&WebhookSecret>) {
        let bytes = secret.map_or(&[][..], WebhookSecret::bytes);
        // At most 64.
        self.put_u8(bytes.len() as u8);
        self.extend_from_slice(bytes);
    }
}

/// Reads fields off the front of a slice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (front, rest) = self.rest.split_at_checked(length).ok_or(Malformed("it ends in the middle of a field"))?;
        self.rest = rest;
        Ok(front)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (front, rest) = self.rest.split_first_chunk().ok_or(Malformed("it ends in the middle of a field"))?;
        self.rest = rest;
        Ok(*front)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        Ok(u8::from_le_bytes(self.array()?))
    }
    pub(crate) fn u16(&mut self) -> Result<u16, Malformed> {
        Ok(u16::from_le_bytes(self.array()?))
    }
    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from_le_bytes(self.array()?))
    }
    pub(crate) fn u48(&mut self) -> Result<u64, Malformed> {
        let low: [u8; 6] = self.array()?;
        let mut all = [0; 8];
        all[..6].copy_from_slice(&low);
        Ok(u64::from_le_bytes(all))
    }
    pub(crate) fn u64(&mut self) -> Result<u64, Malformed> {
        Ok(u64::from_le_bytes(self.array()?))
    }
    pub(crate) fn i64(&mut self) -> Result<i64, Malformed> {
        Ok(i64::from_le_bytes(self.array()?))
    }
    pub(crate) fn hash(&mut self) -> Result<[u8; 32], Malformed> {
        self.array()
    }
    pub(crate) fn flag(&mut self) -> Result<bool, Malformed> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed("a flag is neither 0 nor 1")),
        }
    }
    pub(crate) fn instant(&mut self) -> Result<Option<i64>, Malformed> {
        Ok(Some(self.i64()?).filter(|at| *at != NO_INSTANT))
    }
    pub(crate) fn amount(&mut self) -> Result<Option<u64>, Malformed> {
        Ok(Some(self.u64()?).filter(|amount| *amount != NO_AMOUNT))
    }
    pub(crate) fn lot(&mut self) -> Result<LotAmount, Malformed> {
        let grant = self.u64()?;
        let marks = self.marks()?;
        Ok(LotAmount { lot: Lot { grant, marks }, amount: self.u64()? })
    }
    pub(crate) fn marks(&mut self) -> Result<Marks, Malformed> {
        let expires_at = self.instant()?;
        let priority = self.u8()?;
        let category = self.category()?;
        Ok(Marks { expires_at, priority, category })
    }
    /// A list of lots behind its 32-bit count.
    pub(crate) fn lots(&mut self) -> Result<Vec<LotAmount>, Malformed> {
        let count = self.u32()? as usize;
        let mut fields = Fields::new(self.bytes(count.checked_mul(LOT_BYTES).ok_or(Malformed("too many lots"))?)?);
        let lots: Vec<LotAmount> = (0..count).map(|_| fields.lot()).collect::<Result<_, _>>()?;
        let sum = lots.iter().try_fold(0u64, |sum, part| sum.checked_add(part.amount));
        if sum.is_none_or(|sum| sum > MAX_AMOUNT) {
            return Err(Malformed("lots sum to more than 2^53-1"));
        }
        Ok(lots)
    }
    pub(crate) fn thresholds(&mut self) -> Result<Option<Thresholds>, Malformed> {
        let count = self.u8()?;
        if count == NONE_U8 {
            return Ok(None);
        }
        let amounts: Vec<i64> = (0..count).map(|_| self.i64()).collect::<Result<_, _>>()?;
        let thresholds =
            Thresholds::new(&amounts).map_err(|_| Malformed("thresholds are too many or out of bounds"))?;
        if thresholds.amounts() != amounts {
            return Err(Malformed("thresholds are not in order"));
        }
        Ok(Some(thresholds))
    }
    pub(crate) fn window(&mut self) -> Result<Window, Malformed> {
        self.window_or_none()?.ok_or(Malformed("a window is not day, month or hours"))
    }
    fn window_or_none(&mut self) -> Result<Option<Window>, Malformed> {
        Ok(match self.u8()? {
            0 => Some(Window::Day),
            1 => Some(Window::Month),
            2 => Some(Window::Hours(self.u16()?)),
            NONE_U8 => None,
            _ => return Err(Malformed("a window is not day, month or hours")),
        })
    }
    pub(crate) fn spend_limit(&mut self) -> Result<Option<SpendLimit>, Malformed> {
        let Some(per) = self.window_or_none()? else { return Ok(None) };
        let limit = SpendLimit { amount: self.u64()?, per };
        limit.check().map_err(|_| Malformed("a spending limit is out of bounds"))?;
        Ok(Some(limit))
    }
    fn lasting(&mut self) -> Result<Lasting, Malformed> {
        Ok(match self.u8()? {
            0 => Lasting::Never,
            1 => Lasting::AtNext,
            2 => Lasting::After(self.u32()?),
            _ => return Err(Malformed("how long coins last is not 0 to 2")),
        })
    }
    pub(crate) fn plan(&mut self) -> Result<Plan, Malformed> {
        let amount = self.u64()?;
        let unit = self.u8()?;
        let now = unit & PLAN_NOW != 0;
        let every = match (unit & !PLAN_NOW, self.u16()?) {
            (0, 0) => Every::Once,
            (1, days) => Every::Days(days),
            (2, months) => Every::Months(months),
            _ => return Err(Malformed("a period is not one of days or months")),
        };
        let (anchor, starts_at, ends_at) = (self.instant()?, self.instant()?, self.instant()?);
        let occurrences = Some(self.u32()?).filter(|count| *count > 0);
        let lasting = self.lasting()?;
        let priority = self.u8()?;
        let category = self.category()?;
        let rollover = match self.u64()? {
            0 => None,
            max => Some(Rollover { max, lasting: self.lasting()? }),
        };
        let plan =
            Plan { amount, every, anchor, starts_at, ends_at, occurrences, lasting, priority, category, rollover, now };
        plan.check().map_err(|_| Malformed("a schedule is out of bounds"))?;
        Ok(plan)
    }
    pub(crate) fn webhook_filter(&mut self) -> Result<WebhookFilter, Malformed> {
        let kinds = EventKinds::from_bits(self.u64()?).ok_or(Malformed("a kind of event is not known"))?;
        let (crossed, count) = (self.flag()?, self.u8()?);
        let coins: Vec<u16> = (0..count).map(|_| self.u16()).collect::<Result<_, _>>()?;
        let prefix = Some(self.text()?).filter(|prefix| !prefix.is_empty());
        Ok(WebhookFilter { kinds, coins: coins.into(), prefix: prefix.map(Into::into), crossed })
    }
    pub(crate) fn secret(&mut self) -> Result<Option<WebhookSecret>, Malformed> {
        let length = usize::from(self.u8()?);
        let bytes = self.bytes(length)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        WebhookSecret::new(bytes).map(Some).ok_or(Malformed("a secret has not 24 to 64 bytes"))
    }
    fn category(&mut self) -> Result<Category, Malformed> {
        match self.u8()? {
            0 => Ok(Category::Promotional),
            1 => Ok(Category::Paid),
            _ => Err(Malformed("a category is neither 0 nor 1")),
        }
    }
    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        let length = self.u32()? as usize;
        text(self.bytes(length)?)
    }
}

pub(crate) fn text(bytes: &[u8]) -> Result<&str, Malformed> {
    core::str::from_utf8(bytes).map_err(|_| Malformed("a text is not UTF-8"))
}

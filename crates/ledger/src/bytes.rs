//! Little-endian fields, written and read back with every length checked.

use crate::amount::MAX_AMOUNT;
use crate::lot::{Category, Lot, LotAmount, Marks};
use core::fmt;

/// Stands for "none" among instants.
const NO_INSTANT: i64 = i64::MIN;
/// Stands for "none" among 32-bit numbers.
pub(crate) const NONE_U32: u32 = u32::MAX;
/// Stands for "none" among amounts.
const NO_AMOUNT: u64 = u64::MAX;

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
        let category = match self.u8()? {
            0 => Category::Promotional,
            1 => Category::Paid,
            _ => return Err(Malformed("a category is neither 0 nor 1")),
        };
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
    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        let length = self.u32()? as usize;
        text(self.bytes(length)?)
    }
}

pub(crate) fn text(bytes: &[u8]) -> Result<&str, Malformed> {
    core::str::from_utf8(bytes).map_err(|_| Malformed("a text is not UTF-8"))
}

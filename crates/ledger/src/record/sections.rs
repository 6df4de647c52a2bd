//! The blob of a record: sections, each a tag, a length and bytes.

use super::Malformed;
use crate::amount::{Amount, MAX_AMOUNT};
use crate::bytes::{Fields, Put, text};
use crate::event::{Entry, Leg, Legs, Place};
use crate::lot::{Lot, LotAmount};
use crate::state::{AccountId, CoinId, UserId};
use crate::thresholds::Crossing;

/// What a section is. Numbers are never used again for something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Key = 1,
    Metadata = 2,
    /// A user's id, a coin's code, a node's name.
    Name = 3,
    /// What people call it.
    Title = 4,
    Terms = 5,
    Legs = 6,
    OpensA = 7,
    OpensB = 8,
    HeldA = 9,
    HeldB = 10,
    LotsA = 11,
    LotsB = 12,
    CrossedA = 13,
    CrossedB = 14,
    /// What the client called it, or the id of the schedule that led to it.
    Reference = 15,
}

const TAGS: usize = 16;

/// A length is one byte below 128; above, two bytes of 15 bits or, with both upper bits set, four of 30.
fn put_length(blob: &mut Vec<u8>, length: usize) {
    match length {
        0..0x80 => blob.put_u8(length as u8),
        0x80..0x4000 => blob.extend_from_slice(&(length as u16 | 0x8000).to_be_bytes()),
        // A blob is far below 2^30 bytes: 10,000 lots of 26 bytes, 8 KiB of metadata.
        _ => blob.extend_from_slice(&(length as u32 | 0xc000_0000).to_be_bytes()),
    }
}

fn length(fields: &mut Fields<'_>) -> Result<usize, Malformed> {
    let first = fields.u8()?;
    if first & 0x80 == 0 {
        return Ok(usize::from(first));
    }
    let mut value = usize::from(first & 0x3f);
    let more = if first & 0x40 == 0 { 1 } else { 3 };
    for _ in 0..more {
        value = value << 8 | usize::from(fields.u8()?);
    }
    Ok(value)
}

pub(super) fn put_section(blob: &mut Vec<u8>, tag: Tag, bytes: &[u8]) {
    blob.put_u8(tag as u8);
    put_length(blob, bytes.len());
    blob.extend_from_slice(bytes);
}

/// What of an entry is not in the record.
pub(super) fn put_entry(blob: &mut Vec<u8>, entry: &Entry, [opens, held, lots, crossed]: [Tag; 4]) {
    if let Some((user, coin)) = entry.opens {
        blob.put_u8(opens as u8);
        put_length(blob, 6);
        blob.put_u32(user.0);
        blob.put_u16(coin.0);
    }
    if entry.held != 0 {
        put_section(blob, held, &entry.held.to_le_bytes());
    }
    if let Some(after) = &entry.lots {
        let mut bytes = Vec::new();
        put_lots(&mut bytes, after);
        put_section(blob, lots, &bytes);
    }
    if let Some(crossings) = &entry.crossed {
        let mut bytes = Vec::new();
        for crossing in crossings {
            bytes.put_u8(u8::from(crossing.is_up));
            bytes.put_i64(crossing.threshold);
        }
        put_section(blob, crossed, &bytes);
    }
}

fn crossings(bytes: &[u8]) -> Result<Box<[Crossing]>, Malformed> {
    let mut fields = Fields::new(bytes);
    let mut crossings = Vec::new();
    while !fields.is_empty() {
        crossings.push(Crossing { is_up: fields.flag()?, threshold: fields.i64()? });
    }
    Ok(crossings.into())
}

fn put_lots(bytes: &mut Vec<u8>, lots: &[LotAmount]) {
    bytes.put_u32(lots.len() as u32);
    for part in lots {
        bytes.put_lot(part);
    }
}

pub(super) fn put_legs(blob: &mut Vec<u8>, legs: &Legs) {
    // One leg of one lot, as most are.
    let mut bytes = Vec::with_capacity(40);
    for leg in legs.iter() {
        bytes.put_u8(leg.from as u8);
        bytes.put_u8(leg.to as u8);
        bytes.put_u64(leg.amount);
        put_lots(&mut bytes, &leg.lots);
    }
    put_section(blob, Tag::Legs, &bytes);
}

pub(super) fn legs(bytes: &[u8]) -> Result<Legs, Malformed> {
    let mut fields = Fields::new(bytes);
    let first = leg(&mut fields)?;
    let mut rest = Vec::new();
    while !fields.is_empty() {
        rest.push(leg(&mut fields)?);
    }
    Ok(Legs { first, rest })
}

fn leg(fields: &mut Fields<'_>) -> Result<Leg, Malformed> {
    let (from, to) = (place(fields)?, place(fields)?);
    let (amount, lots) = (fields.u64()?, fields.lots()?);
    let sum: Amount = lots.iter().map(|part| part.amount).sum();
    if amount > MAX_AMOUNT || (!lots.is_empty() && sum != amount) {
        return Err(Malformed("lots don't sum to their leg's amount, or it is above 2^53-1"));
    }
    Ok(Leg { from, to, amount, lots })
}

/// Hands out the parts of all legs: from where, to where, which coins.
pub(super) fn each_part(bytes: &[u8], mut each: impl FnMut(Place, Place, LotAmount)) -> Result<(), Malformed> {
    let mut fields = Fields::new(bytes);
    while !fields.is_empty() {
        let (from, to) = (place(&mut fields)?, place(&mut fields)?);
        let (amount, count) = (fields.u64()?, fields.u32()?);
        if amount > MAX_AMOUNT {
            return Err(Malformed("a leg's amount is above 2^53-1"));
        }
        if count == 0 && amount > 0 {
            each(from, to, LotAmount { lot: Lot::PLAIN, amount });
        }
        let mut left = amount;
        for _ in 0..count {
            let part = fields.lot()?;
            left = left.checked_sub(part.amount).ok_or(Malformed("lots are more than their leg's amount"))?;
            each(from, to, part);
        }
        if count > 0 && left > 0 {
            return Err(Malformed("lots are less than their leg's amount"));
        }
    }
    Ok(())
}

/// The bytes of some sections, where they are there.
pub(super) fn find<const N: usize>(blob: &[u8], wanted: [Tag; N]) -> Result<[Option<&[u8]>; N], Malformed> {
    let mut found = [None; N];
    let mut fields = Fields::new(blob);
    while !fields.is_empty() {
        let tag = fields.u8()?;
        let length = length(&mut fields)?;
        let bytes = fields.bytes(length)?;
        if let Some(at) = wanted.iter().position(|wanted| *wanted as u8 == tag) {
            found[at] = Some(bytes);
        }
    }
    Ok(found)
}

fn place(fields: &mut Fields<'_>) -> Result<Place, Malformed> {
    Ok(match fields.u8()? {
        0 => Place::Issued,
        1 => Place::Spent,
        2 => Place::Expired,
        3 => Place::A,
        4 => Place::B,
        5 => Place::Hold,
        _ => return Err(Malformed("a place is not 0 to 5")),
    })
}

/// The text of a blob's first section if that is of this tag.
#[inline]
pub(super) fn text_if_first(blob: &[u8], tag: Tag) -> Option<&str> {
    if blob.first() != Some(&(tag as u8)) {
        return None;
    }
    let mut fields = Fields::new(&blob[1..]);
    let length = length(&mut fields).ok()?;
    text(fields.bytes(length).ok()?).ok()
}

/// Whether a blob has a section of one of these tags, or can't be read.
pub(super) fn has_any(blob: &[u8], tags: &[Tag]) -> bool {
    let mut fields = Fields::new(blob);
    while !fields.is_empty() {
        let Ok(tag) = fields.u8() else { return true };
        if tags.iter().any(|wanted| *wanted as u8 == tag) {
            return true;
        }
        let skipped = length(&mut fields).and_then(|length| fields.bytes(length));
        if skipped.is_err() {
            return true;
        }
    }
    false
}

/// The sections of one blob. Each occurs at most once, and each must be read.
#[derive(Debug)]
pub(super) struct Sections<'a> {
    by_tag: [&'a [u8]; TAGS],
    /// A bit for each section that is there and was not read yet.
    left: u16,
}

impl<'a> Sections<'a> {
    #[inline]
    pub(super) fn read(blob: &'a [u8]) -> Result<Self, Malformed> {
        let mut sections = Self { by_tag: [&[]; TAGS], left: 0 };
        if !blob.is_empty() {
            sections.find_in(blob)?;
        }
        Ok(sections)
    }

    fn find_in(&mut self, blob: &'a [u8]) -> Result<(), Malformed> {
        let mut fields = Fields::new(blob);
        while !fields.is_empty() {
            let tag = fields.u8()?;
            let length = length(&mut fields)?;
            let slot = self.by_tag.get_mut(usize::from(tag)).filter(|_| tag != 0);
            let slot = slot.ok_or(Malformed("a section is not known; a newer version may have written it"))?;
            if self.left & 1 << tag != 0 {
                return Err(Malformed("a section occurs twice"));
            }
            *slot = fields.bytes(length)?;
            self.left |= 1 << tag;
        }
        Ok(())
    }

    #[inline]
    pub(super) fn take(&mut self, tag: Tag) -> Option<&'a [u8]> {
        let bit = 1 << tag as u16;
        if self.left & bit == 0 {
            return None;
        }
        self.left &= !bit;
        Some(self.by_tag[tag as usize])
    }

    pub(super) fn text(&mut self, tag: Tag) -> Result<Option<&'a str>, Malformed> {
        self.take(tag).map(text).transpose()
    }

    #[inline]
    pub(super) fn entry(
        &mut self,
        account: AccountId,
        total: i64,
        prev: u64,
        skip: u64,
        [opens, held, lots, crossed]: [Tag; 4],
    ) -> Result<Entry, Malformed> {
        if self.left == 0 {
            return Ok(Entry { account, opens: None, total, held: 0, prev, skip, lots: None, crossed: None });
        }
        let opens = self.take(opens).map(|bytes| {
            let mut fields = Fields::new(bytes);
            Ok((UserId(fields.u32()?), CoinId(fields.u16()?)))
        });
        let held = self.take(held).map_or(Ok(0), |bytes| Fields::new(bytes).u64())?;
        let lots = self.take(lots).map(|bytes| Fields::new(bytes).lots()).transpose()?;
        let crossed = self.take(crossed).map(crossings).transpose()?;
        let (opens, lots) = (opens.transpose()?, lots.map(Into::into));
        Ok(Entry { account, opens, total, held, prev, skip, lots, crossed })
    }

    pub(super) fn check_all_used(&self) -> Result<(), Malformed> {
        if self.left != 0 {
            return Err(Malformed("a section does not belong to its kind"));
        }
        Ok(())
    }
}

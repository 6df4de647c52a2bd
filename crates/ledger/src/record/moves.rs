//! Which coins a record moves, read without the rest of its event: for whoever reads very many.

use super::sections::{self, Tag};
use super::{HAS_B, HAS_BLOB, RECORD_BYTES, kind, terms, usual_legs};
use crate::amount::MAX_AMOUNT;
use crate::bytes::Malformed;
use crate::event::{MovementKind, Place};
use crate::lot::LotAmount;
use crate::state::AccountId;

/// What of a movement says which coins it moves.
pub(crate) struct Moves<'a> {
    /// Whose coins.
    pub(crate) account: AccountId,
    pub(crate) kind: MovementKind,
    amount: u64,
    has_b: bool,
    legs: Option<&'a [u8]>,
}

impl<'a> Moves<'a> {
    /// Reads them; none if the record is of no movement.
    #[inline]
    pub(crate) fn read(record: &[u8; RECORD_BYTES], blob: &'a [u8]) -> Result<Option<Self>, Malformed> {
        if record[0] < kind::FIRST_MOVEMENT {
            return Ok(None);
        }
        let account = AccountId(u32::from_le_bytes(std::array::from_fn(|i| record[4 + i])));
        let amount = u64::from_le_bytes(std::array::from_fn(|i| record[16 + i]));
        if amount > MAX_AMOUNT {
            return Err(Malformed("an amount is above 2^53-1"));
        }
        let blob = if record[1] & HAS_BLOB == 0 { &[] } else { blob };
        let [terms, legs] = sections::find(blob, [Tag::Terms, Tag::Legs])?;
        let kind = terms::decode_kind(record[0], amount, terms)?;
        Ok(Some(Self { account, kind, amount, has_b: record[1] & HAS_B != 0, legs }))
    }

    /// Hands out the coins: from where, to where, which.
    #[inline]
    pub(crate) fn each_part(&self, mut each: impl FnMut(Place, Place, LotAmount)) -> Result<(), Malformed> {
        match self.legs {
            Some(bytes) => sections::each_part(bytes, each),
            None => {
                let leg = usual_legs(&self.kind, self.amount, self.has_b).first;
                leg.parts().for_each(|part| each(leg.from, leg.to, part));
                Ok(())
            }
        }
    }
}

//! What bounds an account.

use super::Judge;
use crate::amount::{Amount, MAX_AMOUNT};
use crate::event::Fact;
use crate::refusal::Refusal;

fn is_floor(floor: i64) -> bool {
    (-(MAX_AMOUNT as i64)..=0).contains(&floor)
}

/// Whether an account may have these limits.
pub(crate) fn are_allowed(floor: i64, ceiling: Amount) -> bool {
    is_floor(floor) && ceiling <= MAX_AMOUNT
}

pub(super) fn check(floor: i64, ceiling: Amount) -> Result<(), Refusal> {
    if !is_floor(floor) {
        return Err(Refusal::invalid("floor", format!("a floor is a whole number from -{MAX_AMOUNT} to 0")));
    }
    if ceiling > MAX_AMOUNT {
        return Err(Refusal::invalid("ceiling", format!("a ceiling is a whole number from 0 to {MAX_AMOUNT}")));
    }
    Ok(())
}

impl Judge<'_> {
    pub(super) fn put_limits<'a>(
        &self,
        user: &str,
        coin: &str,
        floor: i64,
        ceiling: Amount,
        frozen: bool,
    ) -> Result<Fact<'a>, Refusal> {
        let user = self.ledger.require_user(user)?;
        let coin = self.ledger.require_coin(coin)?;
        self.check_open(user)?;
        let entry = self.untouched_entry(self.party(user, coin));
        Ok(Fact::LimitsPut { entry, floor, ceiling, frozen })
    }
}

//! Open holds: filled, drawn on, extended, ended.

use super::Applied;
use crate::amount::{Amount, Micros};
use crate::event::Movement;
use crate::ledger::Ledger;
use crate::lot::LotAmount;
use crate::state::{AccountId, Due, Hold};

impl Ledger {
    pub(super) fn extend_hold(&mut self, id: u64, account: AccountId, expires_at: Micros) -> Applied {
        let mut hold = self.open_hold_of(id, account)?.clone();
        self.state.due.remove(&(hold.expires_at, Due::Hold(id)));
        self.state.due.insert((expires_at, Due::Hold(id)));
        hold.expires_at = expires_at;
        self.state.holds.insert(id, hold);
        Ok(())
    }

    pub(super) fn open_hold_of(&self, id: u64, account: AccountId) -> Result<&Hold, &'static str> {
        self.state.hold(id).filter(|hold| hold.account == account).ok_or("the account has no such open hold")
    }

    /// Takes in a hold that was filled.
    pub(super) fn open_hold(&mut self, id: u64, hold: Hold) -> Applied {
        if self.state.holds.contains_key(&id) {
            return Err("a hold is filled once");
        }
        if hold.to.is_some_and(|to| self.state.users.find(to.0).is_none()) {
            return Err("a hold leads to no user");
        }
        self.state.due.insert((hold.expires_at, Due::Hold(id)));
        self.state.holds_of.insert((hold.account, id));
        self.state.holds.insert(id, hold);
        Ok(())
    }

    pub(super) fn close_holds(&mut self, number: u64, movement: &Movement) -> Applied {
        let Some((id, ended_as)) = movement.kind.ends_hold() else {
            return Ok(());
        };
        let hold = self.state.holds.remove(&id).ok_or("there is no such open hold")?;
        if hold.held() != 0 {
            return Err("its hold ends with coins in it");
        }
        self.state.due.remove(&(hold.expires_at, Due::Hold(id)));
        self.state.holds_of.remove(&(hold.account, id));
        self.state.over.end_hold(id, ended_as, number);
        Ok(())
    }
}

/// Takes some coins out of a list of lots.
pub(super) fn take_part(lots: &mut Vec<LotAmount>, part: LotAmount) -> Applied {
    let at = lots.iter().position(|other| other.lot == part.lot).ok_or("the hold has no coins of that lot")?;
    let left: Amount = lots[at].amount.checked_sub(part.amount).ok_or("the hold has less of a lot than is taken")?;
    if left == 0 {
        lots.remove(at);
    } else {
        lots[at].amount = left;
    }
    Ok(())
}

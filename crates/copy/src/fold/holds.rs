//! Open holds, and what happens to them.

use super::{Applied, Fold, required};
use crate::batch::HoldRow;
use crate::event::Event;
use crate::instant;
use crate::lot::{self, Coins};
use crate::rows::storable;

/// An open hold.
#[derive(Clone, Debug)]
pub(crate) struct Hold {
    pub user: String,
    pub coin: u16,
    pub amount: i64,
    pub captured: i64,
    pub to: Option<String>,
    pub expires_at: i64,
    pub created_at: i64,
    /// What is left in it.
    pub lots: Vec<Coins>,
}

impl Hold {
    pub(super) fn held(&self) -> i64 {
        lot::sum(&self.lots)
    }
}

impl Fold {
    pub(super) fn open_hold(&mut self, event: &Event<'_>, at: i64, account: u32, lots: Vec<Coins>) -> Applied {
        let expires_at = event.expires_at.as_deref().and_then(instant::parse);
        let row = &self.accounts[account as usize];
        let hold = Hold {
            user: row.user.to_string(),
            coin: row.coin,
            amount: required(event.amount, "amount")?,
            captured: 0,
            to: event.to.as_deref().map(storable),
            expires_at: required(expires_at, "expires_at")?,
            created_at: at,
            lots,
        };
        let id = self.last_event;
        self.accounts[account as usize].holds.insert(id);
        self.put_hold(id, hold);
        Ok(())
    }

    pub(super) fn extend_hold(&mut self, event: &Event<'_>) -> Applied {
        let (id, mut hold) = self.hold_of(event)?;
        let expires_at = event.expires_at.as_deref().and_then(instant::parse);
        hold.expires_at = required(expires_at, "expires_at")?;
        self.put_hold(id, hold);
        Ok(())
    }

    /// The hold that an event is about, which is open.
    pub(super) fn hold_of(&self, event: &Event<'_>) -> Result<(i64, Hold), String> {
        let id = required(event.hold, "hold")? as i64;
        let hold = self.holds.get(&id).cloned();
        Ok((id, hold.ok_or_else(|| format!("there is no open hold {id}"))?))
    }

    /// A hold as it is from here on.
    pub(super) fn put_hold(&mut self, id: i64, hold: Hold) {
        let row = self.hold_row(&hold, "open", None);
        self.state.holds.insert(id, row);
        self.holds.insert(id, hold);
    }

    /// A hold has ended.
    pub(super) fn end_hold(&mut self, id: i64, hold: &Hold, state: &'static str, at: i64) {
        let row = self.hold_row(hold, state, Some(at));
        self.state.holds.insert(id, row);
        self.holds.remove(&id);
        if let Some(account) = self.find_account(&hold.user, hold.coin) {
            self.accounts[account as usize].holds.remove(&id);
        }
    }

    fn hold_row(&self, hold: &Hold, state: &'static str, ended_at: Option<i64>) -> HoldRow {
        HoldRow {
            user: hold.user.clone(),
            coin: self.coins[usize::from(hold.coin)].code.clone(),
            amount: hold.amount,
            captured: hold.captured,
            to: hold.to.clone(),
            state,
            expires_at: hold.expires_at,
            created_at: hold.created_at,
            ended_at,
            lots: if ended_at.is_some() { Vec::new() } else { hold.lots.clone() },
            last_event: self.last_event,
        }
    }
}

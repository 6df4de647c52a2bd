//! Coins that go back.

use super::movement::Accounts;
use super::{Applied, Fold, required};
use crate::event::Event;
use crate::lot::{self, Coins, Lot};

impl Fold {
    /// The event names the coins where they arrive: those that are good first, then those that had expired, and of a transfer with a
    /// debt then the owed ones in the same way.
    pub(super) fn reverse(&mut self, event: &Event<'_>, accounts: Accounts, parts: &[Coins], amount: i64) -> Applied {
        let of = required(event.of, "of")? as i64;
        let of_kind = required(event.of_kind.as_deref(), "of_kind")?;
        if of_kind == "grant" {
            self.state.grants_changed.entry(of).or_default().0 += amount;
            return self.take_all(accounts.first, parts);
        }
        // The one that gets coins back is named second where there are two.
        let Some(home) = accounts.other else {
            let (alive, _) = lot::split(parts, amount - event.expired);
            self.put_all(accounts.first, &alive);
            return Ok(());
        };
        if of_kind != "transfer" {
            self.accounts[accounts.first as usize].plain -= amount;
            let (alive, _) = lot::split(parts, amount - event.expired);
            self.put_all(home, &alive);
            return Ok(());
        }
        let debt = event.debt.unwrap_or(0);
        let owed = if debt > 0 { self.owed_lots(accounts.first, parts, debt)? } else { Vec::new() };
        let there: Vec<Coins> = less(parts, &owed);
        self.take_all(accounts.first, &there)?;
        self.accounts[accounts.first as usize].plain -= lot::sum(&owed);
        if event.expired == 0 {
            self.put_all(home, parts);
            return Ok(());
        }
        let at = crate::instant::parse(&event.at);
        let alive: Vec<Coins> =
            parts.iter().copied().filter(|part| at.is_none_or(|at| part.lot.expires_at > at)).collect();
        if lot::sum(&alive) != amount - event.expired {
            return Err("what had expired of the coins that go back is not what the event says".to_owned());
        }
        self.put_all(home, &alive);
        Ok(())
    }

    /// Which of the coins are owed, and are not plain: what the giver has no more, looked for in the order in which they go back.
    fn owed_lots(&self, giver: u32, parts: &[Coins], debt: i64) -> Result<Vec<Coins>, String> {
        let account = &self.accounts[giver as usize];
        let mut available = (account.total - account.held).max(0);
        let mut merged: Vec<Coins> = Vec::new();
        for part in parts {
            lot::put(&mut merged, *part);
        }
        merged.sort_by_key(|coins| std::cmp::Reverse(coins.lot));
        let mut owed = Vec::new();
        let mut missing = 0;
        for part in merged {
            let there = account.amount_of(&part.lot).min(part.amount).min(available);
            available -= there;
            missing += part.amount - there;
            if part.amount > there && !part.lot.is_plain() {
                owed.push(Coins { lot: part.lot, amount: part.amount - there });
            }
        }
        if missing == debt { Ok(owed) } else { Err(format!("{missing} are owed, and the event says {debt}")) }
    }
}

/// The coins without others that are among them, lots that come more than once together.
fn less(parts: &[Coins], others: &[Coins]) -> Vec<Coins> {
    let mut rest: Vec<Coins> = Vec::new();
    for part in parts {
        lot::put(&mut rest, *part);
    }
    let amount_in = |lot: &Lot| others.iter().filter(|other| other.lot == *lot).map(|other| other.amount).sum::<i64>();
    let rest = rest.into_iter().map(|part| Coins { amount: part.amount - amount_in(&part.lot), ..part });
    rest.filter(|part| part.amount > 0).collect()
}

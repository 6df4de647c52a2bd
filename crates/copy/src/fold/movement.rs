//! Coins on the move: totals by the postings of the event, lots by what it names of them.

use super::{Applied, Fold, required};
use crate::batch::{Change, Entries, GrantRow};
use crate::event::Event;
use crate::instant::{self, NEVER};
use crate::lot::{self, Coins, Lot};
use crate::postings::{Party, Posting, postings};
use crate::rows::storable;

/// The accounts of an event: the one that it is about first, and the other user's.
#[derive(Clone, Copy)]
pub(super) struct Accounts {
    pub first: u32,
    pub other: Option<u32>,
}

impl Fold {
    pub(super) fn move_coins(&mut self, event: &Event<'_>, at: i64) -> Applied {
        let lines = postings(event)?;
        let coin = self.coin(required(event.coin.as_deref(), "coin")?);
        let first = self.account(required(event.first_user(), "user")?, coin);
        // Whom a hold is to pay has no part in it yet.
        let other = event.to.as_deref().filter(|_| event.kind != "hold");
        let accounts = Accounts { first, other: other.map(|user| self.account(user, coin)) };
        let parts: Option<Vec<Coins>> = event.lots.iter().map(Coins::of).collect();
        self.move_lots(event, at, accounts, &required(parts, "lots that this version understands")?)?;
        let mut entries = Entries::of(event, &lines);
        for (account, change) in
            [(accounts.first, &mut entries.user), (accounts.other.unwrap_or(first), &mut entries.other)]
        {
            if let Some(change) = change {
                self.move_total(account, change)?;
            }
        }
        self.is_whole(event, &lines)?;
        let row = &mut self.coins[usize::from(coin)];
        row.issued -= entries.issued;
        row.spent += entries.spent;
        row.expired += entries.expired;
        self.entries = entries;
        Ok(())
    }

    /// An account becomes what the event says, which must follow from what it was.
    fn move_total(&mut self, account: u32, change: &mut Change) -> Applied {
        let account = &mut self.accounts[account as usize];
        if account.total + change.amount != change.total_after {
            return Err(format!(
                "{} had {}, {:+} makes {}, and the event says {}",
                account.user,
                account.total,
                change.amount,
                account.total + change.amount,
                change.total_after
            ));
        }
        change.held = change.held_after - account.held;
        (account.total, account.held) = (change.total_after, change.held_after);
        if account.adds_up() {
            Ok(())
        } else {
            Err(format!("the lots of {} don't add up to its balance", account.user))
        }
    }

    /// Each account that changes is named with its balance, and no other is.
    fn is_whole(&self, event: &Event<'_>, lines: &[Posting<'_>]) -> Applied {
        for (party, _) in lines {
            if let Party::User(user) = party
                && !event.balances.0.iter().any(|(named, _)| **named == **user)
            {
                return Err(format!("it does not say what {user} has then"));
            }
        }
        for (named, _) in &event.balances.0 {
            if Some(&**named) != event.first_user() && Some(&**named) != event.to.as_deref() {
                return Err(format!("it names a balance of {}", &**named));
            }
        }
        Ok(())
    }

    fn move_lots(&mut self, event: &Event<'_>, at: i64, accounts: Accounts, parts: &[Coins]) -> Applied {
        let amount = required(event.amount, "amount")?;
        match event.kind {
            "grant" => {
                self.put_all(accounts.first, parts);
                self.note_grant(event, at, parts)
            }
            "adjustment" => self.adjust(event, accounts.first, parts, amount),
            "spend" => {
                self.take_all(accounts.first, parts)?;
                self.pay(accounts.other, amount);
                Ok(())
            }
            "transfer" => {
                self.take_all(accounts.first, parts)?;
                self.put_all(required(accounts.other, "to")?, parts);
                Ok(())
            }
            "expire" => self.take_all(accounts.first, parts),
            "hold" => {
                self.take_all(accounts.first, parts)?;
                self.open_hold(event, at, accounts.first, parts.to_vec())
            }
            "capture" => self.capture(event, at, accounts, parts, amount),
            "release" => self.give_back(event, at, accounts.first, "released"),
            "hold_expired" => self.give_back(event, at, accounts.first, "expired"),
            "rollover" => self.roll_over(event, at, accounts.first, parts, amount),
            "reverse" => self.reverse(event, accounts, parts, amount),
            other => Err(format!("kind `{other}` is not known")),
        }
    }

    pub(super) fn put_all(&mut self, account: u32, parts: &[Coins]) {
        for part in parts {
            self.accounts[account as usize].put(*part);
        }
    }

    pub(super) fn take_all(&mut self, account: u32, parts: &[Coins]) -> Applied {
        parts.iter().try_for_each(|part| self.accounts[account as usize].take(*part))
    }

    /// Coins that are paid to a user arrive as plain ones; what is spent leaves.
    fn pay(&mut self, to: Option<u32>, amount: i64) {
        if let Some(to) = to {
            self.accounts[to as usize].plain += amount;
        }
    }

    fn note_grant(&mut self, event: &Event<'_>, at: i64, parts: &[Coins]) -> Applied {
        let expires_at = event.expires_at.as_deref().map_or(Some(NEVER), instant::parse);
        let due_at = event.due_at.as_deref().and_then(instant::parse);
        self.state.grants.push(GrantRow {
            event: self.last_event,
            at,
            kind: "grant",
            user: storable(required(event.first_user(), "user")?),
            coin: required(event.coin.as_deref(), "coin")?.to_owned(),
            amount: required(event.amount, "amount")?,
            expires_at: required(expires_at, "expires_at")?,
            priority: event.priority.map_or(50, i16::from),
            category: lot::category(lot::is_promotional(event.category.as_deref())),
            is_lot: parts.iter().any(|part| !part.lot.is_plain()),
            schedule: event.schedule.as_deref().map(storable),
            occurrence: event.occurrence,
            due_at,
            reference: event.reference.as_deref().map(storable),
        });
        if event.schedule.is_some() { self.note_occurrence(event, due_at) } else { Ok(()) }
    }

    fn adjust(&mut self, event: &Event<'_>, account: u32, parts: &[Coins], amount: i64) -> Applied {
        let is_down = event.direction.as_deref() == Some("down");
        let grant = parts.iter().find(|part| !part.lot.is_plain()).map(|part| part.lot.grant);
        if let Some(grant) = grant {
            let changed = self.state.grants_changed.entry(grant).or_default();
            *(if is_down { &mut changed.0 } else { &mut changed.1 }) += amount;
        }
        if is_down {
            return self.take_all(account, parts);
        }
        self.put_all(account, parts);
        Ok(())
    }

    fn capture(&mut self, event: &Event<'_>, at: i64, accounts: Accounts, parts: &[Coins], amount: i64) -> Applied {
        let (id, mut hold) = self.hold_of(event)?;
        // What was held is named before what was taken in addition.
        let of_hold = amount.min(hold.held());
        let (_, more) = lot::split(parts, of_hold);
        let (_, left) = lot::split(&hold.lots, of_hold);
        self.take_all(accounts.first, &more)?;
        self.pay(accounts.other, amount);
        hold.captured += of_hold;
        hold.lots = left;
        if event.state.as_deref() == Some("open") {
            self.put_hold(id, hold);
            return Ok(());
        }
        self.return_held(event, accounts.first, std::mem::take(&mut hold.lots))?;
        self.end_hold(id, &hold, "captured", at);
        Ok(())
    }

    fn give_back(&mut self, event: &Event<'_>, at: i64, account: u32, state: &'static str) -> Applied {
        let (id, mut hold) = self.hold_of(event)?;
        self.return_held(event, account, std::mem::take(&mut hold.lots))?;
        self.end_hold(id, &hold, state, at);
        Ok(())
    }

    /// Held coins go back; of those the event says how many had expired, which are the ones that expire first.
    fn return_held(&mut self, event: &Event<'_>, account: u32, mut lots: Vec<Coins>) -> Applied {
        lots.sort_by_key(|coins| coins.lot.expires_at);
        let (gone, alive) = lot::split(&lots, event.expired);
        let is_cut = gone.last().zip(alive.first()).is_some_and(|(gone, alive)| gone.lot == alive.lot);
        if is_cut || lot::sum(&gone) != event.expired {
            return Err("what expired of the hold is not whole lots of it".to_owned());
        }
        self.put_all(account, &alive);
        Ok(())
    }

    fn roll_over(&mut self, event: &Event<'_>, at: i64, account: u32, parts: &[Coins], amount: i64) -> Applied {
        let expires_at = event.expires_at.as_deref().map_or(Some(NEVER), instant::parse);
        let expires_at = required(expires_at, "expires_at")?;
        let (priority, is_promotional) = self.marks_of_schedule(event)?;
        let to = Lot { grant: self.last_event, expires_at, priority, is_promotional };
        self.state.grants.push(GrantRow {
            event: self.last_event,
            at,
            kind: "rollover",
            user: storable(required(event.first_user(), "user")?),
            coin: required(event.coin.as_deref(), "coin")?.to_owned(),
            amount,
            expires_at,
            priority,
            category: lot::category(is_promotional),
            is_lot: true,
            schedule: event.schedule.as_deref().map(storable),
            occurrence: event.occurrence,
            due_at: event.due_at.as_deref().and_then(instant::parse),
            reference: None,
        });
        let Some(from) = parts.first().map(|part| part.lot) else { return Ok(()) };
        // Available coins go before held ones, and of those the ones of the oldest hold.
        let row = &mut self.accounts[account as usize];
        let available = row.amount_of(&from).min(amount);
        row.take(Coins { lot: from, amount: available })?;
        row.put(Coins { lot: to, amount: available });
        let mut left = amount - available;
        let holds: Vec<i64> = row.holds.iter().copied().collect();
        for id in holds {
            let Some(hold) = self.holds.get(&id) else { continue };
            let Some(place) = hold.lots.iter().position(|coins| coins.lot == from) else { continue };
            let now = hold.lots[place].amount.min(left);
            if now > 0 {
                let mut hold = hold.clone();
                hold.lots.insert(place + 1, Coins { lot: to, amount: now });
                lot::take(&mut hold.lots, Coins { lot: from, amount: now });
                self.put_hold(id, hold);
                left -= now;
            }
        }
        if left == 0 { Ok(()) } else { Err(format!("{left} more roll over than there are")) }
    }
}

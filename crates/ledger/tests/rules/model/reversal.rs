//! Coins that go back where they came from.

use super::money::{Pile, alive, named, signed, sum};
use super::{Done, Model, Moved, invalid};
use tocos_ledger::{Amount, Lot, LotAmount, MAX_AMOUNT, Marks, Micros, Mode, Refusal, Taking};

/// Takes `wanted` from the end of a list of piles; coins of one lot in one pile.
fn take_back(piles: &mut Vec<Pile>, mut wanted: i64) -> Vec<Pile> {
    let mut back: Vec<Pile> = Vec::new();
    while wanted > 0 {
        let mut last = piles.pop().unwrap();
        let amount = last.amount.min(wanted);
        wanted -= amount;
        match back.iter_mut().find(|pile| pile.lot == last.lot) {
            Some(pile) => pile.amount += amount,
            None => back.push(Pile { amount, ..last }),
        }
        last.amount -= amount;
        if last.amount > 0 {
            piles.push(last);
        }
    }
    back
}

/// The coins of a grant, with plain ones in place of those that are owed.
fn owed_named(mut lots: Vec<LotAmount>, debt: i64) -> Vec<LotAmount> {
    // A grant is one lot.
    let debt = debt.unsigned_abs();
    let [part] = &mut lots[..] else { panic!("{lots:?}") };
    if part.lot != Lot::PLAIN {
        part.amount -= debt;
        lots.push(LotAmount { lot: Lot::PLAIN, amount: debt });
        lots.retain(|part| part.amount > 0);
    }
    lots
}

impl Model {
    pub(super) fn reverse(
        &mut self,
        of: u64,
        requested: Option<Amount>,
        renew: Option<Micros>,
        taking: Taking,
    ) -> Result<Done, Refusal> {
        if of == 0 || of > self.last_event() {
            return Err(Refusal::EventNotFound { event: of });
        }
        let Some(mut moved) = self.moved.get(&of).cloned() else {
            return Err(Refusal::NotReversible { event: of, kind: self.events[usize::try_from(of - 1).unwrap()] });
        };
        let (user, coin) = (moved.user.clone(), moved.coin.clone());
        let giver = if moved.kind == "grant" { Some(user.clone()) } else { moved.got.clone() };
        self.check_open(&user)?;
        if let Some(giver) = &giver {
            self.check_open(giver)?;
            self.check_not_frozen(giver, &coin)?;
        }
        if renew.is_some_and(|at| at <= self.now) {
            return Err(invalid("renew_expires_at"));
        }
        if moved.kind == "expire" && renew.is_none() {
            return Err(invalid("renew_expires_at"));
        }
        let remaining = sum(&moved.piles);
        let mut amount = requested.map_or(remaining, signed);
        if taking.mode == Mode::UpTo {
            amount = amount.min(remaining);
        }
        if remaining == 0 || amount > remaining {
            return Err(Refusal::AlreadyReversed { event: of, remaining: remaining.unsigned_abs() });
        }
        if taking == (Taking { mode: Mode::UpTo, debt: false })
            && let Some(giver) = &giver
        {
            amount = self.still_there(&moved, giver, amount);
        }
        let back = take_back(&mut moved.piles, amount);
        let (groups, debt) = match &giver {
            Some(giver) if taking.debt => self.take_or_owe(&moved, giver, &back)?,
            _ => {
                self.take_from_giver(&moved, giver.as_deref(), &back)?;
                (vec![back.clone()], 0)
            }
        };
        let (lots, expired) = if moved.kind == "grant" {
            self.coins.get_mut(&coin).unwrap().issued -= i128::from(amount);
            (named(&back), 0)
        } else {
            self.bring_home(&moved, &groups, renew)?
        };
        let moved_kind = moved.kind;
        if ["spend", "transfer", "capture"].contains(&moved_kind) {
            self.give_back(&user, &coin, moved.at, amount);
        }
        self.moved.insert(of, moved);
        let lots = if moved_kind == "grant" && debt > 0 { owed_named(lots, debt) } else { lots };
        Ok(Done { kind: "reverse", amount: amount.unsigned_abs(), lots, expired, moved: None })
    }

    /// How many coins go back, one after the other, until one of them is not there.
    fn still_there(&self, moved: &Moved, giver: &str, wanted: i64) -> i64 {
        let purse = self.purse(giver, &moved.coin).unwrap();
        let spare = purse.available().max(0);
        if moved.kind == "spend" || moved.kind == "capture" {
            return purse.of_lot(&Lot::PLAIN).clamp(0, wanted).min(spare);
        }
        let mut count = 0;
        for pile in take_back(&mut moved.piles.clone(), wanted) {
            let here = purse.of_lot(&pile.lot).clamp(0, pile.amount).min(spare - count);
            count += here;
            if here < pile.amount {
                break;
            }
        }
        count
    }

    /// Takes what is there of these coins, and plain coins in place of the rest, even if there are none. Returns how many those are,
    /// and the coins as they come home: lots of a transfer that are owed come last.
    fn take_or_owe(&mut self, moved: &Moved, giver: &str, back: &[Pile]) -> Result<(Vec<Vec<Pile>>, i64), Refusal> {
        let coin = moved.coin.as_str();
        let plain = [Pile { lot: Lot::PLAIN, amount: sum(back) }];
        let paid = moved.kind == "spend" || moved.kind == "capture";
        let purse = self.purse(giver, coin).unwrap();
        let mut spare = purse.available().max(0);
        let mut changes = Vec::new();
        let (mut debt, mut there, mut owed) = (0, Vec::new(), Vec::new());
        for pile in if paid { &plain } else { back } {
            let here = purse.of_lot(&pile.lot).clamp(0, pile.amount).min(spare);
            spare -= here;
            changes.push((pile.lot, -here));
            changes.push((Lot::PLAIN, here - pile.amount));
            debt += pile.amount - here;
            if pile.lot == Lot::PLAIN {
                there.push(*pile);
            } else {
                there.push(Pile { amount: here, ..*pile });
                owed.push(Pile { amount: pile.amount - here, ..*pile });
            }
        }
        if purse.of_lot(&Lot::PLAIN) - debt < -signed(MAX_AMOUNT) {
            return Err(self.short(giver, coin, sum(back) - debt, sum(back).unsigned_abs()));
        }
        // What is owed for lots goes to `@spent`, and the lots come from there.
        if moved.kind == "transfer" {
            self.check_count(coin, self.coins[coin].spent, sum(&owed))?;
            if debt > 0 {
                self.check_count(coin, self.coins[coin].issued + self.coins[coin].owed, debt)?;
            }
        }
        if !paid {
            self.coins.get_mut(coin).unwrap().owed += i128::from(debt);
        }
        for (lot, by) in changes {
            self.purse_mut(giver, coin).change(lot, by);
        }
        there.retain(|pile| pile.amount > 0);
        owed.retain(|pile| pile.amount > 0);
        let groups = if moved.kind == "transfer" { vec![there, owed] } else { vec![back.to_vec()] };
        Ok((groups, debt))
    }

    /// The giver must still have those very coins, and have them to give; `@spent` and `@expired` always have.
    fn take_from_giver(&mut self, moved: &Moved, giver: Option<&str>, back: &[Pile]) -> Result<(), Refusal> {
        let coin = moved.coin.as_str();
        let Some(giver) = giver else {
            let figures = self.coins.get_mut(coin).unwrap();
            let from = if moved.kind == "expire" { &mut figures.expired } else { &mut figures.spent };
            *from -= i128::from(sum(back));
            return Ok(());
        };
        let plain = [Pile { lot: Lot::PLAIN, amount: sum(back) }];
        let paid = moved.kind == "spend" || moved.kind == "capture";
        let wanted = if paid { &plain } else { back };
        let purse = self.purse(giver, coin).unwrap();
        let there: i64 = wanted.iter().map(|pile| purse.of_lot(&pile.lot).clamp(0, pile.amount)).sum();
        let there = there.min(purse.available().max(0));
        if there < sum(back) {
            return Err(self.short(giver, coin, there, sum(back).unsigned_abs()));
        }
        for pile in wanted {
            self.purse_mut(giver, coin).change(pile.lot, -pile.amount);
        }
        Ok(())
    }

    /// To the lots they came from, or renewed, or to `@expired`.
    fn bring_home(
        &mut self,
        moved: &Moved,
        groups: &[Vec<Pile>],
        renew: Option<Micros>,
    ) -> Result<(Vec<LotAmount>, Amount), Refusal> {
        let (mut all, mut coming, mut expired) = (Vec::new(), Vec::new(), Vec::new());
        for back in groups {
            let (mut home, mut renewed, mut gone) = (Vec::new(), Vec::new(), Vec::new());
            for pile in back {
                match renew {
                    _ if alive(&pile.lot, self.now) => home.push(*pile),
                    Some(_) => {
                        let marks = Marks { expires_at: renew, ..pile.lot.marks };
                        renewed.push(Pile { lot: Lot { marks, ..pile.lot }, ..*pile });
                    }
                    None => gone.push(*pile),
                }
            }
            home.extend(renewed);
            coming.extend_from_slice(&home);
            expired.extend_from_slice(&gone);
            all.extend(home);
            all.extend(gone);
        }
        self.check_ceiling(&moved.user, &moved.coin, sum(&coming))?;
        self.purse_mut(&moved.user, &moved.coin).put(&coming);
        self.coins.get_mut(&moved.coin).unwrap().expired += i128::from(sum(&expired));
        Ok((named(&all), sum(&expired).unsigned_abs()))
    }
}

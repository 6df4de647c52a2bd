//! Coins that go back where they came from.

use super::money::{Pile, alive, named, signed, sum};
use super::{Done, Model, Moved, invalid};
use tocos_ledger::{Amount, Lot, Marks, Micros, Refusal};

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

impl Model {
    pub(super) fn reverse(
        &mut self,
        of: u64,
        requested: Option<Amount>,
        renew: Option<Micros>,
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
        let amount = requested.map_or(remaining, signed);
        if remaining == 0 || amount > remaining {
            return Err(Refusal::AlreadyReversed { event: of, remaining: remaining.unsigned_abs() });
        }
        let back = take_back(&mut moved.piles, amount);
        self.take_from_giver(&moved, giver.as_deref(), &back)?;
        let (lots, expired) = if moved.kind == "grant" {
            self.coins.get_mut(&coin).unwrap().issued -= i128::from(amount);
            (named(&back), 0)
        } else {
            self.bring_home(&moved, back, renew)?
        };
        self.moved.insert(of, moved);
        Ok(Done { kind: "reverse", amount: amount.unsigned_abs(), lots, expired, moved: None })
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
        back: Vec<Pile>,
        renew: Option<Micros>,
    ) -> Result<(Vec<tocos_ledger::LotAmount>, Amount), Refusal> {
        let (mut home, mut renewed, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        for pile in back {
            match renew {
                _ if alive(&pile.lot, self.now) => home.push(pile),
                Some(_) => {
                    let marks = Marks { expires_at: renew, ..pile.lot.marks };
                    renewed.push(Pile { lot: Lot { marks, ..pile.lot }, ..pile });
                }
                None => gone.push(pile),
            }
        }
        home.extend(renewed);
        self.check_ceiling(&moved.user, &moved.coin, sum(&home))?;
        self.purse_mut(&moved.user, &moved.coin).put(&home);
        self.coins.get_mut(&moved.coin).unwrap().expired += i128::from(sum(&gone));
        let expired = sum(&gone).unsigned_abs();
        home.extend(gone);
        Ok((named(&home), expired))
    }
}

//! Thresholds and spending limits, counted by going through all that was spent.

use super::money::signed;
use super::{Done, Model};
use std::collections::BTreeMap;
use tocos_ledger::{Amount, Micros, Refusal, SECOND_US, SpendLimit, Window};

/// What an account, or a coin, says of itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    pub(crate) thresholds: Option<Vec<i64>>,
    pub(crate) limit: Option<SpendLimit>,
}

/// What was spent of an account, for windows of one kind: by part of time.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    per: Window,
    parts: BTreeMap<i64, i64>,
}

/// That the available coins of a user went across a threshold: user, threshold, upwards.
pub(crate) type Crossed = (String, i64, bool);

pub(super) const DAY: Micros = 86_400 * SECOND_US;

fn part(per: Window, at: Micros) -> i64 {
    match per {
        Window::Day => at / DAY,
        Window::Month => month(at / DAY),
        // A sixtieth of an hour is a minute.
        Window::Hours(hours) => at / (i64::from(hours) * 60 * SECOND_US),
    }
}

/// The month of a day since 1970, by counting.
fn month(day: i64) -> i64 {
    let mut left = day;
    for month in 0.. {
        left -= days_of(month);
        if left < 0 {
            return month;
        }
    }
    unreachable!("time goes on")
}

pub(super) fn days_of(month: i64) -> i64 {
    let year = 1970 + month / 12;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][usize::try_from(month % 12).unwrap()]
}

/// When a part of time begins.
fn start(per: Window, part: i64) -> Micros {
    match per {
        Window::Day => part * DAY,
        Window::Month => (0..part).map(days_of).sum::<i64>() * DAY,
        Window::Hours(hours) => part * i64::from(hours) * 60 * SECOND_US,
    }
}

/// The part of time from which on one no longer counts.
fn over(per: Window, part: i64) -> i64 {
    part + if matches!(per, Window::Hours(_)) { 61 } else { 1 }
}

impl Model {
    pub(super) fn put_thresholds(
        &mut self,
        user: Option<&str>,
        coin: &str,
        thresholds: Option<Vec<i64>>,
    ) -> Result<Done, Refusal> {
        self.rules_of(user, coin)?.thresholds = thresholds;
        Ok(Done::plainly("thresholds"))
    }

    pub(super) fn put_spend_limit(
        &mut self,
        user: Option<&str>,
        coin: &str,
        limit: Option<SpendLimit>,
    ) -> Result<Done, Refusal> {
        self.rules_of(user, coin)?.limit = limit;
        Ok(Done::plainly("spend_limit"))
    }

    fn rules_of(&mut self, user: Option<&str>, coin: &str) -> Result<&mut Rules, Refusal> {
        user.map_or(Ok(()), |user| self.find_user(user))?;
        self.find_coin(coin)?;
        let Some(user) = user else { return Ok(self.coin_rules.entry(coin.to_owned()).or_default()) };
        self.check_open(user)?;
        Ok(&mut self.purse_mut(user, coin).rules)
    }

    pub(super) fn spend_limit(&self, user: &str, coin: &str) -> Option<SpendLimit> {
        let own = self.purse(user, coin).and_then(|purse| purse.rules.limit);
        own.or(self.coin_rules.get(coin).and_then(|rules| rules.limit))
    }

    /// What may be spent yet, and when that changes by itself.
    fn spending(&self, user: &str, coin: &str) -> Option<(Amount, Option<Micros>)> {
        let limit = self.spend_limit(user, coin)?;
        let current = part(limit.per, self.now);
        let counted = self.purse(user, coin).and_then(|purse| purse.counted.as_ref());
        let parts: Vec<(i64, i64)> = counted.filter(|counted| counted.per == limit.per).map_or(Vec::new(), |counted| {
            counted
                .parts
                .iter()
                .map(|(part, sum)| (*part, *sum))
                .filter(|(p, _)| current < over(limit.per, *p))
                .collect()
        });
        let used = parts.iter().map(|(_, sum)| sum).sum::<i64>() + self.held(user, coin);
        let left = (signed(limit.amount) - used).max(0).unsigned_abs();
        let resets_at = match limit.per {
            Window::Hours(_) => parts.first().map(|(part, _)| start(limit.per, over(limit.per, *part))),
            per => Some(start(per, current + 1)),
        };
        Some((left, resets_at))
    }

    pub(super) fn spendable(&self, user: &str, coin: &str) -> i64 {
        self.spending(user, coin).map_or(i64::MAX, |(left, _)| signed(left))
    }

    pub(super) fn check_spend_limit(&self, user: &str, coin: &str, needed: Amount) -> Result<(), Refusal> {
        match self.spending(user, coin) {
            Some((left, resets_at)) if needed > left => {
                let (user, coin) = (user.into(), coin.into());
                Err(Refusal::SpendLimitReached { user, coin, left, needed, resets_at })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn count_spent(&mut self, user: &str, coin: &str, amount: i64) {
        let Some(limit) = self.spend_limit(user, coin) else { return };
        if amount == 0 {
            return;
        }
        let now = self.now;
        let counted = &mut self.purse_mut(user, coin).counted;
        if counted.as_ref().is_none_or(|counted| counted.per != limit.per) {
            *counted = Some(Counted { per: limit.per, parts: BTreeMap::new() });
        }
        *counted.as_mut().unwrap().parts.entry(part(limit.per, now)).or_default() += amount;
    }

    pub(super) fn give_back(&mut self, user: &str, coin: &str, spent_at: Micros, amount: i64) {
        let Some(limit) = self.spend_limit(user, coin) else { return };
        let Some(counted) = &mut self.purse_mut(user, coin).counted else { return };
        if counted.per == limit.per
            && let Some(sum) = counted.parts.get_mut(&part(limit.per, spent_at))
        {
            *sum = (*sum - amount).max(0);
        }
        counted.parts.retain(|_, sum| *sum > 0);
    }

    /// What each user has available of each coin, with the thresholds that count.
    pub(super) fn levels(&self) -> BTreeMap<(String, String), i64> {
        self.purses
            .iter()
            .map(|purse| ((purse.user.clone(), purse.coin.clone()), self.available(&purse.user, &purse.coin)))
            .collect()
    }

    /// The thresholds that were crossed since, by user.
    pub(super) fn crossed_since(&self, before: &BTreeMap<(String, String), i64>) -> Vec<Crossed> {
        let mut crossed = Vec::new();
        for ((user, coin), after) in self.levels() {
            let before = before.get(&(user.clone(), coin.clone())).copied().unwrap_or(0);
            let own = self.purse(&user, &coin).and_then(|purse| purse.rules.thresholds.clone());
            let coins = self.coin_rules.get(&coin).and_then(|rules| rules.thresholds.clone());
            let mut thresholds = own.or(coins).unwrap_or_default();
            thresholds.sort_unstable();
            thresholds.dedup();
            for threshold in &thresholds {
                if before <= *threshold && *threshold < after {
                    crossed.push((user.clone(), *threshold, true));
                }
            }
            for threshold in thresholds.iter().rev() {
                if after <= *threshold && *threshold < before {
                    crossed.push((user.clone(), *threshold, false));
                }
            }
        }
        crossed
    }
}

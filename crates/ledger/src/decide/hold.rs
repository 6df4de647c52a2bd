//! Reserving coins, giving them back, and reserving them for longer.

use super::Judge;
use crate::amount::{Amount, Micros, SECOND_US};
use crate::event::{Fact, HoldEnd, HoldTerms, Leg, Legs, MovementKind, Place};
use crate::lot::LotAmount;
use crate::operation::{HOLD_TIMEOUT_S_MAX, Until};
use crate::refusal::Refusal;
use crate::state::Hold;

impl Judge<'_> {
    pub(super) fn hold<'a>(
        &self,
        user: &str,
        coin: &str,
        amount: Amount,
        until: Until,
        to: Option<&str>,
    ) -> Result<Fact<'a>, Refusal> {
        let user = self.ledger.first_user(self.staged, user)?;
        let to = to.map(|id| self.ledger.second_user(self.staged, id)).transpose()?;
        let coin = self.ledger.require_coin(coin)?;
        self.check_open(user)?;
        to.map_or(Ok(()), |to| self.check_open(to))?;
        let party = self.party(user, coin);
        self.check_not_frozen(party)?;
        let (expires_at, timeout_s) = match until {
            Until::At(at) => (self.hold_end("expires_at", at)?, None),
            Until::InSeconds(s) => (self.hold_end("timeout_s", self.now + Micros::from(s) * SECOND_US)?, Some(s)),
        };
        self.check_spend_limit(party, amount)?;
        let leg = self.burn(party, amount, Place::Hold)?;
        self.check_countable(coin, self.state.coin(coin).held, amount)?;
        let kind = MovementKind::Hold(HoldTerms { expires_at, timeout_s, to });
        Ok(Fact::Moved(self.movement(kind, amount, party, None, Legs { first: leg, rest: Vec::new() })))
    }

    /// Whether a hold may end at `at`.
    fn hold_end(&self, field: &'static str, at: Micros) -> Result<Micros, Refusal> {
        if at <= self.now {
            return Err(Refusal::invalid(field, "a hold ends in the future".to_owned()));
        }
        if at > self.now + Micros::from(HOLD_TIMEOUT_S_MAX) * SECOND_US {
            let days = HOLD_TIMEOUT_S_MAX / 86_400;
            return Err(Refusal::invalid(field, format!("a hold ends within {days} days")));
        }
        Ok(at)
    }

    /// The hold with this id, still open.
    pub(super) fn open_hold(&self, id: u64) -> Result<&Hold, Refusal> {
        if let Some(hold) = self.state.hold(id) {
            return Ok(hold);
        }
        Err(match self.state.ended_hold(id).or(self.recalled.ended_hold) {
            Some((ended_as, _)) => Refusal::HoldEnded { hold: id, ended_as },
            None => Refusal::HoldNotFound { hold: id },
        })
    }

    pub(super) fn release<'a>(&self, id: u64) -> Result<Fact<'a>, Refusal> {
        let hold = self.open_hold(id)?;
        Ok(self.end_hold(MovementKind::Release(HoldEnd { hold: id }), hold))
    }

    /// All that is left in a hold goes back.
    pub(super) fn end_hold<'a>(&self, kind: MovementKind, hold: &Hold) -> Fact<'a> {
        let mut legs = self.legs_back(hold.lots.iter().copied());
        // Even an empty hold ends by a movement, of nothing.
        let first = if legs.is_empty() { Leg::plain(Place::Hold, Place::A, 0) } else { legs.remove(0) };
        let party = self.party_of(hold.account);
        Fact::Moved(self.movement(kind, hold.held(), party, None, Legs { first, rest: legs }))
    }

    /// Held coins that return: to their lots if these have not expired, else to `@expired`.
    pub(super) fn legs_back(&self, parts: impl Iterator<Item = LotAmount>) -> Vec<Leg> {
        let (alive, expired): (Vec<_>, Vec<_>) = parts.partition(|part| part.lot.marks.is_alive(self.now));
        [(Place::A, alive), (Place::Expired, expired)]
            .into_iter()
            .filter(|(_, lots)| !lots.is_empty())
            .map(|(to, lots)| Leg::of_lots(Place::Hold, to, lots))
            .collect()
    }

    pub(super) fn extend<'a>(&self, id: u64, expires_at: Micros) -> Result<Fact<'a>, Refusal> {
        let hold = self.open_hold(id)?;
        if expires_at <= hold.expires_at {
            return Err(Refusal::invalid("expires_at", "a hold can only be extended to a later time".to_owned()));
        }
        let expires_at = self.hold_end("expires_at", expires_at)?;
        Ok(Fact::HoldExtended { hold: id, account: hold.account, expires_at })
    }
}

//! Whom an operation is about: whatever is due of them comes before it.

use crate::event::Movement;
use crate::ledger::Ledger;
use crate::operation::Operation;
use crate::state::UserId;

impl Ledger {
    /// The users whose coins an operation depends on, as far as they exist.
    #[must_use]
    pub fn concerned(&self, operation: &Operation<'_>) -> Vec<UserId> {
        match operation {
            Operation::CloseUser { user }
            | Operation::PutLimits { user, .. }
            | Operation::PutThresholds { user: Some(user), .. }
            | Operation::PutSpendLimit { user: Some(user), .. }
            | Operation::Grant { user, .. }
            | Operation::Spend { user, to: None, .. }
            | Operation::Hold { user, to: None, .. }
            | Operation::PutSchedule { user, .. } => self.find_user(user).into_iter().collect(),
            Operation::Spend { user: from, to: Some(to), .. }
            | Operation::Hold { user: from, to: Some(to), .. }
            | Operation::Transfer { from, to, .. } => {
                self.find_user(from).into_iter().chain(self.find_user(to)).collect()
            }
            Operation::Capture { hold, .. } | Operation::Release { hold } | Operation::Extend { hold, .. } => {
                let hold = self.state.hold(*hold);
                let user = hold.map(|hold| self.state.account(hold.account).user);
                user.into_iter().chain(hold.and_then(|hold| hold.to)).collect()
            }
            Operation::Reverse { original, .. } => match original.map(|original| &original.fact) {
                Some(crate::event::Fact::Moved(movement)) => self.concerned_by(movement),
                _ => Vec::new(),
            },
            Operation::EndSchedule { schedule }
            | Operation::PauseSchedule { schedule }
            | Operation::ResumeSchedule { schedule } => {
                self.state.schedule_by_id(schedule).map(|(_, schedule)| schedule.user).into_iter().collect()
            }
            Operation::PutUser { .. }
            | Operation::PutCoin { .. }
            | Operation::PutThresholds { user: None, .. }
            | Operation::PutSpendLimit { user: None, .. }
            | Operation::PutWebhook(_)
            | Operation::DeleteWebhook { .. }
            | Operation::ChangeWebhook { .. }
            | Operation::CreateKey(_)
            | Operation::RevokeKey { .. } => Vec::new(),
        }
    }

    /// The users whose coins a movement was about.
    #[must_use]
    pub fn concerned_by(&self, movement: &Movement) -> Vec<UserId> {
        let entries = std::iter::once(&movement.a).chain(&movement.b);
        entries.map(|entry| entry.owner(&self.state).0).collect()
    }
}

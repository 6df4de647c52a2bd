//! API keys: who may do what.

use super::Judge;
use crate::event::Fact;
use crate::operation::CreateKey;
use crate::refusal::Refusal;

impl Judge<'_> {
    pub(super) fn create_key<'a>(&self, create: &CreateKey<'a>) -> Result<Fact<'a>, Refusal> {
        let CreateKey { name, hash, right, expires_at } = *create;
        if expires_at.is_some_and(|at| at <= self.now) {
            return Err(Refusal::invalid("expires_at", "a key expires in the future".to_owned()));
        }
        let Ok(id) = u16::try_from(self.state.api_keys.len() + 1) else {
            return Err(Refusal::invalid("name", format!("a ledger has at most {} API keys", u16::MAX)));
        };
        Ok(Fact::KeyCreated { id, name, hash, right, expires_at })
    }

    pub(super) fn revoke_key<'a>(&self, id: u16) -> Result<Fact<'a>, Refusal> {
        if id == 0 || usize::from(id) > self.state.api_keys.len() {
            return Err(Refusal::KeyNotFound { key: id });
        }
        Ok(Fact::KeyRevoked { id })
    }
}

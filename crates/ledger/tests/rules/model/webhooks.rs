//! Webhooks in the model: what each gets and where, and how far that has come.

use super::{Done, Model, invalid};
use crate::request::{FRESH, Hook, seconds};
use tocos_ledger::{CoinId, Micros, Refusal, State, WebhookChange};

/// A webhook.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Receiver {
    pub(crate) made_by: u64,
    pub(crate) url: String,
    pub(crate) kinds: Vec<String>,
    pub(crate) coins: Vec<String>,
    pub(crate) prefix: Option<String>,
    pub(crate) crossed: bool,
    pub(crate) batch: u16,
    /// The bytes of the secrets that sign, the newest first, and until when the other one does.
    pub(crate) signing: Vec<u8>,
    pub(crate) signs_until: Micros,
    pub(crate) since: u64,
    pub(crate) through: u64,
    pub(crate) off: Option<(&'static str, Micros)>,
    pub(crate) failing_since: Option<Micros>,
}

impl Receiver {
    /// As it is at an instant, when a secret may sign no more.
    pub(crate) fn at(mut self, now: Micros) -> Self {
        self.signing.truncate(if now < self.signs_until { 2 } else { 1 });
        Self { signs_until: 0, ..self }
    }

    fn rotate(&mut self, byte: u8, until: Micros) {
        self.signing = vec![byte, self.signing[0]];
        self.signs_until = until;
    }
}

/// The webhooks that a ledger has, as they are at an instant.
pub(crate) fn receivers(state: &State, now: Micros) -> Vec<(String, Receiver)> {
    let receiver = |webhook: &std::sync::Arc<tocos_ledger::Webhook>| {
        let receiver = Receiver {
            made_by: webhook.number,
            url: webhook.url.to_string(),
            kinds: webhook.filter.kinds.words().map(str::to_owned).collect(),
            coins: webhook.filter.coins.iter().map(|coin| state.coin(CoinId(*coin)).code.to_string()).collect(),
            prefix: webhook.filter.prefix.as_deref().map(str::to_owned),
            crossed: webhook.filter.crossed,
            batch: webhook.batch,
            signing: webhook.signing(now).map(|secret| secret.bytes()[0]).collect(),
            signs_until: 0,
            since: webhook.since,
            through: webhook.through,
            off: webhook.off.map(|(why, at)| (why.as_str(), at)),
            failing_since: webhook.failing_since,
        };
        (webhook.id.to_string(), receiver)
    };
    state.webhooks().map(receiver).collect()
}

/// What can be said against a webhook without knowing the ledger.
pub(super) fn well_formed(hook: &Hook) -> Result<(), Refusal> {
    if hook.id.is_empty() || hook.id.contains(['.', ' ']) {
        return Err(invalid("webhook"));
    }
    if !hook.url.starts_with("http") {
        return Err(invalid("url"));
    }
    if hook.batch == 0 || hook.batch > 100 {
        return Err(invalid("batch"));
    }
    if hook.prefix.as_deref() == Some("") {
        return Err(invalid("user_prefix"));
    }
    Ok(())
}

impl Model {
    pub(super) fn find_webhook(&self, id: &str) -> Result<(), Refusal> {
        if self.webhooks.contains_key(id) { Ok(()) } else { Err(Refusal::WebhookNotFound { webhook: id.into() }) }
    }

    pub(super) fn put_webhook(&mut self, hook: &Hook) -> Result<Done, Refusal> {
        hook.coins.iter().try_for_each(|coin| self.find_coin(coin))?;
        let next = self.next_event();
        if hook.from_event.is_some_and(|from| from == 0 || from > next) {
            return Err(Refusal::EventNotFound { event: hook.from_event.unwrap() });
        }
        // The order of the words that the ledger knows.
        let kinds = tocos_ledger::DELIVERED_KINDS.into_iter().filter(|kind| hook.kinds.contains(kind));
        let kinds = kinds.map(str::to_owned).collect();
        let mut coins = hook.coins.clone();
        // Coins are named in the order in which they were made.
        coins.sort_by_key(|coin| coin != "toco");
        coins.dedup();
        let day = self.now + seconds(86_400);
        let byte = hook.secret.map(|secret| secret.bytes()[0]);
        let new = Receiver {
            made_by: next,
            url: hook.url.clone(),
            kinds,
            coins,
            prefix: hook.prefix.clone(),
            crossed: hook.crossed,
            batch: hook.batch,
            signing: vec![byte.unwrap_or(FRESH)],
            signs_until: 0,
            since: next,
            through: hook.from_event.map_or(next, |from| from - 1),
            off: None,
            failing_since: None,
        };
        let receiver = match self.webhooks.remove(&hook.id) {
            None => new,
            Some(before) => {
                let Receiver { made_by, since, through, off, failing_since, .. } = before;
                let (signing, signs_until) = (before.signing.clone(), before.signs_until);
                let mut after = Receiver { made_by, since, through, off, failing_since, signing, signs_until, ..new };
                if let Some(byte) = byte.filter(|byte| *byte != after.signing[0]) {
                    after.rotate(byte, day);
                }
                after
            }
        };
        self.webhooks.insert(hook.id.clone(), receiver);
        Ok(Done::plainly("webhook"))
    }

    pub(super) fn change_webhook(&mut self, id: &str, change: WebhookChange) -> Result<Done, Refusal> {
        self.find_webhook(id)?;
        let (next, now) = (self.next_event(), self.now);
        let receiver = self.webhooks.get_mut(id).unwrap();
        let reported = match change {
            WebhookChange::Progress { since, .. } | WebhookChange::Failing { since } => Some(since),
            WebhookChange::Disable { since, .. } => since,
            _ => None,
        };
        if reported.is_some_and(|since| since != receiver.since) {
            return Err(invalid("since"));
        }
        match change {
            WebhookChange::Progress { through, .. } if through <= receiver.through || through >= next => {
                return Err(invalid("through"));
            }
            WebhookChange::Progress { through, .. } => (receiver.through, receiver.failing_since) = (through, None),
            WebhookChange::Failing { .. } => receiver.failing_since = Some(now),
            WebhookChange::Disable { since: Some(_), .. } if receiver.off.is_some() => return Err(invalid("webhook")),
            WebhookChange::Disable { why, .. } => {
                (receiver.off, receiver.failing_since) = (Some((why.as_str(), now)), None);
            }
            WebhookChange::Enable => (receiver.off, receiver.failing_since, receiver.since) = (None, None, next),
            WebhookChange::Redeliver { from_event } if from_event == 0 || from_event > next => {
                return Err(Refusal::EventNotFound { event: from_event });
            }
            WebhookChange::Redeliver { from_event } => {
                (receiver.through, receiver.failing_since, receiver.since) = (from_event - 1, None, next);
            }
            WebhookChange::Rotate { keep_s, .. } if keep_s > 30 * 86_400 => return Err(invalid("keep_s")),
            WebhookChange::Rotate { secret, keep_s, .. } => {
                receiver.rotate(secret.bytes()[0], now + seconds(i64::from(keep_s)));
            }
        }
        Ok(Done::plainly(change.as_str()))
    }
}

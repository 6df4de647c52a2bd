//! What came up in a run of random operations.

use std::collections::BTreeMap;

/// What came up, so that a run in which nothing interesting happened is no success.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) codes: BTreeMap<&'static str, usize>,
}

impl Tally {
    pub(crate) fn count(&mut self, word: &'static str) {
        *self.codes.entry(word).or_default() += 1;
    }

    pub(crate) fn check(&self) {
        for word in [
            "grant",
            "spend",
            "transfer",
            "hold",
            "capture",
            "release",
            "hold_expired",
            "expire",
            "schedule",
            "schedule_deleted",
            "schedule_paused",
            "schedule_resumed",
            "rollover",
            "adjustment",
            "occurrence",
            "an occurrence cut short",
            "catching up",
            "reverse",
            "extend",
            "limits",
            "thresholds",
            "spend_limit",
            "crossed",
            "spend_limit_reached",
            "user",
            "user_closed",
            "coin",
            "key",
            "key_revoked",
            "webhook",
            "webhook_deleted",
            "webhook_progress",
            "webhook_failing",
            "webhook_disabled",
            "webhook_enabled",
            "webhook_redelivered",
            "webhook_rotated",
            "webhook_not_found",
            "leader",
            "replayed",
            "rolled back",
            "reopened",
            "invalid_request",
            "insufficient_funds",
            "user_not_found",
            "coin_not_found",
            "hold_not_found",
            "event_not_found",
            "schedule_not_found",
            "key_not_found",
            "idempotency_key_reused",
            "hold_ended",
            "hold_amount_exceeded",
            "already_reversed",
            "not_reversible",
            "above_ceiling",
            "account_frozen",
            "user_closed",
            "user_not_empty",
            "supply_exhausted",
        ] {
            assert!(self.codes.contains_key(word), "{word} never came up, only {:?}; run more steps", self.codes);
        }
    }
}

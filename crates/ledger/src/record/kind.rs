//! Kinds as the record's first byte says them. Numbers are never used again for something else.

use crate::event::{Fact, MovementKind};

pub(super) const USER: u8 = 1;
pub(super) const USER_CLOSED: u8 = 2;
pub(super) const COIN: u8 = 3;
pub(super) const LIMITS: u8 = 4;
pub(super) const EXTEND: u8 = 5;
pub(super) const KEY: u8 = 6;
pub(super) const KEY_REVOKED: u8 = 7;
pub(super) const LEADER: u8 = 8;
pub(super) const THRESHOLDS: u8 = 9;
pub(super) const SPEND_LIMIT: u8 = 10;
pub(super) const SCHEDULE: u8 = 11;
pub(super) const SCHEDULE_DELETED: u8 = 12;
pub(super) const SCHEDULE_PAUSED: u8 = 13;
pub(super) const SCHEDULE_RESUMED: u8 = 14;
pub(super) const WEBHOOK: u8 = 15;
pub(super) const GRANT: u8 = 16;
pub(super) const SPEND: u8 = 17;
pub(super) const TRANSFER: u8 = 18;
pub(super) const HOLD: u8 = 19;
pub(super) const CAPTURE: u8 = 20;
pub(super) const RELEASE: u8 = 21;
pub(super) const HOLD_EXPIRED: u8 = 22;
pub(super) const EXPIRE: u8 = 23;
pub(super) const REVERSE: u8 = 24;
pub(super) const ROLLOVER: u8 = 25;
pub(super) const ADJUSTMENT: u8 = 26;

/// From here on kinds are of movements.
pub(super) const FIRST_MOVEMENT: u8 = GRANT;

/// The number of what happened.
pub(super) fn number_of(fact: &Fact<'_>) -> u8 {
    match fact {
        Fact::UserPut { .. } => USER,
        Fact::UserClosed { .. } => USER_CLOSED,
        Fact::CoinPut { .. } => COIN,
        Fact::LimitsPut { .. } => LIMITS,
        Fact::ThresholdsPut { .. } => THRESHOLDS,
        Fact::SpendLimitPut { .. } => SPEND_LIMIT,
        Fact::SchedulePut { .. } => SCHEDULE,
        Fact::ScheduleEnded { .. } => SCHEDULE_DELETED,
        Fact::SchedulePaused { .. } => SCHEDULE_PAUSED,
        Fact::ScheduleResumed { .. } => SCHEDULE_RESUMED,
        Fact::WebhookPut(_) | Fact::WebhookDeleted { .. } | Fact::WebhookChanged { .. } => WEBHOOK,
        Fact::HoldExtended { .. } => EXTEND,
        Fact::KeyCreated { .. } => KEY,
        Fact::KeyRevoked { .. } => KEY_REVOKED,
        Fact::Leader { .. } => LEADER,
        Fact::Moved(movement) => match movement.kind {
            MovementKind::Grant(_) => GRANT,
            MovementKind::Spend(_) => SPEND,
            MovementKind::Transfer => TRANSFER,
            MovementKind::Hold(_) => HOLD,
            MovementKind::Capture(_) => CAPTURE,
            MovementKind::Release(_) => RELEASE,
            MovementKind::HoldExpired(_) => HOLD_EXPIRED,
            MovementKind::LotExpired => EXPIRE,
            MovementKind::Reverse(_) => REVERSE,
            MovementKind::Rollover(_) => ROLLOVER,
            MovementKind::Adjustment(_) => ADJUSTMENT,
        },
    }
}

/// The kinds by the words that the API uses, which is how a reversal says what it reverses.
const WORDS: [(u8, &str); 26] = [
    (USER, "user"),
    (USER_CLOSED, "user_closed"),
    (COIN, "coin"),
    (LIMITS, "limits"),
    (EXTEND, "extend"),
    (KEY, "key"),
    (KEY_REVOKED, "key_revoked"),
    (LEADER, "leader"),
    (THRESHOLDS, "thresholds"),
    (SPEND_LIMIT, "spend_limit"),
    (SCHEDULE, "schedule"),
    (SCHEDULE_DELETED, "schedule_deleted"),
    (SCHEDULE_PAUSED, "schedule_paused"),
    (SCHEDULE_RESUMED, "schedule_resumed"),
    (GRANT, "grant"),
    (SPEND, "spend"),
    (TRANSFER, "transfer"),
    (HOLD, "hold"),
    (CAPTURE, "capture"),
    (RELEASE, "release"),
    (HOLD_EXPIRED, "hold_expired"),
    (EXPIRE, "expire"),
    (REVERSE, "reverse"),
    (ROLLOVER, "rollover"),
    (ADJUSTMENT, "adjustment"),
    (0, ""),
];

pub(super) fn number_of_word(word: &str) -> u8 {
    WORDS.iter().find(|(_, other)| *other == word).map_or(0, |(number, _)| *number)
}

pub(super) fn word_of_number(number: u8) -> &'static str {
    WORDS.iter().find(|(other, _)| *other == number).map_or("", |(_, word)| word)
}

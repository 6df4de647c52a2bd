//! The rules of the ledger, and nothing else.
//!
//! [`Ledger::decide`] decides one [`Request`] on the state at a given time. It returns the
//! [`Event`] of the request, or a [`Refusal`]. [`Ledger::apply`] applies an event to the state.
//! The state is the result of applying all events in order; nothing else may change it.
//!
//! This crate must not contain I/O, clocks, randomness, threads, async, serialisation frameworks or HTTP. Time
//! is an argument, and the same events give the same state on every machine.

mod amount;
mod apply;
mod bytes;
mod calendar;
mod decide;
mod event;
mod flow;
mod grant_use;
mod ledger;
mod lot;
mod matching;
mod mention;
mod names;
mod operation;
mod past;
mod recalled;
mod record;
mod refusal;
mod replay;
mod right;
mod schedule;
mod snapshot;
mod spending;
mod stage;
mod state;
mod terms;
mod thresholds;
mod undo;
mod webhook;

pub use amount::{Amount, DAY_US, MAX_AMOUNT, Micros, SECOND_US};
pub use apply::Inconsistent;
pub use bytes::Malformed;
pub use calendar::{days_between, months_between};
pub use decide::{DueOf, Occasion};
pub use event::{
    AdjustmentTerms, CaptureTerms, Entry, Event, Fact, GrantTerms, HoldEnd, HoldTerms, Key, Leg, Legs, Movement,
    MovementKind, Place, ReverseTerms, RolloverTerms, SpendTerms, WebhookPut, Whose,
};
pub use flow::{DayTotal, Flow, FlowKind, FlowTotals, Outstanding};
pub use grant_use::{GrantUse, Granted};
pub use ledger::{Decision, Ledger};
pub use lot::{Category, Lot, LotAmount, Marks};
pub use mention::{Mention, RecentMentions};
pub use names::{
    COIN_CODE_LENGTH_MAX, IDEMPOTENCY_KEY_LENGTH_MAX, METADATA_LENGTH_MAX, NAME_LENGTH_MAX, NODE_NAME_LENGTH_MAX,
    REFERENCE_LENGTH_MAX, SCHEDULE_ID_LENGTH_MAX, USER_ID_LENGTH_MAX, check_idempotency_key, check_node_name,
    check_reference, check_schedule_id, check_user_id,
};
pub use operation::{CreateKey, HOLD_TIMEOUT_S_DEFAULT, HOLD_TIMEOUT_S_MAX, Operation, Original, Request, Until};
pub use past::{Link, PastLots};
pub use recalled::{Over, Recalled};
pub use record::{RECORD_BYTES, blob_offset, changes_keys, is_joined_to_next, join_to_next};
pub use refusal::{EndedAs, Refusal};
pub use replay::ReplayFailure;
pub use right::Right;
pub use schedule::{EVERY_DAYS_MAX, EVERY_MONTHS_MAX, EXPIRES_AFTER_S_MAX, Every, Lasting, Occurrence, Plan, Rollover};
pub use snapshot::{SnapshotError, SnapshotRows};
pub use spending::{SpendLimit, WINDOW_HOURS_MAX, Window};
pub use stage::{STAGED_AT_ONCE, Staged};
pub use state::{
    Account, AccountBalance, AccountId, ApiKey, Balance, Coin, CoinId, Due, Generation, Hold, KeyHasher, Limits,
    NAMED_TOGETHER, Profile, Schedule, Spending, State, User, UserId, Webhook,
};
pub use terms::{Excess, Mode, Taking};
pub use thresholds::{Crossing, THRESHOLDS_MAX, Thresholds};
pub use webhook::{
    DELIVERED_KINDS, EventKinds, PutWebhook, WEBHOOK_BATCH_MAX, WEBHOOK_COINS_MAX, WEBHOOK_ID_LENGTH_MAX,
    WEBHOOK_KEEP_S_DEFAULT, WEBHOOK_KEEP_S_MAX, WEBHOOK_SECRET_BYTES, WEBHOOK_URL_LENGTH_MAX, WEBHOOKS_MAX,
    WebhookChange, WebhookFilter, WebhookOff, WebhookSecret, check_webhook_id,
};

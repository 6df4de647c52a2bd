//! Requests that own their words, so that tables, dice and the model can keep them.

use tocos_ledger::{
    Amount, CreateKey, Event, EventKinds, Excess, Marks, Micros, Mode, Operation, Plan, PutWebhook, Request, Right,
    SECOND_US, SpendLimit, Taking, Thresholds, Until, WebhookChange, WebhookSecret,
};

/// One operation, owned.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Op {
    PutUser { user: String, name: Option<String> },
    CloseUser { user: String },
    PutCoin { coin: String, decimals: u8 },
    PutLimits { user: String, coin: String, floor: i64, ceiling: Amount, frozen: bool },
    PutThresholds { user: Option<String>, coin: String, thresholds: Option<Vec<i64>> },
    PutSpendLimit { user: Option<String>, coin: String, limit: Option<SpendLimit> },
    Grant { user: String, coin: String, amount: Amount, marks: Marks, lot: bool },
    Spend { user: String, coin: String, amount: Amount, to: Option<String>, mode: Mode },
    Transfer { from: String, to: String, coin: String, amount: Amount },
    Hold { user: String, coin: String, amount: Amount, until: Until, to: Option<String> },
    Capture { hold: u64, amount: Option<Amount>, last: bool, excess: Excess },
    Release { hold: u64 },
    Extend { hold: u64, expires_at: Micros },
    Reverse { event: u64, amount: Option<Amount>, renew_expires_at: Option<Micros>, taking: Taking },
    PutSchedule { schedule: String, user: String, coin: String, plan: Plan },
    EndSchedule { schedule: String },
    PauseSchedule { schedule: String },
    ResumeSchedule { schedule: String },
    PutWebhook(Hook),
    DeleteWebhook { webhook: String },
    ChangeWebhook { webhook: String, change: WebhookChange },
    CreateKey { name: String, right: Right, expires_at: Option<Micros> },
    RevokeKey { id: u16 },
}

/// A webhook as it is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hook {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) kinds: Vec<&'static str>,
    pub(crate) coins: Vec<String>,
    pub(crate) prefix: Option<String>,
    pub(crate) crossed: bool,
    pub(crate) batch: u16,
    pub(crate) secret: Option<WebhookSecret>,
    pub(crate) from_event: Option<u64>,
}

/// A secret of 32 times the same byte.
pub(crate) fn secret(byte: u8) -> WebhookSecret {
    WebhookSecret::new(&[byte; 32]).unwrap()
}

/// The byte of the secret that a new webhook gets for which none is brought.
pub(crate) const FRESH: u8 = 200;

impl Hook {
    fn put(&self) -> PutWebhook<'_> {
        PutWebhook {
            webhook: &self.id,
            url: &self.url,
            kinds: EventKinds::of(self.kinds.iter().copied()).unwrap(),
            coins: self.coins.iter().map(String::as_str).collect(),
            prefix: self.prefix.as_deref(),
            crossed: self.crossed,
            batch: self.batch,
            secret: self.secret,
            fresh: secret(FRESH),
            from_event: self.from_event,
        }
    }
}

/// An operation with what travels with it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ask {
    pub(crate) op: Op,
    pub(crate) key: Option<String>,
    pub(crate) metadata: Option<String>,
    pub(crate) reference: Option<String>,
}

impl Ask {
    pub(crate) fn of(op: Op) -> Self {
        Self { op, key: None, metadata: None, reference: None }
    }

    /// The event that a reversal is about.
    pub(crate) fn reverses(&self) -> Option<u64> {
        match self.op {
            Op::Reverse { event, .. } => Some(event),
            _ => None,
        }
    }

    /// Whether it may take more than there is, whatever the floor.
    pub(crate) fn may_owe(&self) -> bool {
        matches!(self.op, Op::Reverse { taking: Taking { debt: true, .. }, .. })
    }

    /// As the ledger takes it; `original` is the event that a reversal is about.
    pub(crate) fn request<'a>(&'a self, original: Option<&'a Event<'a>>) -> Request<'a> {
        let (key, metadata, reference) = (self.key.as_deref(), self.metadata.as_deref(), self.reference.as_deref());
        Request { operation: self.op.operation(original), key, metadata, reference, by: 7 }
    }
}

impl Op {
    fn operation<'a>(&'a self, original: Option<&'a Event<'a>>) -> Operation<'a> {
        match self {
            Self::PutUser { user, name } => Operation::PutUser { user, name: name.as_deref() },
            Self::CloseUser { user } => Operation::CloseUser { user },
            Self::PutCoin { coin, decimals } => Operation::PutCoin { coin, decimals: *decimals },
            Self::PutLimits { user, coin, floor, ceiling, frozen } => {
                Operation::PutLimits { user, coin, floor: *floor, ceiling: *ceiling, frozen: *frozen }
            }
            Self::PutThresholds { user, coin, thresholds } => {
                let thresholds = thresholds.as_ref().map(|amounts| Thresholds::new(amounts).unwrap());
                Operation::PutThresholds { user: user.as_deref(), coin, thresholds }
            }
            Self::PutSpendLimit { user, coin, limit } => {
                Operation::PutSpendLimit { user: user.as_deref(), coin, limit: *limit }
            }
            Self::Grant { user, coin, amount, marks, lot } => {
                Operation::Grant { user, coin, amount: *amount, marks: *marks, lot: *lot }
            }
            Self::Spend { user, coin, amount, to, mode } => {
                Operation::Spend { user, coin, amount: *amount, to: to.as_deref(), mode: *mode }
            }
            Self::Transfer { from, to, coin, amount } => Operation::Transfer { from, to, coin, amount: *amount },
            Self::Hold { user, coin, amount, until, to } => {
                Operation::Hold { user, coin, amount: *amount, until: *until, to: to.as_deref() }
            }
            Self::Capture { hold, amount, last, excess } => {
                Operation::Capture { hold: *hold, amount: *amount, last: *last, excess: *excess }
            }
            Self::Release { hold } => Operation::Release { hold: *hold },
            Self::Extend { hold, expires_at } => Operation::Extend { hold: *hold, expires_at: *expires_at },
            Self::Reverse { event, amount, renew_expires_at, taking } => {
                let (amount, renew_expires_at, taking) = (*amount, *renew_expires_at, *taking);
                Operation::Reverse { event: *event, original, amount, renew_expires_at, taking }
            }
            Self::PutSchedule { schedule, user, coin, plan } => {
                Operation::PutSchedule { schedule, user, coin, plan: *plan }
            }
            Self::EndSchedule { schedule } => Operation::EndSchedule { schedule },
            Self::PauseSchedule { schedule } => Operation::PauseSchedule { schedule },
            Self::ResumeSchedule { schedule } => Operation::ResumeSchedule { schedule },
            Self::PutWebhook(hook) => Operation::PutWebhook(Box::new(hook.put())),
            Self::DeleteWebhook { webhook } => Operation::DeleteWebhook { webhook },
            Self::ChangeWebhook { webhook, change } => Operation::ChangeWebhook { webhook, change: *change },
            Self::CreateKey { name, right, expires_at } => {
                Operation::CreateKey(CreateKey { name, hash: [9; 32], right: *right, expires_at: *expires_at })
            }
            Self::RevokeKey { id } => Operation::RevokeKey { id: *id },
        }
    }
}

/// The instant at which the tests begin, on a whole second.
pub(crate) const START: Micros = 1_800_000_000 * SECOND_US;

/// So many seconds in microseconds.
pub(crate) const fn seconds(count: i64) -> Micros {
    count * SECOND_US
}

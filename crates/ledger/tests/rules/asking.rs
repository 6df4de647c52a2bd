//! Requests in the words of the domain: `ledger.grant("ana", 50).expires_in(60).done()`.

use crate::bench::{Answer, Bench};
use crate::request::{Ask, Hook, Op};
use tocos_ledger::{
    Amount, Category, Every, Excess, Lasting, MAX_AMOUNT, Marks, Micros, Mode, Plan, Refusal, Right, Rollover,
    SpendLimit, Taking, Until, WebhookChange,
};

/// A request in the making.
#[must_use = "a request does nothing until it is done() or refused()"]
pub(crate) struct Asking<'b> {
    bench: &'b mut Bench,
    ask: Ask,
}

impl Bench {
    pub(crate) fn asking(&mut self, op: Op) -> Asking<'_> {
        Asking { bench: self, ask: Ask::of(op) }
    }

    pub(crate) fn user(&mut self, user: &str) -> Asking<'_> {
        self.asking(Op::PutUser { user: user.into(), name: None })
    }

    pub(crate) fn close(&mut self, user: &str) -> Asking<'_> {
        self.asking(Op::CloseUser { user: user.into() })
    }

    pub(crate) fn coin(&mut self, coin: &str, decimals: u8) -> Asking<'_> {
        self.asking(Op::PutCoin { coin: coin.into(), decimals })
    }

    /// No floor, no ceiling, not frozen, unless said.
    pub(crate) fn limits(&mut self, user: &str) -> Asking<'_> {
        let (user, coin) = (user.into(), "toco".into());
        self.asking(Op::PutLimits { user, coin, floor: 0, ceiling: MAX_AMOUNT, frozen: false })
    }

    pub(crate) fn grant(&mut self, user: &str, amount: Amount) -> Asking<'_> {
        self.asking(Op::Grant { user: user.into(), coin: "toco".into(), amount, marks: Marks::PLAIN, lot: false })
    }

    pub(crate) fn spend(&mut self, user: &str, amount: Amount) -> Asking<'_> {
        let (user, coin) = (user.into(), "toco".into());
        self.asking(Op::Spend { user, coin, amount, to: None, mode: Mode::Exact })
    }

    pub(crate) fn transfer(&mut self, from: &str, to: &str, amount: Amount) -> Asking<'_> {
        self.asking(Op::Transfer { from: from.into(), to: to.into(), coin: "toco".into(), amount })
    }

    /// For 900 seconds unless said.
    pub(crate) fn hold(&mut self, user: &str, amount: Amount) -> Asking<'_> {
        let (user, coin) = (user.into(), "toco".into());
        self.asking(Op::Hold { user, coin, amount, until: Until::InSeconds(900), to: None })
    }

    /// Of all that is held, final, unless said.
    pub(crate) fn capture(&mut self, hold: u64) -> Asking<'_> {
        self.asking(Op::Capture { hold, amount: None, last: true, excess: Excess::Reject })
    }

    pub(crate) fn release(&mut self, hold: u64) -> Asking<'_> {
        self.asking(Op::Release { hold })
    }

    pub(crate) fn extend(&mut self, hold: u64, count: i64) -> Asking<'_> {
        let expires_at = self.in_seconds(count);
        self.asking(Op::Extend { hold, expires_at })
    }

    pub(crate) fn reverse(&mut self, event: u64) -> Asking<'_> {
        self.asking(Op::Reverse { event, amount: None, renew_expires_at: None, taking: Taking::default() })
    }

    /// The thresholds of a user's account, or of all accounts of the coin.
    pub(crate) fn thresholds(&mut self, user: Option<&str>, thresholds: Option<&[i64]>) -> Asking<'_> {
        let (user, thresholds) = (user.map(Into::into), thresholds.map(Into::into));
        self.asking(Op::PutThresholds { user, coin: "toco".into(), thresholds })
    }

    /// The spending limit of a user's account, or of all accounts of the coin.
    pub(crate) fn spend_limit(&mut self, user: Option<&str>, limit: Option<SpendLimit>) -> Asking<'_> {
        self.asking(Op::PutSpendLimit { user: user.map(Into::into), coin: "toco".into(), limit })
    }

    /// Once, for good, from now on, unless said.
    pub(crate) fn schedule(&mut self, schedule: &str, user: &str, amount: Amount) -> Asking<'_> {
        let (schedule, user, coin) = (schedule.into(), user.into(), "toco".into());
        self.asking(Op::PutSchedule { schedule, user, coin, plan: plan(amount) })
    }

    pub(crate) fn end_schedule(&mut self, schedule: &str) -> Asking<'_> {
        self.asking(Op::EndSchedule { schedule: schedule.into() })
    }

    pub(crate) fn pause(&mut self, schedule: &str) -> Asking<'_> {
        self.asking(Op::PauseSchedule { schedule: schedule.into() })
    }

    pub(crate) fn resume(&mut self, schedule: &str) -> Asking<'_> {
        self.asking(Op::ResumeSchedule { schedule: schedule.into() })
    }

    /// Everything from here on, one event a request, unless said.
    pub(crate) fn webhook(&mut self, id: &str) -> Asking<'_> {
        self.asking(Op::PutWebhook(Hook {
            id: id.into(),
            url: "https://example.com/hook".into(),
            kinds: Vec::new(),
            coins: Vec::new(),
            prefix: None,
            crossed: false,
            batch: 1,
            secret: None,
            from_event: None,
        }))
    }

    pub(crate) fn delete_webhook(&mut self, id: &str) -> Asking<'_> {
        self.asking(Op::DeleteWebhook { webhook: id.into() })
    }

    pub(crate) fn change_webhook(&mut self, id: &str, change: WebhookChange) -> Asking<'_> {
        self.asking(Op::ChangeWebhook { webhook: id.into(), change })
    }

    pub(crate) fn create_key(&mut self, name: &str, right: Right) -> Asking<'_> {
        self.asking(Op::CreateKey { name: name.into(), right, expires_at: None })
    }

    pub(crate) fn revoke_key(&mut self, id: u16) -> Asking<'_> {
        self.asking(Op::RevokeKey { id })
    }
}

/// The plainest plan there is.
pub(crate) fn plan(amount: Amount) -> Plan {
    Plan {
        amount,
        every: Every::Once,
        anchor: None,
        starts_at: None,
        ends_at: None,
        occurrences: None,
        lasting: Lasting::Never,
        priority: Marks::PRIORITY_DEFAULT,
        category: Category::Paid,
        rollover: None,
        now: false,
    }
}

impl Asking<'_> {
    /// Of this coin instead of `toco`.
    pub(crate) fn coin(mut self, code: &str) -> Self {
        match &mut self.ask.op {
            Op::PutLimits { coin, .. }
            | Op::PutThresholds { coin, .. }
            | Op::PutSpendLimit { coin, .. }
            | Op::Grant { coin, .. }
            | Op::Spend { coin, .. }
            | Op::Transfer { coin, .. }
            | Op::PutSchedule { coin, .. }
            | Op::Hold { coin, .. } => *coin = code.into(),
            other => panic!("{other:?} has no coin"),
        }
        self
    }

    /// A webhook with something of it changed.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Hook)) -> Self {
        match &mut self.ask.op {
            Op::PutWebhook(hook) => change(hook),
            other => panic!("{other:?} is no webhook"),
        }
        self
    }

    /// A webhook that is about users with this prefix.
    pub(crate) fn about(self, prefix: &str) -> Self {
        self.with(|hook| hook.prefix = Some(prefix.into()))
    }

    pub(crate) fn named(mut self, words: &str) -> Self {
        match &mut self.ask.op {
            Op::PutUser { name, .. } => *name = Some(words.into()),
            other => panic!("{other:?} has no name"),
        }
        self
    }

    pub(crate) fn to(mut self, payee: &str) -> Self {
        match &mut self.ask.op {
            Op::Spend { to, .. } | Op::Hold { to, .. } => *to = Some(payee.into()),
            other => panic!("{other:?} has no payee"),
        }
        self
    }

    pub(crate) fn up_to(mut self) -> Self {
        match &mut self.ask.op {
            Op::Spend { mode, .. } | Op::Reverse { taking: Taking { mode, .. }, .. } => *mode = Mode::UpTo,
            other => panic!("{other:?} has no mode"),
        }
        self
    }

    /// For so long, or until so long from now.
    pub(crate) fn expires_in(self, count: i64) -> Self {
        let at = self.bench.in_seconds(count);
        self.expires_at(at)
    }

    pub(crate) fn expires_at(mut self, at: Micros) -> Self {
        match &mut self.ask.op {
            Op::Grant { marks, .. } => marks.expires_at = Some(at),
            Op::Hold { until, .. } => *until = Until::At(at),
            Op::CreateKey { expires_at, .. } => *expires_at = Some(at),
            other => panic!("{other:?} does not expire"),
        }
        self
    }

    pub(crate) fn timeout_s(mut self, timeout_s: u32) -> Self {
        match &mut self.ask.op {
            Op::Hold { until, .. } => *until = Until::InSeconds(timeout_s),
            other => panic!("{other:?} has no timeout"),
        }
        self
    }

    pub(crate) fn priority(mut self, priority: u8) -> Self {
        *self.marks().0 = priority;
        self
    }

    pub(crate) fn promotional(mut self) -> Self {
        *self.marks().1 = Category::Promotional;
        self
    }

    fn marks(&mut self) -> (&mut u8, &mut Category) {
        match &mut self.ask.op {
            Op::Grant { marks, .. } => (&mut marks.priority, &mut marks.category),
            Op::PutSchedule { plan, .. } => (&mut plan.priority, &mut plan.category),
            other => panic!("{other:?} has no marks"),
        }
    }

    /// The coins stay a lot of their own.
    pub(crate) fn lot(mut self) -> Self {
        match &mut self.ask.op {
            Op::Grant { lot, .. } => *lot = true,
            other => panic!("{other:?} makes no lot"),
        }
        self
    }

    /// What is no longer there is owed.
    pub(crate) fn debt(mut self) -> Self {
        match &mut self.ask.op {
            Op::Reverse { taking, .. } => taking.debt = true,
            other => panic!("{other:?} makes no debt"),
        }
        self
    }

    /// This much of a hold, or of what is reversed.
    pub(crate) fn only(mut self, part: Amount) -> Self {
        match &mut self.ask.op {
            Op::Capture { amount, .. } | Op::Reverse { amount, .. } => *amount = Some(part),
            other => panic!("{other:?} is always whole"),
        }
        self
    }

    /// The hold stays open for more.
    pub(crate) fn not_last(mut self) -> Self {
        match &mut self.ask.op {
            Op::Capture { last, .. } => *last = false,
            other => panic!("{other:?} captures nothing"),
        }
        self
    }

    pub(crate) fn take_available(mut self) -> Self {
        match &mut self.ask.op {
            Op::Capture { excess, .. } => *excess = Excess::TakeAvailable,
            other => panic!("{other:?} captures nothing"),
        }
        self
    }

    pub(crate) fn renewed_for(mut self, count: i64) -> Self {
        let at = self.bench.in_seconds(count);
        match &mut self.ask.op {
            Op::Reverse { renew_expires_at, .. } => *renew_expires_at = Some(at),
            other => panic!("{other:?} renews nothing"),
        }
        self
    }

    pub(crate) fn floor(mut self, least: i64) -> Self {
        match &mut self.ask.op {
            Op::PutLimits { floor, .. } => *floor = least,
            other => panic!("{other:?} has no floor"),
        }
        self
    }

    pub(crate) fn ceiling(mut self, most: Amount) -> Self {
        match &mut self.ask.op {
            Op::PutLimits { ceiling, .. } => *ceiling = most,
            other => panic!("{other:?} has no ceiling"),
        }
        self
    }

    pub(crate) fn frozen(mut self) -> Self {
        match &mut self.ask.op {
            Op::PutLimits { frozen, .. } => *frozen = true,
            other => panic!("{other:?} can't be frozen"),
        }
        self
    }

    fn plan(&mut self) -> &mut Plan {
        match &mut self.ask.op {
            Op::PutSchedule { plan, .. } => plan,
            other => panic!("{other:?} has no plan"),
        }
    }

    /// It changes what the last occurrence granted, too.
    pub(crate) fn now(mut self) -> Self {
        self.plan().now = true;
        self
    }

    pub(crate) fn every(mut self, every: Every) -> Self {
        self.plan().every = every;
        self
    }

    pub(crate) fn daily(self) -> Self {
        self.every(Every::Days(1))
    }

    pub(crate) fn monthly(self) -> Self {
        self.every(Every::Months(1))
    }

    pub(crate) fn anchor(mut self, at: Micros) -> Self {
        self.plan().anchor = Some(at);
        self
    }

    pub(crate) fn starts_at(mut self, at: Micros) -> Self {
        self.plan().starts_at = Some(at);
        self
    }

    pub(crate) fn ends_at(mut self, at: Micros) -> Self {
        self.plan().ends_at = Some(at);
        self
    }

    pub(crate) fn occurrences(mut self, count: u32) -> Self {
        self.plan().occurrences = Some(count);
        self
    }

    pub(crate) fn lasting(mut self, lasting: Lasting) -> Self {
        self.plan().lasting = lasting;
        self
    }

    /// The coins expire at the next occurrence.
    pub(crate) fn at_next(self) -> Self {
        self.lasting(Lasting::AtNext)
    }

    pub(crate) fn rollover(mut self, max: Amount, lasting: Lasting) -> Self {
        self.plan().rollover = Some(Rollover { max, lasting });
        self
    }

    pub(crate) fn key(mut self, key: &str) -> Self {
        self.ask.key = Some(key.into());
        self
    }

    pub(crate) fn reference(mut self, reference: &str) -> Self {
        self.ask.reference = Some(reference.into());
        self
    }

    pub(crate) fn metadata(mut self, metadata: &str) -> Self {
        self.ask.metadata = Some(metadata.into());
        self
    }

    /// It is done, or the test fails.
    #[track_caller]
    pub(crate) fn done(self) -> Answer {
        match self.bench.ask(&self.ask) {
            Ok(answer) => answer,
            Err(refusal) => panic!("{:?} was refused: {refusal}", self.ask),
        }
    }

    /// It is refused, or the test fails.
    #[track_caller]
    pub(crate) fn refused(self) -> Refusal {
        match self.bench.ask(&self.ask) {
            Err(refusal) => refusal,
            Ok(answer) => panic!("{:?} was not refused: {answer:?}", self.ask),
        }
    }

    /// It is refused with `invalid_request` about this field, or the test fails.
    #[track_caller]
    pub(crate) fn refused_for(self, field: &str) {
        match self.refused() {
            Refusal::InvalidRequest { field: found, .. } => assert_eq!(found, field),
            other => panic!("refused for another reason: {other}"),
        }
    }

    /// It is refused in words that hold these, or the test fails.
    #[track_caller]
    pub(crate) fn refused_saying(self, words: &str) {
        let said = self.refused().to_string();
        assert!(said.contains(words), "{said}");
    }

    /// It is refused with this code, or the test fails.
    #[track_caller]
    pub(crate) fn refused_as(self, code: &str) {
        assert_eq!(self.refused().code(), code);
    }
}

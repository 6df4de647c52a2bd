//! Requests made ahead, as they would lie in a network buffer, and a ledger that carries them out as the engine does.

use crate::scenario::user;
use anyhow::{Result, anyhow, bail};
use fastrand::Rng;
use tocos_ledger::{
    Category, Decision, Event, Every, Excess, Lasting, Ledger, Marks, Micros, Mode, Operation, Plan, RECORD_BYTES,
    Recalled, Request, Rollover, STAGED_AT_ONCE, Until,
};

/// A request, apart from its users.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    User,
    Grant(Marks),
    Transfer,
    Spend(u64),
    Hold,
    Capture(u64),
    Release(u64),
    /// 500 coins a month, of which up to 200 go on at the next.
    Schedule,
}

const MONTHLY: Plan = Plan {
    amount: 500,
    every: Every::Months(1),
    anchor: Some(1_800_000_000_000_000),
    starts_at: None,
    ends_at: None,
    occurrences: None,
    lasting: Lasting::AtNext,
    priority: 50,
    category: Category::Promotional,
    rollover: Some(Rollover { max: 200, lasting: Lasting::AtNext }),
    now: false,
};

/// A request that owns its texts.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    what: What,
    user: String,
    to: String,
    key: Option<String>,
}

impl Asked {
    pub(crate) fn of(what: What, who: u32) -> Self {
        Self { what, user: user(who), to: String::new(), key: None }
    }

    /// A transfer between two users at random, or from one at random to the first.
    pub(crate) fn transfer(rng: &mut Rng, users: u32, hot: bool) -> Self {
        let from = rng.u32(1..users);
        let to = if hot { 0 } else { rng.u32(0..from) };
        Self { to: user(to), ..Self::of(What::Transfer, from) }
    }

    pub(crate) fn keyed(self, number: u64) -> Self {
        Self { key: Some(format!("order-{number:014}")), ..self }
    }

    pub(crate) fn request(&self) -> Request<'_> {
        let (user, to, coin) = (self.user.as_str(), self.to.as_str(), "toco");
        let operation = match self.what {
            What::User => Operation::PutUser { user, name: None },
            What::Grant(marks) => Operation::Grant { user, coin, amount: 1_000_000, marks, lot: false },
            What::Transfer => Operation::Transfer { from: user, to, coin, amount: 1 },
            What::Spend(amount) => Operation::Spend { user, coin, amount, to: None, mode: Mode::UpTo },
            What::Hold => Operation::Hold { user, coin, amount: 5, until: Until::InSeconds(900), to: None },
            What::Capture(hold) => Operation::Capture { hold, amount: Some(3), last: true, excess: Excess::Reject },
            What::Release(hold) => Operation::Release { hold },
            What::Schedule => Operation::PutSchedule { schedule: user, user, coin, plan: MONTHLY },
        };
        Request { operation, key: self.key.as_deref(), metadata: None, reference: None, by: 0 }
    }
}

/// A ledger without disk, and the records it would have written; blobs lie behind their length, as in a frame.
pub(crate) struct Core {
    pub(crate) ledger: Ledger,
    pub(crate) now: Micros,
    pub(crate) records: Vec<[u8; RECORD_BYTES]>,
    pub(crate) blobs: Vec<u8>,
    scratch: Vec<u8>,
}

impl Core {
    /// A ledger with users who have a million plain coins each.
    pub(crate) fn with_users(users: u32) -> Result<Self> {
        let mut core = Self {
            ledger: Ledger::new([7; 16]),
            now: 1_800_000_000_000_000,
            records: Vec::new(),
            blobs: Vec::new(),
            scratch: Vec::new(),
        };
        let numbers: Vec<u32> = (0..users).collect();
        for numbers in numbers.chunks(4_000) {
            for what in [What::User, What::Grant(Marks::PLAIN)] {
                let asked: Vec<Asked> = numbers.iter().map(|number| Asked::of(what, *number)).collect();
                core.carry_out(&requests(&asked))?;
                core.forget_records();
            }
        }
        Ok(core)
    }

    /// What is due expires, each thing by an event of its own.
    pub(crate) fn do_what_is_due(&mut self) -> Result<()> {
        while let Some(occasion) = self.ledger.next_occasion(self.now) {
            let event = self.ledger.expire(&occasion, self.now);
            self.write(&event)?;
        }
        Ok(())
    }

    /// Decides, writes down and applies, in stages as the engine does it. What is due is expired first.
    pub(crate) fn carry_out(&mut self, requests: &[Request<'_>]) -> Result<()> {
        self.do_what_is_due()?;
        for chunk in requests.chunks(STAGED_AT_ONCE) {
            let staged = self.ledger.stage(chunk, None);
            for (request, staged) in chunk.iter().zip(&staged) {
                match self.ledger.decide_recalled(request, staged, &Recalled::default(), self.now) {
                    Ok(Decision::Do(event)) => self.write(&event)?,
                    Ok(Decision::Known(event)) => bail!("event {event} was done before"),
                    Err(refusal) => bail!("refused: {refusal}"),
                }
            }
        }
        Ok(())
    }

    fn write(&mut self, event: &Event<'_>) -> Result<()> {
        let record = encode(event, &mut self.scratch, &mut self.blobs);
        self.records.push(record);
        self.ledger.apply(event).map_err(|inconsistent| anyhow!("{inconsistent}"))
    }

    pub(crate) fn forget_records(&mut self) {
        self.records.clear();
        self.blobs.clear();
    }
}

pub(crate) fn encode(event: &Event<'_>, scratch: &mut Vec<u8>, blobs: &mut Vec<u8>) -> [u8; RECORD_BYTES] {
    event.encode(scratch, |blob| {
        let offset = blobs.len() as u32;
        blobs.extend_from_slice(&(blob.len() as u32).to_le_bytes());
        blobs.extend_from_slice(blob);
        offset
    })
}

pub(crate) fn requests(asked: &[Asked]) -> Vec<Request<'_>> {
    asked.iter().map(Asked::request).collect()
}

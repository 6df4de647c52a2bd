//! Fixed work whose instructions are counted: seeded, without clock, threads or disk.
//!
//! `cargo xtask instructions` runs each under callgrind, which counts only what happens within [`measured`].

use crate::asked::{Asked, Core, What, encode, requests};
use crate::report::line;
use anyhow::{Context, Result, anyhow};
use clap::{Args, ValueEnum};
use fastrand::Rng;
use std::hint::black_box;
use tocos_ledger::{Category, Event, Ledger, Marks, Micros, Request, blob_offset};

#[derive(Args)]
pub(crate) struct WorkArgs {
    /// Which work; all names are listed when none is given.
    work: Option<Work>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Work {
    /// Plain transfers, decided in stages, encoded and applied.
    Transfers,
    /// The same, each with an idempotency key.
    KeyedTransfers,
    /// Grants of coins that expire: each makes a lot.
    GrantsOfLots,
    /// Spends that burn lots in order.
    SpendsOfLots,
    /// A hold, and its capture or release.
    Holds,
    /// All of these, and coins and holds that expire.
    Mixed,
    /// Monthly grants of a schedule for each user, twice: at the second, coins roll over and others expire.
    Schedules,
    /// Events into records.
    Encode,
    /// Records into events.
    Decode,
    /// Records decoded into events, and those applied to an empty ledger.
    Replay,
    /// A copy of the state as blocks of a snapshot.
    Snapshot,
}

const USERS: u32 = 10_000;
const OPERATIONS: usize = 48_000;
/// Operations in a batch.
const BATCH: usize = 8_000;
const HOUR_US: i64 = 3_600_000_000;

/// Does the work and prints how many operations it was.
pub(crate) fn run(args: &WorkArgs) -> Result<()> {
    let Some(work) = args.work else {
        for work in Work::value_variants() {
            let value = work.to_possible_value().context("a work has a name")?;
            line(format_args!("{}", value.get_name()));
        }
        return Ok(());
    };
    let operations = match work {
        Work::Encode => encoded()?,
        Work::Decode => decoded()?,
        Work::Replay => replayed()?,
        Work::Snapshot => snapshot()?,
        Work::Schedules => schedules()?,
        _ => carried_out(work)?,
    };
    line(format_args!("operations {operations}"));
    Ok(())
}

/// The one function in which instructions are counted. It goes by its name: see `xtask/src/instructions.rs`.
#[inline(never)]
fn measured(work: &mut dyn FnMut() -> Result<()>) -> Result<()> {
    // Were the call the last thing done, it would be a jump, and the counter would not see this function end.
    black_box(work())
}

/// Batches of one kind of work.
fn batches(work: Work, core: &Core) -> Vec<Vec<Asked>> {
    let mut rng = Rng::with_seed(11);
    let first = core.ledger.state().last_event() + 1;
    let one = |at: usize| match work {
        Work::Transfers => Asked::transfer(&mut rng, USERS, false),
        Work::KeyedTransfers => Asked::transfer(&mut rng, USERS, false).keyed(at as u64),
        Work::GrantsOfLots => Asked::of(What::Grant(marks(core.now, &mut rng)), rng.u32(0..USERS)),
        Work::SpendsOfLots => Asked::of(What::Spend(700_000), rng.u32(0..USERS)),
        // Nothing is refused and nothing expires: the events' numbers are known ahead.
        _ => match (at % 2, first + at as u64 - 1) {
            (0, _) => Asked::of(What::Hold, rng.u32(0..USERS)),
            (_, hold) if hold % 4 < 2 => Asked::of(What::Capture(hold), 0),
            (_, hold) => Asked::of(What::Release(hold), 0),
        },
    };
    let asked: Vec<Asked> = (0..OPERATIONS).map(one).collect();
    asked.chunks(BATCH).map(<[Asked]>::to_vec).collect()
}

/// What an app does in turn, an hour later with each batch: of the holds only some are captured or released.
fn mixed(core: &Core, rng: &mut Rng) -> Vec<Asked> {
    // What was due has expired.
    let first = core.ledger.state().last_event() + 1;
    let one = |at: u64| match at % 8 {
        0..3 => Asked::transfer(rng, USERS, false).keyed(first + at),
        3 => Asked::of(What::Grant(marks(core.now, rng)), rng.u32(0..USERS)),
        4 => Asked::of(What::Spend(700), rng.u32(0..USERS)),
        5 | 6 => Asked::of(What::Hold, rng.u32(0..USERS)),
        _ => Asked::of(What::Capture(first + at - 1), 0),
    };
    (0..BATCH as u64).map(one).collect()
}

fn marks(now: Micros, rng: &mut Rng) -> Marks {
    Marks {
        expires_at: Some(now + i64::from(rng.u32(2..100)) * HOUR_US),
        priority: 50,
        category: if rng.bool() { Category::Promotional } else { Category::Paid },
    }
}

/// A ledger whose users have some lots each.
fn with_lots() -> Result<Core> {
    let mut core = Core::with_users(USERS)?;
    for asked in batches(Work::GrantsOfLots, &core) {
        core.carry_out(&requests(&asked))?;
    }
    core.forget_records();
    Ok(core)
}

fn carried_out(work: Work) -> Result<usize> {
    let mut core = if work == Work::SpendsOfLots { with_lots()? } else { Core::with_users(USERS)? };
    if work == Work::Mixed {
        let mut rng = Rng::with_seed(12);
        for _ in 0..OPERATIONS / BATCH {
            measured(&mut || core.do_what_is_due())?;
            let asked = mixed(&core, &mut rng);
            let requests = requests(&asked);
            measured(&mut || core.carry_out(&requests))?;
            core.now += HOUR_US;
        }
        return Ok(core.records.len());
    }
    for asked in batches(work, &core) {
        let requests: Vec<Request<'_>> = requests(&asked);
        measured(&mut || core.carry_out(&requests))?;
    }
    Ok(OPERATIONS)
}

/// Counted an occurrence.
fn schedules() -> Result<usize> {
    let mut core = Core::with_users(USERS)?;
    let asked: Vec<Asked> = (0..USERS).map(|number| Asked::of(What::Schedule, number)).collect();
    core.carry_out(&requests(&asked))?;
    core.forget_records();
    for months in 1..=2 {
        core.now += 31 * 24 * HOUR_US;
        measured(&mut || core.do_what_is_due())?;
        anyhow::ensure!(core.records.len() >= USERS as usize * months, "an occurrence was not executed");
    }
    Ok(2 * USERS as usize)
}

/// Records as a ledger that does all sorts of things writes them, users and their first coins included.
struct Written {
    /// When each was written.
    at: Vec<Micros>,
    core: Core,
}

impl Written {
    fn new() -> Result<Self> {
        let mut core = Core::with_users(0)?;
        let mut at = Vec::new();
        let mut rng = Rng::with_seed(13);
        for step in 0..5 {
            let asked = match step {
                0 => (0..USERS).map(|number| Asked::of(What::User, number)).collect(),
                1 => (0..USERS).map(|number| Asked::of(What::Grant(Marks::PLAIN), number)).collect(),
                _ => {
                    core.do_what_is_due()?;
                    mixed(&core, &mut rng)
                }
            };
            core.carry_out(&requests(&asked))?;
            at.resize(core.records.len(), core.now);
            core.now += HOUR_US;
        }
        Ok(Self { at, core })
    }

    fn event<'w>(&'w self, ledger: &Ledger, at: usize) -> Result<Event<'w>> {
        let record = &self.core.records[at];
        let blob = blob_offset(record).map_or(Some(&[][..]), |offset| self.blob(offset as usize));
        let number = at as u64 + 1;
        let blob = blob.with_context(|| format!("event {number} has no blob"))?;
        let event = ledger.decode_event(number, self.at[at], record, blob);
        event.map_err(|malformed| anyhow!("event {number}: {malformed}"))
    }

    fn blob(&self, offset: usize) -> Option<&[u8]> {
        let (length, rest) = self.core.blobs.get(offset..)?.split_first_chunk()?;
        rest.get(..u32::from_le_bytes(*length) as usize)
    }

    fn count(&self) -> usize {
        self.at.len()
    }
}

fn encoded() -> Result<usize> {
    let written = Written::new()?;
    let ledger = Ledger::new([7; 16]);
    let events = (0..written.count()).map(|at| written.event(&ledger, at)).collect::<Result<Vec<_>>>()?;
    let (mut scratch, mut blobs) = (Vec::new(), Vec::with_capacity(written.core.blobs.len()));
    measured(&mut || {
        for event in &events {
            black_box(encode(event, &mut scratch, &mut blobs));
        }
        Ok(())
    })?;
    Ok(events.len())
}

fn decoded() -> Result<usize> {
    let written = Written::new()?;
    let ledger = Ledger::new([7; 16]);
    measured(&mut || {
        for at in 0..written.count() {
            black_box(written.event(&ledger, at)?);
        }
        Ok(())
    })?;
    Ok(written.count())
}

/// As recovery does it: all that were written at one time together.
fn replayed() -> Result<usize> {
    let written = Written::new()?;
    let mut ledger = Ledger::new([7; 16]);
    measured(&mut || {
        let mut first = 0;
        for of_one_time in written.at.chunk_by(|one, next| one == next) {
            let records = &written.core.records[first..][..of_one_time.len()];
            ledger.replay(first as u64 + 1, of_one_time[0], records, |offset| written.blob(offset as usize))?;
            first += of_one_time.len();
        }
        Ok(())
    })?;
    Ok(written.count())
}

/// Counted a user.
fn snapshot() -> Result<usize> {
    let written = Written::new()?;
    let state = written.core.ledger.state().clone();
    let mut bytes = 0;
    measured(&mut || {
        bytes += state.blocks().map(|block| block.len()).sum::<usize>();
        Ok(())
    })?;
    anyhow::ensure!(bytes > 0, "a snapshot has no bytes");
    Ok(USERS as usize)
}

//! Opening a ledger: the newest good snapshot, and the log behind it.

use crate::clock::{Clock, ClockOptions};
use crate::engine::Engine;
use crate::error::OpenFailure;
use crate::loading::{apply_frame, newest_snapshot};
use crate::opening::{Opening, Stage};
use crate::shared::Parts;
use crate::tables::{self, Kind, TableOptions};
use crate::writer::Writer;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::Instant;
use tocos_journal::{
    Appender, Disk, FileDisk, FramesAhead, Journal, NewLedger, OpenError, Options, Replay, TailReport,
};
use tocos_ledger::{Ledger, Micros, State};

/// Ids of ledgers with a test clock begin so.
const TEST_LEDGER: &[u8; 4] = b"TEST";

/// How a ledger is opened.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Its directory; created if it does not exist.
    pub data_dir: PathBuf,
    /// Size of the log's files, in bytes.
    pub segment_bytes: u64,
    /// How many events go by between snapshots.
    pub snapshot_every_events: u64,
    /// Whether it has a test clock, which advances only on request. Set when the ledger is created, permanently.
    pub test_clock: bool,
    /// How many idempotency keys stay in memory, and how the others are kept.
    pub tables: TableOptions,
    /// What the ledger is as a member of a group; none for a ledger that is alone.
    pub member: Option<MemberOptions>,
    /// How far the system's clock is believed; a test clock always is.
    pub clock: ClockOptions,
    /// Where to see how far opening has come. A clone of the options shares it: give each opening that is watched its own.
    pub opening: Arc<Opening>,
}

impl EngineOptions {
    /// Files of 64 MiB, a snapshot every million events, real time.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            segment_bytes: 64 << 20,
            snapshot_every_events: 1_000_000,
            test_clock: false,
            tables: TableOptions::default(),
            member: None,
            clock: ClockOptions::default(),
            opening: Arc::default(),
        }
    }
}

/// A ledger as a member of a group.
#[derive(Clone, Debug)]
pub struct MemberOptions {
    /// The node's name.
    pub node: String,
    /// The id of the group's ledger. An empty directory becomes a copy of it.
    pub ledger_id: [u8; 16],
    /// The random bytes that it was made with.
    pub seed: [u8; 16],
}

/// What opening found.
#[derive(Clone, Debug)]
pub struct OpenReport {
    /// The event that the snapshot stood at; 0 without one.
    pub snapshot_event: u64,
    /// Snapshots that could not be used, and why.
    pub unusable_snapshots: Vec<String>,
    /// Tables that could not be used and were made again, and why.
    pub unusable_tables: Vec<String>,
    /// Events read from the log behind the snapshot.
    pub replayed_events: u64,
    /// How many accounts, holds and schedules had something due that was not done yet, and since when.
    pub overdue: Option<(usize, Micros)>,
    /// How the log ended; `bytes_cut` above 0 means a torn last frame.
    pub tail: TailReport,
    /// How long it took, in microseconds.
    pub took_us: u64,
}

/// A ledger read back, not yet running.
pub(crate) struct Recovered {
    pub(crate) parts: Parts,
    pub(crate) appender: Appender,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) report: OpenReport,
}

impl Engine {
    /// Opens the ledger in a directory, or makes one there.
    ///
    /// # Errors
    /// [`OpenFailure`]; nothing was changed, but for a torn last frame that may have been cut off.
    pub fn open(options: &EngineOptions) -> Result<(Self, OpenReport), OpenFailure> {
        let disk = FileDisk::open(&options.data_dir)
            .map_err(|source| OpenFailure::Directory { path: options.data_dir.display().to_string(), source })?;
        Self::open_on(Arc::new(disk), options)
    }

    /// The same on any disk: a simulated one in tests of bad days.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub fn open_on(disk: Arc<dyn Disk>, options: &EngineOptions) -> Result<(Self, OpenReport), OpenFailure> {
        let member = options.member.as_ref();
        let new = member.map(|member| NewLedger { ledger_id: member.ledger_id, seed: member.seed });
        let Recovered { parts, appender, disk, report } = recover(disk, options, new)?;
        let node = member.map(|member| member.node.clone());
        Ok((Self::start(parts, appender, disk, node)?, report))
    }
}

/// Reads a ledger back from a disk. `new` names a new ledger; the operating system's random bytes if it is `None`.
pub(crate) fn recover(
    disk: Arc<dyn Disk>,
    options: &EngineOptions,
    new: Option<NewLedger>,
) -> Result<Recovered, OpenFailure> {
    let started = Instant::now();
    let new = new.map_or_else(|| random_ledger(options.test_clock), Ok)?;
    let is_copy = options.member.is_some();
    let journal_options = Options { segment_bytes: options.segment_bytes, is_copy, ..Options::new(new) };
    let mut unusable_tables = Vec::new();
    tables::make_ahead(&disk, &options.tables, &mut unusable_tables)?;
    let opened = Journal::open(Arc::clone(&disk), journal_options)?;
    if options.member.as_ref().is_some_and(|member| member.ledger_id != opened.ledger_id()) {
        return Err(OpenFailure::OtherGroup { path: disk.place("") });
    }
    let is_test_ledger = opened.ledger_id().starts_with(TEST_LEDGER);
    if is_test_ledger != options.test_clock {
        return Err(OpenFailure::WrongClock { is_test_ledger });
    }
    let mut unusable_snapshots = Vec::new();
    let listing = |source| OpenFailure::Directory { path: disk.place(""), source };
    let mut tables = tables::list(&*disk, opened.ledger_id(), &mut unusable_tables).map_err(listing)?;
    let ids = (opened.ledger_id(), opened.seed());
    let (mut ledger, position) = newest_snapshot(&disk, ids, &options.opening, &mut unusable_snapshots)?;
    let snapshot_event = position.map_or(0, |position| position.event);
    // What tables tell need not be in memory.
    let in_tables = tables.of(Kind::Keys).last().map_or(0, |listed| listed.table.range().1);
    ledger.forget_keys_through(in_tables);
    let replay = replay_log(&mut ledger, opened.replay(position)?, tables.covered(), &options.opening)?;
    let (appender, reader, tail) = replay.finish()?;
    let complete_to = if in_tables > snapshot_event { reader.last_event() } else { snapshot_event };
    tables::complete(&*disk, &reader, &ledger, complete_to, &mut tables, &mut unusable_tables)?;
    let covered = tables.covered();
    tables.set_floor(covered);
    // From here on exactly these: tables of a longer log than this one were set aside.
    ledger.forget_keys_through(covered);
    ledger.count_keys_through(covered, tables.key_count());
    let clock = if is_test_ledger {
        Clock::Test { now: ledger.state().now().max(crate::clock::system_now()) }
    } else {
        let last_event = (ledger.state().last_event() > 0).then(|| ledger.state().now());
        Clock::system(last_event, options.clock)
    };
    let overdue = overdue(ledger.state(), &clock);
    let replayed_events = ledger.state().last_event() - snapshot_event;
    let took_us = started.elapsed().as_micros() as u64;
    let writer = Writer::new(ledger, clock, reader.clone(), (tables, options.tables));
    let snapshot_every_events = options.snapshot_every_events.max(1);
    let parts = Parts { writer, reader, snapshot_event, snapshot_every_events, recovery_us: took_us };
    let report =
        OpenReport { snapshot_event, unusable_snapshots, unusable_tables, replayed_events, overdue, tail, took_us };
    Ok(Recovered { parts, appender, disk, report })
}

fn random_ledger(test_clock: bool) -> Result<NewLedger, OpenFailure> {
    let (mut ledger_id, mut seed) = ([0; 16], [0; 16]);
    getrandom::fill(&mut ledger_id).map_err(OpenFailure::Random)?;
    getrandom::fill(&mut seed).map_err(OpenFailure::Random)?;
    if test_clock {
        ledger_id[..4].copy_from_slice(TEST_LEDGER);
    } else {
        // One in 2^32 real ledgers would else pass for a test ledger.
        ledger_id[0] |= 0x80;
    }
    Ok(NewLedger { ledger_id, seed })
}

/// What came due while nobody was there to do it.
fn overdue(state: &State, clock: &Clock) -> Option<(usize, Micros)> {
    let now = match clock {
        Clock::Test { now } => *now,
        Clock::System(_) => crate::clock::system_now(),
    };
    let since = state.next_due().filter(|at| *at < now)?;
    Some((state.due_before(now).count(), since))
}

/// So much of what is over and in tables stays in memory while a log is replayed.
const OVER_MAX: usize = 1 << 18;
/// Chunks of the log that are prefetched.
const CHUNKS_AHEAD: usize = 4;

/// Applies the events of the log after the snapshot. Another thread reads and verifies it meanwhile.
/// What is over by an event that tables cover does not stay in memory.
fn replay_log(ledger: &mut Ledger, mut replay: Replay, covered: u64, opening: &Opening) -> Result<Replay, OpenFailure> {
    opening.begin(Stage::Log, replay.bytes_in_all());
    let (full, chunks) = mpsc::sync_channel::<FramesAhead>(CHUNKS_AHEAD);
    let (empty, used) = mpsc::channel();
    let read = move || {
        loop {
            let mut chunk: FramesAhead = used.try_recv().unwrap_or_default();
            // Nobody takes it when applying has failed or was called off.
            if !replay.next_frames(&mut chunk)? || full.send(chunk).is_err() {
                return Ok::<_, OpenError>(replay);
            }
        }
    };
    std::thread::scope(|scope| {
        let reading = std::thread::Builder::new()
            .name("tocos-replay".to_owned())
            .spawn_scoped(scope, read)
            .map_err(OpenFailure::Thread)?;
        for chunk in chunks {
            for frame in chunk.iter() {
                apply_frame(ledger, &frame)?;
            }
            let last_event = ledger.state().last_event();
            if last_event <= covered && ledger.state().over_count() >= OVER_MAX {
                drop(ledger.forget_over_through(last_event));
                ledger.age_over();
            }
            opening.advance(chunk.bytes_read(), last_event);
            if opening.is_called_off() {
                return Err(OpenFailure::CalledOff);
            }
            // The reader may have ended already.
            let _unused = empty.send(chunk);
        }
        match reading.join() {
            Ok(read) => Ok(read?),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

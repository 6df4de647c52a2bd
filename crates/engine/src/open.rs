//! Opening a ledger: the newest good snapshot, and the log behind it.

use crate::clock::{Clock, ClockOptions};
use crate::engine::Engine;
use crate::error::OpenFailure;
use crate::opening::{Opening, Stage};
use crate::shared::Parts;
use crate::tables::{self, Kind, TableOptions};
use crate::writer::Writer;
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::Instant;
use tocos_journal::{
    Appender, Disk, FileDisk, FrameView, FramesAhead, Journal, NewLedger, OpenError, Opened, Options, Position, Replay,
    Snapshots, TailReport,
};
use tocos_ledger::{Ledger, Malformed, ReplayFailure};

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
            clock: ClockOptions::default(),
            opening: Arc::default(),
        }
    }
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
        let Recovered { parts, appender, disk, report } = recover(disk, options, None)?;
        Ok((Self::start(parts, appender, disk)?, report))
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
    let journal_options = Options { segment_bytes: options.segment_bytes, ..Options::new(new) };
    let mut unusable_tables = Vec::new();
    tables::make_ahead(&disk, &options.tables, &mut unusable_tables)?;
    let opened = Journal::open(Arc::clone(&disk), journal_options)?;
    let is_test_ledger = opened.ledger_id().starts_with(TEST_LEDGER);
    if is_test_ledger != options.test_clock {
        return Err(OpenFailure::WrongClock { is_test_ledger });
    }
    let mut unusable_snapshots = Vec::new();
    let listing = |source| OpenFailure::Directory { path: disk.place(""), source };
    let mut tables = tables::list(&*disk, opened.ledger_id(), &mut unusable_tables).map_err(listing)?;
    let (mut ledger, position) = newest_snapshot(&disk, &opened, &options.opening, &mut unusable_snapshots)?;
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
    let replayed_events = ledger.state().last_event() - snapshot_event;
    let took_us = started.elapsed().as_micros() as u64;
    let writer = Writer::new(ledger, clock, reader.clone(), (tables, options.tables));
    let snapshot_every_events = options.snapshot_every_events.max(1);
    let parts = Parts { writer, reader, snapshot_event, snapshot_every_events, recovery_us: took_us };
    let report = OpenReport { snapshot_event, unusable_snapshots, unusable_tables, replayed_events, tail, took_us };
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

/// The ledger of the newest snapshot that can be used, or an empty one.
fn newest_snapshot(
    disk: &Arc<dyn Disk>,
    opened: &Opened,
    opening: &Opening,
    unusable: &mut Vec<String>,
) -> Result<(Ledger, Option<Position>), OpenFailure> {
    let snapshots = Snapshots::new(Arc::clone(disk));
    for event in snapshots.list().unwrap_or_default() {
        match load_snapshot(&snapshots, (opened.ledger_id(), opened.seed()), opening, event) {
            Ok((ledger, position)) => return Ok((ledger, Some(position))),
            Err(_) if opening.is_called_off() => return Err(OpenFailure::CalledOff),
            Err(reason) => unusable.push(reason),
        }
    }
    Ok((Ledger::new(opened.seed()), None))
}

pub(crate) fn load_snapshot(
    snapshots: &Snapshots,
    (ledger_id, seed): ([u8; 16], [u8; 16]),
    opening: &Opening,
    event: u64,
) -> Result<(Ledger, Position), String> {
    let mut reader = snapshots.open(event).map_err(|error| error.to_string())?;
    let header = *reader.header();
    if header.ledger_id != ledger_id || header.kind != crate::snapshot::KIND || header.event != event {
        return Err(format!("the snapshot at event {event} is not of this ledger, or of another format"));
    }
    opening.begin(Stage::Snapshot, reader.block_count());
    let mut blocks_read = 0;
    let blocks = std::iter::from_fn(|| {
        opening.advance(blocks_read, 0);
        blocks_read += 1;
        match reader.next_block() {
            _ if opening.is_called_off() => Some(Err(Unusable("opening was called off".to_owned()))),
            Ok(block) => block.map(|block| Ok(block.to_vec())),
            Err(error) => Some(Err(Unusable(error.to_string()))),
        }
    });
    let ledger = Ledger::from_blocks(seed, blocks).map_err(|Unusable(reason)| reason)?;
    if ledger.state().last_event() != event {
        return Err(format!("the snapshot at event {event} says it is at event {}", ledger.state().last_event()));
    }
    Ok((ledger, Position { event, chain: header.chain }))
}

struct Unusable(String);

impl From<Malformed> for Unusable {
    fn from(error: Malformed) -> Self {
        Self(error.to_string())
    }
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

/// Applies the events of one frame.
pub(crate) fn apply_frame(ledger: &mut Ledger, frame: &FrameView<'_>) -> Result<(), OpenFailure> {
    let replayed = ledger.replay(frame.first(), frame.at_us(), frame.records(), |offset| frame.blob(offset));
    replayed.map_err(|failure| match failure {
        ReplayFailure::Malformed { event, source } => OpenFailure::Malformed { event, source },
        ReplayFailure::Inconsistent(inconsistent) => inconsistent.into(),
    })
}

//! Walking a whole ledger while it is not running: every frame, every event, every sum.

use crate::OpenFailure;
use crate::loading::apply_frame;
use crate::opening::Opening;
use crate::report;
use crate::tables::{self, Listed};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use tocos_journal::blockfile::BlockFileError;
use tocos_journal::{
    Disk, FileDisk, FrameView, Journal, OpenError, Position, ReadError, Reader, Snapshots, TailReport, add_to_sum, slot,
};
use tocos_ledger::{Ledger, blob_offset};

/// What a sound ledger holds.
#[derive(Clone, Debug)]
pub struct VerifyReport {
    /// Events, all of them read, checked and replayed.
    pub events: u64,
    /// Users.
    pub users: usize,
    /// Accounts.
    pub accounts: usize,
    /// Remembered idempotency keys.
    pub keys: u64,
    /// Snapshots that were compared with the replay, by event.
    pub snapshots: Vec<u64>,
    /// Tables that were compared with the log.
    pub tables: usize,
    /// Summaries of flows that were compared with the log.
    pub summaries: usize,
    /// Events through this one are not on the disk and were not read; 0 if all were.
    pub elsewhere: u64,
    /// Bytes of the log.
    pub log_bytes: u64,
    /// How it ends; `bytes_cut` above 0 is a torn frame that a start will cut off.
    pub tail: TailReport,
}

/// What is wrong with a ledger.
#[derive(Debug)]
pub enum VerifyFailure {
    /// It can't be opened, or an event can't be read or does not follow.
    Open(OpenFailure),
    /// The balances of a coin don't sum to 0 after an event.
    NotConserved {
        /// The last event of the frame.
        event: u64,
        /// The coin.
        coin: String,
        /// What they sum to.
        sum: i128,
    },
    /// A snapshot says something else than the log.
    SnapshotDiffers {
        /// The last event it includes.
        event: u64,
        /// In what way.
        reason: String,
    },
    /// A table is damaged, or says something else than the log.
    TableDiffers {
        /// Its file.
        file: String,
        /// In what way.
        reason: String,
    },
}

impl fmt::Display for VerifyFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(error) => error.fmt(f),
            Self::NotConserved { event, coin, sum } => {
                write!(f, "after event {event} the balances of {coin} sum to {sum} and not to 0")
            }
            Self::SnapshotDiffers { event, reason } => write!(
                f,
                "the snapshot at event {event} differs from the log: {reason}. Remove it: the log holds everything that is in it"
            ),
            Self::TableDiffers { file, reason } => {
                write!(f, "{file} differs from the log: {reason}. Remove it: it is made again from the log")
            }
        }
    }
}

impl std::error::Error for VerifyFailure {}

/// Verifies the ledger in a directory, which no process may have open: frames, hashes and their chain, numbers,
/// that every event follows from those before, that coins are conserved, and that snapshots equal the replay.
///
/// # Errors
/// The first problem found.
pub fn verify(data_dir: &Path) -> Result<VerifyReport, VerifyFailure> {
    let disk = FileDisk::existing(data_dir).map_err(|source| {
        VerifyFailure::Open(OpenFailure::Directory { path: data_dir.display().to_string(), source })
    })?;
    verify_disk(&(Arc::new(disk) as Arc<dyn Disk>), 0)
}

/// The same on any disk, such as one whose old segments are in an archive: they are fetched.
///
/// # Errors
/// As [`verify`].
pub fn verify_on(disk: &Arc<dyn Disk>) -> Result<VerifyReport, VerifyFailure> {
    verify_disk(disk, 0)
}

/// Verifies what is on this disk, where events through `elsewhere` are not: the chain of the frames behind them, and everything that
/// follows from the oldest snapshot behind them, which is believed.
///
/// # Errors
/// As [`verify`].
pub fn verify_here(disk: &Arc<dyn Disk>, elsewhere: u64) -> Result<VerifyReport, VerifyFailure> {
    verify_disk(disk, elsewhere)
}

/// Keys of so many events, and what was over with them, stay in memory while a log is verified.
const EVENTS_REMEMBERED: u64 = 1 << 24;

pub(crate) fn verify_disk(disk: &Arc<dyn Disk>, elsewhere: u64) -> Result<VerifyReport, VerifyFailure> {
    let opening = |error: OpenError| VerifyFailure::Open(error.into());
    let listing = |source| VerifyFailure::Open(OpenFailure::Directory { path: disk.place(""), source });
    let snapshots = Snapshots::new(Arc::clone(disk));
    let mut waiting = snapshots.list().map_err(listing)?;
    let begin = match elsewhere {
        0 => None,
        elsewhere => Some(first_behind(&snapshots, &waiting, elsewhere)?),
    };
    let mut log = Journal::inspect(Arc::clone(disk), begin).map_err(opening)?;
    let mut compared = Vec::new();
    let mut next_forgotten = EVENTS_REMEMBERED;
    let begin_event = begin.map_or(0, |begin| begin.event);
    let mut ledger = match begin {
        None => Ledger::new(log.seed()),
        Some(begin) => load(&snapshots, begin.event, (log.ledger_id(), log.seed()))?,
    };
    // What goes back further can't be compared.
    waiting.retain(|event| *event > begin_event);
    let mut tables = tables_to_compare(&**disk, log.ledger_id())?;
    tables.retain(|compared| compared.listed.table.range().0 > begin_event);
    let names = disk.list().map_err(listing)?;
    let table_differs = |(file, reason)| VerifyFailure::TableDiffers { file, reason };
    let mut summaries = report::compared(&**disk, &names, (log.ledger_id(), begin_event)).map_err(table_differs)?;
    while let Some(frame) = log.next_frame().map_err(opening)? {
        apply_frame(&mut ledger, &frame).map_err(VerifyFailure::Open)?;
        compare_frame(&mut tables, &ledger, &frame)?;
        compare_flows(&mut summaries, &ledger, &frame)?;
        let event = frame.last();
        // What tables would tell need not stay in memory.
        ledger.forget_keys_through(event.saturating_sub(EVENTS_REMEMBERED));
        if event >= next_forgotten {
            drop(ledger.forget_over_through(event));
            ledger.age_over();
            next_forgotten = event + EVENTS_REMEMBERED;
        }
        if waiting.last() == Some(&event) {
            waiting.pop();
            check_sums(&ledger, event)?;
            compare(&snapshots, &ledger, event)?;
            compared.push(event);
        }
    }
    let (reader, tail) = log.finish().map_err(opening)?;
    if let Some(event) = waiting.pop() {
        let reason = format!("no frame of the log, which ends at event {}, ends there", reader.last_event());
        return Err(VerifyFailure::SnapshotDiffers { event, reason });
    }
    check_sums(&ledger, ledger.state().last_event())?;
    let index_differs = |error: BlockFileError| {
        let (file, reason) = match error {
            BlockFileError::Damaged { file, .. } => (file, "it does not lead to the events of its segment".to_owned()),
            other => (disk.place(""), other.to_string()),
        };
        VerifyFailure::TableDiffers { file, reason }
    };
    reader.check_index_files().map_err(index_differs)?;
    check_chain(&reader, (elsewhere, begin_event))?;
    for table in &tables {
        table.check(&**disk, reader.last_event())?;
    }
    if let Some((summary, reason)) = summaries.iter().find_map(|summary| Some((summary, summary.difference()?))) {
        return Err(table_differs((summary.place.clone(), reason.to_owned())));
    }
    Ok(VerifyReport {
        events: ledger.state().last_event(),
        users: ledger.state().user_count(),
        accounts: ledger.state().account_count(),
        keys: ledger.key_count(),
        snapshots: compared,
        elsewhere,
        tables: tables.len(),
        summaries: summaries.len(),
        log_bytes: reader.log_bytes(),
        tail,
    })
}

/// The place of the oldest snapshot behind an event.
fn first_behind(snapshots: &Snapshots, newest_first: &[u64], elsewhere: u64) -> Result<Position, VerifyFailure> {
    let differs = |reason: String| VerifyFailure::SnapshotDiffers { event: elsewhere, reason };
    let found = newest_first.iter().rev().find(|event| **event >= elsewhere);
    let event = *found.ok_or_else(|| differs("no snapshot goes on from what is not on this disk".to_owned()))?;
    let reader = snapshots.open(event).map_err(|error| differs(error.to_string()))?;
    Ok(Position { event, chain: reader.header().chain })
}

/// The ledger of a snapshot.
fn load(snapshots: &Snapshots, event: u64, ids: ([u8; 16], [u8; 16])) -> Result<Ledger, VerifyFailure> {
    let differs = |reason: String| VerifyFailure::SnapshotDiffers { event, reason };
    crate::loading::load_snapshot(snapshots, ids, &Opening::default(), event).map(|(ledger, _)| ledger).map_err(differs)
}

/// Verifies the frames behind one event and up to another that were not carried out.
fn check_chain(reader: &Reader, (after, to): (u64, u64)) -> Result<(), VerifyFailure> {
    let mut frames = reader.frames(after + 1);
    let mut reached = after;
    while reached < to {
        let frame = frames.next_frame().map_err(|error| match error {
            ReadError::Broken(broken) => VerifyFailure::Open(OpenError::Broken(broken).into()),
            error => {
                let source = std::io::Error::other(error);
                VerifyFailure::Open(OpenFailure::Directory { path: reader.disk().place(""), source })
            }
        })?;
        let Some(frame) = frame else { break };
        reached = frame.last();
    }
    Ok(())
}

fn check_sums(ledger: &Ledger, event: u64) -> Result<(), VerifyFailure> {
    let sums = ledger.state().sums_of_all_balances();
    for (coin, sum) in ledger.state().coins().iter().zip(sums) {
        if sum != 0 {
            return Err(VerifyFailure::NotConserved { event, coin: coin.code.to_string(), sum });
        }
    }
    Ok(())
}

/// The same events give the same blocks, byte for byte.
fn compare(snapshots: &Snapshots, ledger: &Ledger, event: u64) -> Result<(), VerifyFailure> {
    let differs = |reason: String| VerifyFailure::SnapshotDiffers { event, reason };
    let mut reader = snapshots.open(event).map_err(|error| differs(error.to_string()))?;
    for (at, expected) in ledger.state().blocks().enumerate() {
        let block = reader.next_block().map_err(|error| differs(error.to_string()))?;
        if block != Some(&expected[..]) {
            return Err(differs(format!("block {at} is not what the log gives")));
        }
    }
    if reader.next_block().map_err(|error| differs(error.to_string()))?.is_some() {
        return Err(differs("it has more blocks than the log gives".to_owned()));
    }
    Ok(())
}

/// A table, and what the log says that it holds.
struct Compared {
    listed: Arc<Listed>,
    count: u64,
    sum: u128,
    /// A frame of the log ends where and as it says.
    is_of_log: bool,
}

impl Compared {
    fn add(&mut self, event: u64, hash: u128) {
        let (from, to) = self.listed.table.range();
        if (from..=to).contains(&event) {
            self.count += 1;
            self.sum = add_to_sum(self.sum, slot(hash, event));
        }
    }

    /// Reads the whole table. Its own sum and order are compared with its slots there.
    fn check(&self, disk: &dyn Disk, last_event: u64) -> Result<(), VerifyFailure> {
        let table = &self.listed.table;
        let differs = |reason: String| VerifyFailure::TableDiffers { file: table.place().to_owned(), reason };
        let mut slots = table.slots(disk).map_err(|error| differs(error.to_string()))?;
        while slots.next_slot().map_err(|error| differs(error.to_string()))?.is_some() {}
        if !self.is_of_log {
            return Err(differs(format!("no frame of the log, which ends at event {last_event}, ends as it says")));
        }
        if (table.count(), table.sum()) != (self.count, self.sum) {
            return Err(differs(format!(
                "it names {} events where the log gives {}, or others",
                table.count(),
                self.count
            )));
        }
        Ok(())
    }
}

/// All tables of a directory, whether a start would use them or not.
fn tables_to_compare(disk: &dyn Disk, ledger_id: [u8; 16]) -> Result<Vec<Compared>, VerifyFailure> {
    let listing = |source| VerifyFailure::Open(OpenFailure::Directory { path: disk.place(""), source });
    let names = disk.list().map_err(listing)?;
    let found = names.iter().filter(|name| tables::is_listed(name));
    let opened = found.map(|name| {
        let listed = tables::open(disk, ledger_id, name);
        listed.map_err(|reason| VerifyFailure::TableDiffers { file: disk.place(name), reason })
    });
    opened.map(|listed| Ok(Compared { listed: listed?, count: 0, sum: 0, is_of_log: false })).collect()
}

/// Adds what a frame's events give to the tables that tell of them.
fn compare_frame(tables: &mut [Compared], ledger: &Ledger, frame: &FrameView<'_>) -> Result<(), VerifyFailure> {
    for one in tables.iter_mut() {
        let header = one.listed.table.header();
        one.is_of_log |= header.event == frame.last() && header.chain == frame.hash();
    }
    for (number, record) in (frame.first()..).zip(frame.records()) {
        let blob = blob_offset(record).and_then(|offset| frame.blob(offset)).unwrap_or(&[]);
        let slots = tables::slots_of(ledger, (number, frame.at_us()), record, blob)
            .map_err(|source| VerifyFailure::Open(OpenFailure::Malformed { event: number, source }))?;
        for (kind, hash) in slots {
            tables.iter_mut().filter(|one| one.listed.kind == kind).for_each(|one| one.add(number, hash));
        }
    }
    Ok(())
}

/// Adds what a frame's events give to the summaries of flows.
fn compare_flows(
    summaries: &mut [report::Compared],
    ledger: &Ledger,
    frame: &FrameView<'_>,
) -> Result<(), VerifyFailure> {
    for summary in summaries.iter_mut() {
        let added = summary.add(ledger, frame);
        added.map_err(|reason| VerifyFailure::TableDiffers { file: summary.place.clone(), reason })?;
    }
    Ok(())
}

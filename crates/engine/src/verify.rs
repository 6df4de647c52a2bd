//! Walking a whole ledger while it is not running: every frame, every event, every sum.

use crate::open::apply_frame;
use crate::{OpenFailure, key_files};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use tocos_journal::{Disk, FileDisk, Journal, Reader, Snapshots, TailReport};
use tocos_ledger::Ledger;

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
    pub keys: usize,
    /// Snapshots that were compared with the replay, by event.
    pub snapshots: Vec<u64>,
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
    verify_disk(&(Arc::new(disk) as Arc<dyn Disk>))
}

pub(crate) fn verify_disk(disk: &Arc<dyn Disk>) -> Result<VerifyReport, VerifyFailure> {
    let opening = |error: tocos_journal::OpenError| VerifyFailure::Open(error.into());
    let listing = |source| VerifyFailure::Open(OpenFailure::Directory { path: disk.place(""), source });
    let mut log = Journal::inspect(Arc::clone(disk), None).map_err(opening)?;
    let snapshots = Snapshots::new(Arc::clone(disk));
    let mut waiting = snapshots.list().map_err(listing)?;
    let mut compared = Vec::new();
    let mut ledger = Ledger::new(log.seed());
    while let Some(frame) = log.next_frame().map_err(opening)? {
        apply_frame(&mut ledger, &frame).map_err(VerifyFailure::Open)?;
        let event = frame.last();
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
    check_keys(disk, &ledger, &reader)?;
    Ok(VerifyReport {
        events: ledger.state().last_event(),
        users: ledger.state().user_count(),
        accounts: ledger.state().account_count(),
        keys: ledger.key_count(),
        snapshots: compared,
        log_bytes: reader.log_bytes(),
        tail,
    })
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

/// The key files must give the keys that the log gives.
fn check_keys(disk: &Arc<dyn Disk>, ledger: &Ledger, reader: &Reader) -> Result<(), VerifyFailure> {
    let unusable = |reason: String| VerifyFailure::SnapshotDiffers { event: reader.last_event(), reason };
    for range in key_files::ranges(&**disk).map_err(|error| unusable(error.to_string()))? {
        let mut from_file = Ledger::new(reader.seed());
        key_files::load(&**disk, range, &mut from_file).map_err(|error| unusable(error.to_string()))?;
        let in_log = ledger.keys_between(range.0, range.1);
        if from_file.keys_between(range.0, range.1) != in_log || from_file.key_count() != in_log.len() {
            return Err(unusable(format!("the keys of events {} to {} differ", range.0, range.1)));
        }
    }
    Ok(())
}

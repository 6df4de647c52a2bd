//! Making a data directory from an archive: the log of a branch up to an event or a time, with the snapshot and tables that go with
//! it. The ledger that comes of it writes to a branch of its own.
//!
//! The directory has a marker file until all of it is durable. Segments get their names one by one when they are whole, so a restore
//! that was interrupted goes on behind the last of them.

mod derived;
mod error;
mod log;
mod marker;
mod resume;
mod target;

pub use error::RestoreError;
pub use log::Records;
pub use marker::{Asked, Marker};
pub use target::Until;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use tocos_journal::{Disk, Hash, Position, RESTORE_MARKER};

use crate::branch::{BranchId, LocalRecord, Parent};
use crate::catalogue::{Catalogue, Part};
use crate::fault::Faulty;
use crate::follow::{Followed, Lineage};
use crate::names::Name;
use crate::remote::Remote;
use crate::tip::Tip;
use log::{CutFault, LogWriter, UNFINISHED, cut};
use target::{Taken, taken};

/// Files that an empty directory may have: the lock, and what file systems make by themselves.
const NOTHING: [&str; 3] = ["group", "lock", "lost+found"];

/// Whether an entry of a directory is not part of a ledger. Folders with files that were set aside are not.
fn is_nothing(name: &str) -> bool {
    NOTHING.contains(&name) || name.starts_with("set-aside-")
}

/// What to restore.
#[derive(Debug, Clone)]
pub struct Request {
    /// Up to where; none for all there is.
    pub until: Option<Until>,
    /// The branch; none for the newest.
    pub branch: Option<BranchId>,
    /// What the archive must be told about records.
    pub records: Records,
    /// The same in the words of the command.
    pub asked: Asked,
    /// The whole command, for people who find the directory half restored.
    pub command: String,
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Segments are verified that an interrupted restore left.
    Found,
    /// The log is downloaded, verified and written.
    Log,
    /// The snapshot and the tables are.
    Derived,
}

/// How far a restore has come since it said so last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// How many bytes were done.
    pub bytes: u64,
    /// The event that was reached.
    pub event: u64,
}

/// What came after the restored events and was left out, as far as the end of the branch tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftOut {
    /// The first event and its time.
    pub first: (u64, i64),
    /// The last event and its time.
    pub last: (u64, i64),
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The ledger.
    pub ledger_id: [u8; 16],
    /// The branch that it was restored from.
    pub source: BranchId,
    /// The branch that it will write to.
    pub branch: BranchId,
    /// The last event.
    pub last_event: u64,
    /// Its time, microseconds since 1970 in UTC.
    pub last_at_us: i64,
    /// Bytes of the log, and how many segments it has.
    pub log_bytes: u64,
    /// How many segments it has.
    pub segments: u64,
    /// The event of the snapshot, if there was one.
    pub snapshot: Option<u64>,
    /// How many tables.
    pub tables: u64,
    /// Events that an interrupted restore had written already.
    pub resumed_at: u64,
    /// What came after.
    pub left_out: Option<LeftOut>,
    /// Objects that could not be used and were not needed.
    pub notes: Vec<Faulty>,
}

/// Whether a restore may begin in this directory, or go on: it is empty, or a restore has begun there.
///
/// # Errors
/// If it can't be read.
pub fn is_open_for_restore(disk: &dyn Disk) -> io::Result<bool> {
    let names = disk.list()?;
    let is_begun = names.iter().any(|name| name == RESTORE_MARKER);
    Ok(is_begun || names.iter().all(|name| is_nothing(name)))
}

/// Restores a ledger into a directory.
///
/// # Errors
/// [`RestoreError`]. The same call goes on later, unless it is one that can't be done: then the directory is empty again.
pub fn restore(
    remote: &Remote,
    disk: &Arc<dyn Disk>,
    request: &Request,
    progress: &mut dyn FnMut(Progress),
) -> Result<Restored, RestoreError> {
    let _lock = disk.lock().map_err(|error| RestoreError::locked(&**disk, error))?;
    let marker = begun(&**disk, &request.asked)?;
    let catalogue = Catalogue::read(remote)?;
    let marker = match marker {
        Some(marker) => marker,
        None => begin(remote, &**disk, &catalogue, request)?,
    };
    let malformed = |_| RestoreError::Marker { file: disk.place(RESTORE_MARKER) };
    let source = marker.source.parse().map_err(malformed)?;
    let branch = marker.new_branch.parse().map_err(malformed)?;
    let restoring = Restoring { remote, disk: Arc::clone(disk), catalogue: &catalogue, request, source, branch };
    let restored = restoring.run(progress);
    if restored.as_ref().is_err_and(RestoreError::is_final) {
        clear(&**disk).map_err(|source| RestoreError::Disk { place: disk.place(""), source })?;
    }
    restored
}

/// The marker of a restore that has begun in this directory, if one has.
fn begun(disk: &dyn Disk, asked: &Asked) -> Result<Option<Marker>, RestoreError> {
    let failed = |source| RestoreError::Disk { place: disk.place(""), source };
    let names = disk.list().map_err(failed)?;
    let has_begun = names.iter().any(|name| name == RESTORE_MARKER);
    if !has_begun {
        let is_ours = |name: &&String| !is_nothing(name) && !name.starts_with(RESTORE_MARKER);
        return match names.iter().filter(is_ours).min() {
            Some(name) => Err(RestoreError::NotEmpty { dir: disk.place(""), found: name.clone() }),
            None => Ok(None),
        };
    }
    let file = disk.place(RESTORE_MARKER);
    match Marker::read(disk) {
        Ok(Some(marker)) if marker.asked == *asked => Ok(Some(marker)),
        Ok(Some(marker)) => Err(RestoreError::OtherRestore { file, command: marker.command }),
        Ok(None) | Err(_) => Err(RestoreError::Marker { file }),
    }
}

/// Chooses the branch, and marks the directory.
fn begin(remote: &Remote, disk: &dyn Disk, catalogue: &Catalogue, request: &Request) -> Result<Marker, RestoreError> {
    let url = remote.url().to_owned();
    if catalogue.branches.is_empty() && catalogue.unreadable.is_empty() {
        return Err(RestoreError::Empty { url });
    }
    let source = match request.branch {
        Some(branch) => branch,
        None => {
            // The one that can't be read may be the newest.
            if let Some((object, reason)) = catalogue.unreadable.first() {
                return Err(RestoreError::Unreadable { object: remote.place(object), reason: reason.clone() });
            }
            catalogue.newest().map(|branch| branch.id).ok_or(RestoreError::Empty { url })?
        }
    };
    let parts = catalogue.lineage(source)?;
    if let Some(Until::Event(event)) = request.until
        && let Some(tip) = tip_of(remote, catalogue, &parts)?.filter(|tip| tip.position.event < event)
    {
        return Err(RestoreError::NoSuchEvent { event, last_event: tip.position.event, branch: source });
    }
    let new_branch = BranchId::random().map_err(RestoreError::Random)?;
    let asked = request.asked.clone();
    let (source, new_branch, command) = (source.to_string(), new_branch.to_string(), request.command.clone());
    let marker = Marker { asked, source, new_branch, command };
    marker.write(disk).map_err(|source| RestoreError::Disk { place: disk.place(RESTORE_MARKER), source })?;
    Ok(marker)
}

/// The end of a log by its last object.
fn tip_of(remote: &Remote, catalogue: &Catalogue, parts: &[Part]) -> Result<Option<Tip>, RestoreError> {
    let Some(last) = parts.last() else { return Ok(None) };
    let (Some(branch), Some(objects)) = (catalogue.branches.get(&last.branch), catalogue.objects.get(&last.branch))
    else {
        return Ok(None);
    };
    Ok(Tip::read(remote, &branch.ledger_id, objects)?)
}

/// Removes what a restore wrote, the marker last.
fn clear(disk: &dyn Disk) -> io::Result<()> {
    for name in disk.list()? {
        if Name::parse(&name).is_some() || name.ends_with(UNFINISHED) {
            disk.remove(&name)?;
        }
    }
    disk.sync_dir()?;
    Marker::remove(disk)
}

/// A restore that is under way.
struct Restoring<'a> {
    remote: &'a Remote,
    disk: Arc<dyn Disk>,
    catalogue: &'a Catalogue,
    request: &'a Request,
    source: BranchId,
    branch: BranchId,
}

impl Restoring<'_> {
    fn run(&self, progress: &mut dyn FnMut(Progress)) -> Result<Restored, RestoreError> {
        let parts = self.catalogue.lineage(self.source)?;
        let mut lineage = Lineage::new(self.remote, self.catalogue, self.source)?;
        let ledger_id = lineage.ledger_id();
        let mut ends = derived::events(self.catalogue, &parts);
        let crossings: Vec<Position> = lineage.crossings().collect();
        let found = resume::find(&*self.disk, &ledger_id, self.request.until, &crossings, &mut ends)
            .map_err(RestoreError::disk(self.disk.place("")))?;
        progress(Progress { stage: Stage::Found, bytes: found.bytes, event: found.position.event });
        lineage.skip_to(found.position);
        let log = LogWriter::new(Arc::clone(&self.disk), found.position);
        let place = self.disk.place("");
        let (whole, at_us) = (found.position, found.at_us);
        let mut taking = Taking { log, place, request: self.request, whole, at_us, next: None, ends, progress };
        let followed = lineage.run(|_branch, followed| taking.take(&followed));
        let mut notes: Vec<Faulty> = lineage.faults().cloned().collect();
        match followed {
            // What lies behind is not asked for.
            Err(RestoreError::Follow(_) | RestoreError::Store(_)) if taking.is_reached() => {}
            followed => drop(followed?),
        }
        let Taking { mut log, whole, at_us, next, ends, progress, .. } = taking;
        log.sync().map_err(RestoreError::disk(self.disk.place("")))?;
        let position = log.position();
        self.check_end(position, next)?;
        let (remote, disk, ends) = (self.remote, Arc::clone(&self.disk), &ends);
        let mut fetch = derived::Fetch { remote, disk, ledger_id, ends, last_event: whole.event, notes: Vec::new() };
        let snapshot = fetch.snapshot(self.catalogue, &parts, progress)?;
        let tables = fetch.tables(self.catalogue, &parts, progress)?;
        notes.append(&mut fetch.notes);
        let left_out = self.left_out(position, next, &parts)?;
        self.finish(&mut log, whole, &parts).map_err(RestoreError::disk(self.disk.place("")))?;
        Ok(Restored {
            ledger_id,
            source: self.source,
            branch: self.branch,
            last_event: position.event,
            last_at_us: at_us,
            log_bytes: found.bytes + log.bytes,
            segments: found.segments + log.segments,
            snapshot,
            tables,
            resumed_at: found.position.event,
            left_out,
            notes,
        })
    }

    /// Whether the log came as far as it was to come.
    fn check_end(&self, position: Position, next: Option<(u64, i64)>) -> Result<(), RestoreError> {
        match self.request.until {
            Some(Until::Event(event)) if position.event < event => {
                Err(RestoreError::NoSuchEvent { event, last_event: position.event, branch: self.source })
            }
            _ if position.event > 0 => Ok(()),
            _ => match next {
                Some((_, first_at_us)) => Err(RestoreError::BeforeFirst { first_at_us }),
                None => Err(RestoreError::Empty { url: self.remote.url().to_owned() }),
            },
        }
    }

    fn left_out(
        &self,
        position: Position,
        next: Option<(u64, i64)>,
        parts: &[Part],
    ) -> Result<Option<LeftOut>, RestoreError> {
        let tip = tip_of(self.remote, self.catalogue, parts)?.filter(|tip| tip.position.event > position.event);
        let last = tip.map(|tip| (tip.position.event, tip.at_us));
        Ok(match (next, last) {
            (Some(first), last) => Some(LeftOut { first, last: last.unwrap_or(first) }),
            (None, Some(last)) => Some(LeftOut { first: (position.event + 1, last.1), last }),
            (None, None) => None,
        })
    }

    /// Says which branch the ledger will write to, gives the last segment its name, and opens the directory.
    fn finish(&self, log: &mut LogWriter, whole: Position, parts: &[Part]) -> io::Result<()> {
        let shared = parts.iter().rev().find(|part| part.from.event < whole.event).or(parts.first());
        let parent = shared.map(|part| Parent { branch: part.branch, at: whole });
        LocalRecord { branch: self.branch, parent }.write(&*self.disk)?;
        log.finish_segment()?;
        Marker::remove(&*self.disk)
    }
}

/// What takes the frames of the log one by one.
struct Taking<'a> {
    log: LogWriter,
    /// The directory, for messages.
    place: String,
    request: &'a Request,
    /// The place behind the last frame that was taken whole: up to there both ledgers are the same.
    whole: Position,
    at_us: i64,
    /// The first event that is left out, and its time.
    next: Option<(u64, i64)>,
    ends: BTreeMap<u64, Option<Hash>>,
    progress: &'a mut dyn FnMut(Progress),
}

impl Taking<'_> {
    /// Takes a frame; `false` if no more are wanted.
    fn take(&mut self, followed: &Followed<'_>) -> Result<bool, RestoreError> {
        let frame = &followed.frame;
        let failed = RestoreError::disk(self.place.clone());
        match taken(self.request.until, frame) {
            Taken::Whole => {
                self.log.add(followed).map_err(failed)?;
                (self.whole, self.at_us) = (self.log.position(), frame.at_us());
                if let Some(end) = self.ends.get_mut(&frame.last()) {
                    *end = Some(frame.hash());
                }
                let bytes = followed.bytes.len() as u64;
                (self.progress)(Progress { stage: Stage::Log, bytes, event: frame.last() });
                return Ok(true);
            }
            Taken::Through(event) => {
                let shorter = cut(frame, event, self.request.records).map_err(|fault| match fault {
                    CutFault::InBatch { first, last } => RestoreError::InBatch { event, first, last },
                    CutFault::Malformed => RestoreError::Malformed { event },
                })?;
                self.log.add_cut(followed.segment, &shorter).map_err(failed)?;
                self.at_us = frame.at_us();
                self.next = Some((event + 1, frame.at_us()));
            }
            Taken::Nothing => self.next = Some((frame.first(), frame.at_us())),
        }
        Ok(false)
    }

    /// Whether all events that were asked for by number are there.
    fn is_reached(&self) -> bool {
        matches!(self.request.until, Some(Until::Event(event)) if self.log.position().event >= event)
    }
}

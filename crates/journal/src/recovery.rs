//! Opening a journal: the lock, the segments and their order.

use std::sync::Arc;

use crate::blockfile::TEMPORARY;
use crate::disk::{Disk, DiskLock, LockError};
use crate::error::OpenError;
use crate::index_file::index_name;
use crate::layout::FrameView;
use crate::log::{Log, Segment};
use crate::options::Options;
use crate::position::Position;
use crate::reader::Reader;
use crate::replay::Replay;
use crate::scan::Scan;
use crate::segment::{
    LogName, SEGMENT_HEADER_BYTES, SegmentFault, SegmentHeader, is_unfinished, log_name, segment_name,
};
use crate::tail::{self, TailReport};

/// The file that is in a directory while a ledger is restored into it: what is there is not yet the whole ledger, so the
/// directory can't be opened.
pub const RESTORE_MARKER: &str = "restore-unfinished";

/// Where opening begins.
#[derive(Debug)]
pub struct Journal;

impl Journal {
    /// Locks the directory, removes what unfinished writes left there, and checks the header of every
    /// segment and that none is missing. An empty directory becomes a new ledger.
    ///
    /// # Errors
    /// Every [`OpenError`] except those that only reading the frames can find.
    pub fn open(disk: Arc<dyn Disk>, options: Options) -> Result<Opened, OpenError> {
        let lock = lock(&*disk)?;
        let names = list(&*disk)?;
        for name in names.iter().filter(|name| name.ends_with(TEMPORARY)) {
            disk.remove(name).map_err(OpenError::disk("removing", disk.place(name)))?;
        }
        let found = Found::read(&*disk, &names)?;
        let options =
            Options { segment_bytes: options.segment_bytes.clamp(SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX), ..options };
        let ids = found.ids().unwrap_or((options.new_ledger.ledger_id, options.new_ledger.seed));
        let is_new = found.segments.is_empty();
        let log = Arc::new(Log::new(disk, lock, ids, found.segments));
        if is_new {
            let start = Position::start(&ids.0);
            let header =
                SegmentHeader { ledger_id: ids.0, seed: ids.1, first: 1, previous_first: 0, prev: start.chain };
            let place = log.disk.place(&segment_name(1));
            log.create_segment(header, options.segment_bytes).map_err(OpenError::disk("making", place))?;
        }
        // In a new ledger the unfinished first segment has just been made again.
        let unfinished = found.unfinished.filter(|_| !is_new);
        Ok(Opened { log, options, unfinished, is_new })
    }

    /// Opens for reading only, as `verify` and an offline export do: takes the lock, changes nothing in the log, and
    /// leaves a torn end where it is. Reads from behind `from`, or from event 1.
    ///
    /// # Errors
    /// As [`open`](Self::open) and [`Opened::replay`]; a directory without a log is an error here.
    pub fn inspect(disk: Arc<dyn Disk>, from: Option<Position>) -> Result<Inspection, OpenError> {
        let lock = lock(&*disk)?;
        let found = Found::read(&*disk, &list(&*disk)?)?;
        let Some(ids) = found.ids() else {
            return Err(OpenError::NoLog { dir: disk.place("") });
        };
        let log = Arc::new(Log::new(disk, lock, ids, found.segments));
        Ok(Inspection { scan: Scan::start(log, found.unfinished, from, false)? })
    }
}

/// Below this a segment would hold next to nothing; beyond the other its index would need wider numbers.
const SEGMENT_BYTES_MIN: u64 = 1 << 10;
const SEGMENT_BYTES_MAX: u64 = 1 << 31;

/// A locked journal whose frames have not been read yet.
#[derive(Debug)]
pub struct Opened {
    log: Arc<Log>,
    options: Options,
    unfinished: Option<u64>,
    is_new: bool,
}

impl Opened {
    /// The ledger's id.
    #[must_use]
    pub fn ledger_id(&self) -> [u8; 16] {
        self.log.ledger_id
    }

    /// The random bytes that the ledger was made with.
    #[must_use]
    pub fn seed(&self) -> [u8; 16] {
        self.log.seed
    }

    /// Whether this open has made the ledger.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Continues with reading the frames after `from` (the position of a snapshot; `None` is the whole log).
    ///
    /// # Errors
    /// [`OpenError::SnapshotMismatch`] and [`OpenError::LogEndsEarly`] if no frame with that hash ends there, and
    /// whatever is wrong between the start of that segment and `from`.
    pub fn replay(self, from: Option<Position>) -> Result<Replay, OpenError> {
        Ok(Replay::new(Scan::start(self.log, self.unfinished, from, self.options.is_copy)?, self.options, self.is_new))
    }
}

/// A log that is read and verified, and left as it is.
#[derive(Debug)]
pub struct Inspection {
    scan: Scan,
}

impl Inspection {
    /// The ledger's id.
    #[must_use]
    pub fn ledger_id(&self) -> [u8; 16] {
        self.scan.log.ledger_id
    }

    /// The random bytes that the ledger was made with.
    #[must_use]
    pub fn seed(&self) -> [u8; 16] {
        self.scan.log.seed
    }

    /// The next frame, or nothing at the end of the log. The view lasts until the next call.
    ///
    /// # Errors
    /// As [`Replay::next_frame`].
    pub fn next_frame(&mut self) -> Result<Option<FrameView<'_>>, OpenError> {
        self.scan.next_frame()
    }

    /// Reads what is left. The report says what a start would cut off.
    ///
    /// # Errors
    /// As [`Replay::next_frame`].
    pub fn finish(mut self) -> Result<(Reader, TailReport), OpenError> {
        let report = self.scan.read_to_end()?;
        Ok((Reader::new(self.scan.log), report))
    }
}

fn lock(disk: &dyn Disk) -> Result<Box<dyn DiskLock>, OpenError> {
    disk.lock().map_err(|error| match error {
        LockError::Held(pid) => OpenError::Locked { dir: disk.place(""), pid },
        LockError::Io(source) => OpenError::Disk { doing: "locking", place: disk.place(""), source },
    })
}

/// The names of all files, unless they are of a ledger that is half restored.
fn list(disk: &dyn Disk) -> Result<Vec<String>, OpenError> {
    let names = disk.list().map_err(OpenError::disk("listing", disk.place("")))?;
    if names.iter().any(|name| name == RESTORE_MARKER) {
        return Err(OpenError::HalfRestored { file: disk.place(RESTORE_MARKER) });
    }
    Ok(names)
}

/// The segments of a directory, whose headers belong together.
struct Found {
    segments: Vec<Arc<Segment>>,
    /// The first event of a last segment that a crash left before its header was durable.
    unfinished: Option<u64>,
}

impl Found {
    fn read(disk: &dyn Disk, names: &[String]) -> Result<Self, OpenError> {
        let mut firsts = Vec::new();
        for name in names {
            match log_name(name) {
                LogName::Segment(first) => firsts.push(first),
                LogName::Malformed => return Err(OpenError::NotOurs { file: disk.place(name) }),
                LogName::Other => {}
            }
        }
        firsts.sort_unstable();
        let mut found = Self { segments: Vec::with_capacity(firsts.len()), unfinished: None };
        for (nth, first) in firsts.iter().enumerate() {
            match read_header(disk, *first)? {
                Ok(read) => found.add(disk, *first, &read)?,
                Err(fault) => {
                    let last = nth + 1 == firsts.len();
                    if !(last && is_blank(disk, *first)?) {
                        return Err(refusal(disk, *first, fault));
                    }
                    found.unfinished = Some(*first);
                }
            }
        }
        // The last one may still be appended to: a file of it would be of another history.
        for segment in found.segments.iter().rev().skip(1) {
            segment.set_has_index_file(names.contains(&index_name(segment.header.first)));
        }
        found.check_start(disk, names)?;
        Ok(found)
    }

    /// Adds a segment if it follows the ones before.
    fn add(&mut self, disk: &dyn Disk, first: u64, read: &ReadHeader) -> Result<(), OpenError> {
        let header = read.header;
        let file = disk.place(&segment_name(first));
        if header.first != first {
            return Err(OpenError::Renamed { file, event: header.first });
        }
        let before = self.segments.last().map(|segment| segment.header);
        if before.is_some_and(|before| before.ledger_id != header.ledger_id || before.seed != header.seed) {
            return Err(OpenError::OtherLedger { file });
        }
        let previous_first = before.map_or(0, |before| before.first);
        if header.previous_first != previous_first {
            // The header names the previous segment.
            return Err(OpenError::MissingSegment { event: header.previous_first.max(1), file });
        }
        let segment = Segment::new(disk, header, read.len);
        segment.set_elsewhere(!read.is_here);
        self.segments.push(Arc::new(segment));
        Ok(())
    }

    /// A log starts with event 1, and whatever was derived from it does not exist without it.
    fn check_start(&self, disk: &dyn Disk, names: &[String]) -> Result<(), OpenError> {
        if !self.segments.is_empty() {
            return Ok(());
        }
        let derived = |name: &&String| {
            ["snapshot-", "keys-", "over-", "mentions-", "index-", "flows-"].iter().any(|kind| name.starts_with(kind))
                && name.ends_with(".tocos")
        };
        let orphan = match self.unfinished {
            Some(first) if first > 1 => Some(segment_name(first)),
            _ => names.iter().find(derived).cloned(),
        };
        match orphan {
            Some(name) => Err(OpenError::MissingSegment { event: 1, file: disk.place(&name) }),
            None => Ok(()),
        }
    }

    fn ids(&self) -> Option<([u8; 16], [u8; 16])> {
        self.segments.first().map(|segment| (segment.header.ledger_id, segment.header.seed))
    }
}

/// What is known of a segment when its header has been read.
struct ReadHeader {
    header: SegmentHeader,
    /// The length of its file.
    len: u64,
    is_here: bool,
}

/// A segment's header, or why it has no good one.
fn read_header(disk: &dyn Disk, first: u64) -> Result<Result<ReadHeader, SegmentFault>, OpenError> {
    let name = segment_name(first);
    let failed = |source| OpenError::Disk { doing: "reading", place: disk.place(&name), source };
    let file = disk.open(&name).map_err(failed)?;
    let is_here = file.is_here();
    let mut header = [0; 512];
    // What is behind the header of a segment that is not here would have to be fetched.
    let wanted = if is_here { header.len() } else { SEGMENT_HEADER_BYTES };
    let filled = file.read_at(&mut header[..wanted], 0).map_err(failed)?;
    let len = file.len().map_err(failed)?;
    Ok(SegmentHeader::parse(&header[..filled]).map(|header| ReadHeader { header, len, is_here }))
}

/// Whether a segment without a good header can be one that a crash left unfinished: nothing was ever put into it,
/// since that happens only after the header is durable.
fn is_blank(disk: &dyn Disk, first: u64) -> Result<bool, OpenError> {
    let name = segment_name(first);
    let failed = |source| OpenError::Disk { doing: "reading", place: disk.place(&name), source };
    let file = disk.open(&name).map_err(failed)?;
    let mut header = [0; SEGMENT_HEADER_BYTES];
    let filled = file.read_at(&mut header, 0).map_err(failed)?;
    if !is_unfinished(&header[..filled]) {
        return Ok(false);
    }
    let behind = tail::examine(&*file, SEGMENT_HEADER_BYTES as u64, None).map_err(failed)?;
    Ok(behind.bytes == 0)
}

fn refusal(disk: &dyn Disk, first: u64, fault: SegmentFault) -> OpenError {
    let file = disk.place(&segment_name(first));
    match fault {
        SegmentFault::NotOurs => OpenError::NotOurs { file },
        SegmentFault::NewerVersion(found) => OpenError::NewerVersion { file, found },
        SegmentFault::OlderVersion(found) => OpenError::OlderVersion { file, found },
        SegmentFault::Damaged => OpenError::BrokenHeader { file, event: first },
    }
}

//! What the appender and all readers of one journal share: the segments and how far the log is durable.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use crate::access::Access;
use crate::blockfile::BlockFileError;
use crate::disk::{Disk, DiskFile, DiskLock};
use crate::error::{Broken, ReadError};
use crate::index::{Index, Start};
use crate::index_file::{self, Sealed};
use crate::layout::{FRAME_HEADER_BYTES, FrameFault, FrameHeader};
use crate::position::Position;
use crate::segment::{SEGMENT_HEADER_BYTES, SegmentHeader, segment_name};

/// The file of the segment to come, until it is one.
const SPARE: &str = "next-segment.unfinished";
/// The files kept open for reading. A log may have more segments than a process may have files.
const OPEN_FILES_MAX: usize = 128;
/// The indexes of older segments that stay in memory, some 128 KiB each at the usual size of a segment.
const READ_INDEXES_MAX: usize = 64;
/// Walking the headers of an older segment, frames up to this size are read along with their neighbours.
const SMALL_FRAME_BYTES: u64 = 16 << 10;
const WALK_BYTES: usize = 64 << 10;

/// Why an index file was not written.
#[derive(Debug)]
pub enum IndexFileError {
    /// Its segment can't be read.
    Log(ReadError),
    /// It can't be written.
    File(BlockFileError),
}

impl std::fmt::Display for IndexFileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Log(error) => error.fmt(f),
            Self::File(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for IndexFileError {}

/// One segment file.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) header: SegmentHeader,
    pub(crate) tag: u64,
    pub(crate) name: String,
    /// The name with its directory, for messages.
    pub(crate) place: String,
    file: RwLock<Option<Arc<dyn DiskFile>>>,
    /// Where the last durable frame ends; in a segment that was not replayed, the length of the file.
    end: AtomicU64,
    /// None until the segment has been replayed or walked, or its index file read, and again when that is not needed.
    index: RwLock<Option<Index>>,
    /// Whether its index is in a file.
    has_index_file: AtomicBool,
    /// Whether its file has left this disk.
    is_elsewhere: AtomicBool,
}

impl Segment {
    pub(crate) fn new(disk: &dyn Disk, header: SegmentHeader, end: u64) -> Self {
        let name = segment_name(header.first);
        Self {
            header,
            tag: header.tag(),
            place: disk.place(&name),
            name,
            file: RwLock::new(None),
            end: AtomicU64::new(end),
            index: RwLock::new(None),
            has_index_file: AtomicBool::new(false),
            is_elsewhere: AtomicBool::new(false),
        }
    }

    pub(crate) fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    /// Where frames end. For replay and the appender; readers see it from the next [`Log::publish`] on.
    pub(crate) fn set_end(&self, end: u64) {
        self.end.store(end, Ordering::Release);
    }

    /// Takes note of a frame for the index. The caller notes every frame of the segment, in order.
    pub(crate) fn note(&self, event: u64, offset: u64) {
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        index.get_or_insert_with(|| Index::new(self.header.first)).note(event, offset);
    }

    pub(crate) fn set_has_index_file(&self, has: bool) {
        self.has_index_file.store(has, Ordering::Release);
    }

    pub(crate) fn set_elsewhere(&self, is_elsewhere: bool) {
        self.is_elsewhere.store(is_elsewhere, Ordering::Release);
    }

    pub(crate) fn is_elsewhere(&self) -> bool {
        self.is_elsewhere.load(Ordering::Acquire)
    }

    pub(crate) fn has_index_file(&self) -> bool {
        self.has_index_file.load(Ordering::Acquire)
    }

    pub(crate) fn broken(&self, offset: u64, event: u64, fault: FrameFault) -> Broken {
        Broken { file: self.place.clone(), offset, event, fault }
    }
}

/// All that one journal's parts share.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) ledger_id: [u8; 16],
    pub(crate) seed: [u8; 16],
    /// By first event. Never empty once opened.
    segments: RwLock<Vec<Arc<Segment>>>,
    last_event: AtomicU64,
    position: Mutex<Position>,
    /// Events below this one may be in segments that are not on this disk.
    elsewhere_below: AtomicU64,
    /// Segments whose files are open, oldest first.
    open_files: Mutex<VecDeque<Arc<Segment>>>,
    /// Segments whose indexes are in memory and in files, oldest first.
    read_indexes: Mutex<VecDeque<Arc<Segment>>>,
    /// Held by whoever writes an index file: two at once would write the same one.
    index_writing: Mutex<()>,
    _lock: Box<dyn DiskLock>,
}

impl Log {
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        lock: Box<dyn DiskLock>,
        (ledger_id, seed): ([u8; 16], [u8; 16]),
        segments: Vec<Arc<Segment>>,
    ) -> Self {
        let elsewhere = segments.iter().rposition(|segment| segment.is_elsewhere());
        let behind =
            |last: usize| segments.get(last + 1).map_or(u64::MAX, |segment: &Arc<Segment>| segment.header.first);
        let elsewhere_below = elsewhere.map_or(0, behind);
        Self {
            disk,
            ledger_id,
            seed,
            elsewhere_below: AtomicU64::new(elsewhere_below),
            segments: RwLock::new(segments),
            last_event: AtomicU64::new(0),
            position: Mutex::new(Position::start(&ledger_id)),
            open_files: Mutex::new(VecDeque::new()),
            read_indexes: Mutex::new(VecDeque::new()),
            index_writing: Mutex::new(()),
            _lock: lock,
        }
    }

    /// The last event that readers may see.
    pub(crate) fn last_event(&self) -> u64 {
        self.last_event.load(Ordering::Acquire)
    }

    /// Events below this one may be in segments that are not on this disk; 0 if all are.
    pub(crate) fn elsewhere_below(&self) -> u64 {
        self.elsewhere_below.load(Ordering::Acquire)
    }

    /// Says that the segments before this event may leave this disk.
    pub(crate) fn raise_elsewhere_below(&self, event: u64) {
        self.elsewhere_below.fetch_max(event, Ordering::AcqRel);
    }

    pub(crate) fn position(&self) -> Position {
        *locked(&self.position)
    }

    /// Lets readers see everything up to `position`.
    pub(crate) fn publish(&self, position: Position) {
        *locked(&self.position) = position;
        self.last_event.store(position.event, Ordering::Release);
    }

    pub(crate) fn segments(&self) -> RwLockReadGuard<'_, Vec<Arc<Segment>>> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn segment(&self, at: usize) -> Option<Arc<Segment>> {
        self.segments().get(at).cloned()
    }

    /// The segment that holds `event`, or would.
    pub(crate) fn segment_of(&self, event: u64) -> Option<Arc<Segment>> {
        let segments = self.segments();
        let after = segments.partition_point(|segment| segment.header.first <= event);
        segments.get(after.checked_sub(1)?).cloned()
    }

    /// Makes a new segment, durable with its name before anything can go into it.
    pub(crate) fn create_segment(
        &self,
        header: SegmentHeader,
        bytes: u64,
    ) -> io::Result<(Arc<Segment>, Arc<dyn DiskFile>)> {
        self.name_segment(header, self.create_spare(bytes)?)
    }

    /// Makes the file that a segment to come will be: all the room that this needs of the disk, without a name.
    pub(crate) fn create_spare(&self, bytes: u64) -> io::Result<Arc<dyn DiskFile>> {
        let file = self.disk.create(SPARE)?;
        if let Err(error) = file.allocate(bytes) {
            // What cannot be removed now is removed when the journal is opened again.
            let _ = self.disk.remove(SPARE);
            return Err(error);
        }
        Ok(file)
    }

    /// Makes a segment of the file that [`create_spare`](Self::create_spare) made.
    pub(crate) fn name_segment(
        &self,
        header: SegmentHeader,
        file: Arc<dyn DiskFile>,
    ) -> io::Result<(Arc<Segment>, Arc<dyn DiskFile>)> {
        let segment = Arc::new(Segment::new(&*self.disk, header, SEGMENT_HEADER_BYTES as u64));
        file.write_at(&header.encode(), 0)?;
        file.sync()?;
        self.disk.rename(SPARE, &segment.name)?;
        self.disk.sync_dir()?;
        let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
        segments.push(Arc::clone(&segment));
        Ok((segment, file))
    }

    /// A segment's file, opened if it is not.
    pub(crate) fn file(&self, segment: &Arc<Segment>) -> io::Result<Arc<dyn DiskFile>> {
        if let Some(file) = &*segment.file.read().unwrap_or_else(PoisonError::into_inner) {
            return Ok(Arc::clone(file));
        }
        let mut slot = segment.file.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &*slot {
            return Ok(Arc::clone(file));
        }
        let file = self.disk.open(&segment.name)?;
        *slot = Some(Arc::clone(&file));
        drop(slot);
        let mut open = locked(&self.open_files);
        open.push_back(Arc::clone(segment));
        let closed = if open.len() > OPEN_FILES_MAX { open.pop_front() } else { None };
        drop(open);
        if let Some(closed) = closed {
            *closed.file.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
        Ok(file)
    }

    /// Closes the file of a segment that has left this disk: the next read opens what is in its place.
    pub(crate) fn close_file(&self, segment: &Arc<Segment>) {
        segment.set_elsewhere(true);
        *segment.file.write().unwrap_or_else(PoisonError::into_inner) = None;
        locked(&self.open_files).retain(|open| !Arc::ptr_eq(open, segment));
    }

    /// From where to walk to `event`, which the segment holds. Reads the segment's index, or walks it, if its index is not in
    /// memory.
    pub(crate) fn start(&self, segment: &Arc<Segment>, event: u64, access: Access) -> Result<Start, ReadError> {
        if let Some(index) = &*segment.index.read().unwrap_or_else(PoisonError::into_inner) {
            return index.start(event).ok_or_else(|| self.missing(segment, event));
        }
        // Without the lock: a walk may wait for the network, and those who must not wait would then wait for the lock.
        let sealed = self.sealed(segment).filter(|_| segment.has_index_file());
        let from_file = sealed.map(|sealed| index_file::read(&*self.disk, sealed));
        let made = match from_file {
            Some(Ok(index)) => index,
            // What can't be read is made again, and then written again.
            Some(Err(_)) | None => {
                segment.set_has_index_file(false);
                self.walk(segment, access)?
            }
        };
        let mut slot = segment.index.write().unwrap_or_else(PoisonError::into_inner);
        let is_new = slot.is_none();
        let start = slot.get_or_insert(made).start(event);
        drop(slot);
        if is_new && segment.has_index_file() {
            self.keep_few_indexes(segment);
        }
        start.ok_or_else(|| self.missing(segment, event))
    }

    /// Takes note that a segment's index is in memory and in a file, and lets go of the one read longest ago.
    fn keep_few_indexes(&self, segment: &Arc<Segment>) {
        let mut read = locked(&self.read_indexes);
        read.push_back(Arc::clone(segment));
        let forgotten = if read.len() > READ_INDEXES_MAX { read.pop_front() } else { None };
        drop(read);
        if let Some(forgotten) = forgotten {
            *forgotten.index.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    /// Lets go of the indexes that replaying made and that are in files.
    pub(crate) fn forget_indexes_in_files(&self) {
        for segment in self.segments().iter().filter(|segment| segment.has_index_file()) {
            *segment.index.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    /// Writes the index file of the oldest segment that has none and behind which there is another. Says whether there was one.
    pub(crate) fn write_index_file(&self) -> Result<bool, IndexFileError> {
        let _only_one = locked(&self.index_writing);
        let segments = self.segments();
        let sealed = segments.iter().rev().skip(1).rev();
        let Some(segment) = sealed.into_iter().find(|segment| !segment.has_index_file()).cloned() else {
            return Ok(false);
        };
        drop(segments);
        self.start(&segment, segment.header.first, Access::MayFetch).map_err(IndexFileError::Log)?;
        let index = segment.index.read().unwrap_or_else(PoisonError::into_inner);
        if let (Some(index), Some(sealed)) = (&*index, self.sealed(&segment)) {
            index_file::write(&*self.disk, sealed, index).map_err(IndexFileError::File)?;
        }
        drop(index);
        segment.set_has_index_file(true);
        self.keep_few_indexes(&segment);
        Ok(true)
    }

    /// Compares the index files with what the segments hold. Those that are not on this disk and were not read are left out.
    pub(crate) fn check_index_files(&self) -> Result<(), BlockFileError> {
        let segments = self.segments().clone();
        for segment in segments.iter().filter(|segment| segment.has_index_file()) {
            let Some(sealed) = self.sealed(segment) else { continue };
            let index = segment.index.read().unwrap_or_else(PoisonError::into_inner);
            if index.is_none() && segment.is_elsewhere() {
                continue;
            }
            let in_file = index_file::read(&*self.disk, sealed)?;
            let walked = if index.is_none() { self.walk(segment, Access::MayFetch).ok() } else { None };
            if !index.as_ref().or(walked.as_ref()).is_some_and(|index| index.leads_as(&in_file)) {
                let file = self.disk.place(&index_file::index_name(segment.header.first));
                return Err(BlockFileError::Damaged { file, offset: 0 });
            }
        }
        Ok(())
    }

    fn missing(&self, segment: &Segment, event: u64) -> ReadError {
        ReadError::Broken(segment.broken(SEGMENT_HEADER_BYTES as u64, event, FrameFault::Missing))
    }

    /// Reads the headers of all frames of a segment behind which there is another one.
    fn walk(&self, segment: &Arc<Segment>, access: Access) -> Result<Index, ReadError> {
        let failed = |source| ReadError::reading(&segment.place, segment.header.first, source);
        let file = self.file(segment).map_err(failed)?;
        let next_segment = self.segment_after(segment);
        let mut index = Index::new(segment.header.first);
        let (mut event, mut offset) = (segment.header.first, SEGMENT_HEADER_BYTES as u64);
        let mut buffer = vec![0; WALK_BYTES];
        let (mut start, mut filled) = (0, 0);
        let mut frame_bytes = 0;
        while event < next_segment {
            if offset + FRAME_HEADER_BYTES as u64 > start + filled as u64 {
                let wanted = if frame_bytes > SMALL_FRAME_BYTES { FRAME_HEADER_BYTES } else { WALK_BYTES };
                start = offset;
                filled = access.read(&*file, &mut buffer[..wanted], offset).map_err(failed)?;
            }
            let header = plausible(&buffer[(offset - start) as usize..filled], segment.tag, event)
                .map_err(|fault| ReadError::Broken(segment.broken(offset, event, fault)))?;
            index.note(event, offset);
            frame_bytes = header.frame_bytes();
            offset += frame_bytes;
            event = header.last() + 1;
        }
        Ok(index)
    }

    /// A segment as its index file knows it; none for the last one, which may still be appended to.
    fn sealed<'s>(&self, segment: &'s Segment) -> Option<Sealed<'s>> {
        let segments = self.segments();
        let after = segments.partition_point(|other| other.header.first <= segment.header.first);
        segments.get(after).map(|next| Sealed { header: &segment.header, end: next.header.prev })
    }

    /// The first event behind a segment, as far as it is known.
    fn segment_after(&self, segment: &Segment) -> u64 {
        let segments = self.segments();
        let after = segments.partition_point(|other| other.header.first <= segment.header.first);
        segments.get(after).map_or(self.last_event() + 1, |next| next.header.first)
    }
}

/// Reads a frame header that is to be trusted for its lengths but has not been hashed.
pub(crate) fn plausible(bytes: &[u8], tag: u64, event: u64) -> Result<FrameHeader, FrameFault> {
    let header = FrameHeader::parse(bytes)?;
    if header.tag != tag {
        return Err(FrameFault::OtherSegment);
    }
    if header.first != event {
        return Err(FrameFault::Number { expected: event, found: header.first });
    }
    Ok(header)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! Opening for writing: the replay, and making the end of the log good.

use std::io;
use std::sync::Arc;

use crate::appender::Appender;
use crate::disk::DiskFile;
use crate::error::OpenError;
use crate::layout::FrameView;
use crate::options::Options;
use crate::position::Position;
use crate::read_ahead::FramesAhead;
use crate::reader::Reader;
use crate::scan::Scan;
use crate::segment::segment_name;
use crate::tail::TailReport;

/// Reads the log to its end, verifying every frame: hash, number and link to the one before.
#[derive(Debug)]
pub struct Replay {
    scan: Scan,
    options: Options,
    /// This open has just made the log, so that its end needs no repair.
    is_new: bool,
}

impl Replay {
    pub(crate) fn new(scan: Scan, options: Options, is_new: bool) -> Self {
        Self { scan, options, is_new }
    }

    /// The next frame, or nothing at the end of the log. The view lasts until the next call.
    ///
    /// # Errors
    /// [`OpenError::Broken`] for a damaged frame that is not the torn end of the log, [`OpenError::MissingSegment`],
    /// [`OpenError::Disk`].
    pub fn next_frame(&mut self) -> Result<Option<FrameView<'_>>, OpenError> {
        self.scan.next_frame()
    }

    /// The next frames, copied into `frames` in place of what was there: some hundred kilobytes of one file, or one frame
    /// that is larger. Says whether there are any.
    ///
    /// # Errors
    /// As [`next_frame`](Self::next_frame). Frames before the damage may have been read; they are lost with the error.
    pub fn next_frames(&mut self, frames: &mut FramesAhead) -> Result<bool, OpenError> {
        frames.clear();
        self.scan.next_frames_into(frames)?;
        Ok(!frames.is_empty())
    }

    /// The last event read so far, and the hash of its frame.
    #[must_use]
    pub fn position(&self) -> Position {
        self.scan.position
    }

    /// How far it has come, in bytes of the files it reads, from the start of the segment that `from` is in.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.scan.bytes_read()
    }

    /// The total. It includes the unused space of the last file, so the end may come early, never late.
    #[must_use]
    pub fn bytes_in_all(&self) -> u64 {
        self.scan.bytes_in_all()
    }

    /// Reads what is left, cuts off a torn last frame, and makes sure the end of the log is on the disk and not only in
    /// the system's memory. After this the journal can be appended to.
    ///
    /// # Errors
    /// As [`next_frame`](Self::next_frame).
    pub fn finish(mut self) -> Result<(Appender, Reader, TailReport), OpenError> {
        let report = self.scan.read_to_end()?;
        let file = self.scan.file()?;
        if !self.is_new {
            self.repair(&*file, &report).map_err(OpenError::disk("repairing the end of", report.file.clone()))?;
        }
        let Scan { log, segment, position, .. } = self.scan;
        log.forget_indexes_in_files();
        let appender = Appender::new(Arc::clone(&log), self.options, (segment, file), position);
        Ok((appender, Reader::new(log), report))
    }

    /// Cuts the tail, and writes once more what a failed sync may have left in the system's memory only: after such a failure
    /// a later sync reports success without having written it. That can be the last frames, or the header of a segment
    /// that was just being made; everything before was durable before they were begun, as the frames say.
    fn repair(&mut self, file: &dyn DiskFile, report: &TailReport) -> io::Result<()> {
        let disk = &self.scan.log.disk;
        if let Some(first) = self.scan.unfinished.take() {
            disk.remove(&segment_name(first))?;
        }
        if report.bytes_cut > 0 {
            let len = file.len()?;
            file.set_len(report.offset)?;
            match file.allocate(len) {
                // The file grows again when there is space.
                Err(error) if error.kind() == io::ErrorKind::StorageFull => {}
                result => result?,
            }
        }
        file.write_at(&self.scan.segment.header.encode(), 0)?;
        if let Some(start) = self.scan.unconfirmed_from() {
            let mut frames = vec![0; (report.offset - start) as usize];
            if file.read_at(&mut frames, start)? < frames.len() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            file.write_at(&frames, start)?;
        }
        file.sync()?;
        disk.sync_dir()
    }
}

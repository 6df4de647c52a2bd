//! Reading a file in big pieces.

use std::io;
use std::sync::Arc;

use crate::disk::DiskFile;

/// The bytes that are read at once when a log is walked.
const CHUNK_BYTES: usize = 1 << 20;

/// A piece of a file in memory that moves forward over it. It grows beyond its usual size only for a frame that
/// is larger, and never beyond what the file has.
#[derive(Debug)]
pub(crate) struct Window {
    file: Arc<dyn DiskFile>,
    buffer: Vec<u8>,
    /// Where in the file the buffer starts, and how much of it holds bytes of the file.
    start: u64,
    filled: usize,
}

impl Window {
    pub(crate) fn new(file: Arc<dyn DiskFile>) -> Self {
        Self { file, buffer: Vec::new(), start: 0, filled: 0 }
    }

    /// Goes on with another file and keeps the buffer.
    pub(crate) fn switch(&mut self, file: Arc<dyn DiskFile>) {
        self.file = file;
        self.start = 0;
        self.filled = 0;
    }

    /// The bytes from `offset` on: at least `wanted`, fewer only where `limit` or the end of the file comes before.
    pub(crate) fn at(&mut self, offset: u64, wanted: u64, limit: u64) -> io::Result<&[u8]> {
        let room = limit.saturating_sub(offset);
        let wanted = wanted.min(room) as usize;
        if !self.holds(offset, wanted) {
            self.fill(offset, wanted.max(CHUNK_BYTES.min(usize::try_from(room).unwrap_or(CHUNK_BYTES))))?;
        }
        let from = (offset - self.start) as usize;
        let held = &self.buffer[from..self.filled];
        Ok(&held[..held.len().min(usize::try_from(room).unwrap_or(usize::MAX))])
    }

    /// The bytes that [`at`](Self::at) has just returned, without reading.
    pub(crate) fn again(&self, offset: u64) -> &[u8] {
        &self.buffer[(offset - self.start) as usize..self.filled]
    }

    fn holds(&self, offset: u64, wanted: usize) -> bool {
        self.start <= offset && offset + wanted as u64 <= self.start + self.filled as u64
    }

    /// Reads so that the buffer starts at `offset` and holds `wanted` bytes if the file has them.
    fn fill(&mut self, offset: u64, wanted: usize) -> io::Result<()> {
        let kept = if self.holds(offset, 0) {
            let from = (offset - self.start) as usize;
            self.buffer.copy_within(from..self.filled, 0);
            self.filled - from
        } else {
            0
        };
        self.start = offset;
        self.filled = kept;
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        let read = self.file.read_at(&mut self.buffer[kept..wanted], offset + kept as u64)?;
        self.filled = kept + read;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Disk as _;
    use crate::sim::SimDisk;

    #[test]
    fn bytes_are_the_same_however_they_are_asked_for() {
        let bytes: Vec<u8> = (0..3 * CHUNK_BYTES + 77).map(|i| (i * 31 % 251) as u8).collect();
        let disk = SimDisk::new(1);
        disk.put("file", &bytes);
        let mut window = Window::new(disk.open("file").unwrap());
        let len = bytes.len() as u64;
        let steps = [
            (0, 10),
            (5, CHUNK_BYTES),
            (CHUNK_BYTES - 3, 9),
            (2 * CHUNK_BYTES, CHUNK_BYTES + 77),
            (7, 2 * CHUNK_BYTES),
        ];
        for (offset, wanted) in steps {
            let got = window.at(offset as u64, wanted as u64, len).unwrap();
            assert!(got.len() >= wanted);
            assert_eq!(got, &bytes[offset..offset + got.len()]);
            let got = got.len();
            assert_eq!(window.again(offset as u64).len(), got);
        }
    }

    #[test]
    fn nothing_is_read_or_kept_beyond_the_limit_or_the_end() {
        let disk = SimDisk::new(1);
        disk.put("file", &[7; 1000]);
        let mut window = Window::new(disk.open("file").unwrap());
        assert_eq!(window.at(10, 500, 100).unwrap().len(), 90);
        assert_eq!(window.at(100, 500, 100).unwrap().len(), 0);
    }

    #[test]
    fn bytes_written_later_are_seen_when_the_limit_moves() {
        let disk = SimDisk::new(1);
        disk.put("file", &[1; 100]);
        let file = disk.open("file").unwrap();
        let mut window = Window::new(Arc::clone(&file));
        assert_eq!(window.at(0, 8, 50).unwrap(), [1; 50]);
        file.write_at(&[2; 50], 50).unwrap();
        assert_eq!(window.at(50, 8, 100).unwrap(), [2; 50]);
    }
}

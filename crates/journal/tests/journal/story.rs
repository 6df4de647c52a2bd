//! What was put into a log, to compare with what is found in it.

use std::sync::Arc;

use tocos_journal::sim::SimDisk;
use tocos_journal::{
    Appender, Disk, Frame, FrameView, FramesAhead, Journal, NewLedger, OpenError, Options, Position, Reader, TailReport,
};

use crate::chance::Chance;

pub(crate) const LEDGER: NewLedger = NewLedger { ledger_id: *b"the first ledger", seed: *b"sixteen of seeds" };

/// One event: its record, and its blob where it has one. The record's first four bytes are 1 + the blob's offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) record: [u8; 64],
    pub(crate) blob: Option<Vec<u8>>,
}

/// One frame's worth of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) first: u64,
    pub(crate) at_us: i64,
    pub(crate) events: Vec<Event>,
}

impl Batch {
    /// A batch of `count` events whose bytes follow from their numbers.
    pub(crate) fn plain(first: u64, count: u64) -> Self {
        Self::random(&mut Chance::new(first * 31 + count), first, count, 40)
    }

    pub(crate) fn random(chance: &mut Chance, first: u64, count: u64, blob_bytes_max: u64) -> Self {
        let at_us = chance.next() as i64 >> 8;
        let mut events = Vec::new();
        let mut blob_offset = 0u32;
        for number in first..first + count {
            let mut record = [0; 64];
            record[8..16].copy_from_slice(&number.to_le_bytes());
            record[16..24].copy_from_slice(&chance.next().to_le_bytes());
            let blob = chance.once_in(3).then(|| {
                let len = chance.between(0, blob_bytes_max) as usize;
                chance.bytes(len)
            });
            if let Some(blob) = &blob {
                record[..4].copy_from_slice(&(blob_offset + 1).to_le_bytes());
                blob_offset += 4 + blob.len() as u32;
            }
            events.push(Event { record, blob });
        }
        Self { first, at_us, events }
    }

    pub(crate) fn last(&self) -> u64 {
        self.first + self.events.len() as u64 - 1
    }

    pub(crate) fn frame(&self) -> Frame {
        let mut frame = Frame::new(self.first, self.at_us);
        for event in &self.events {
            if let Some(blob) = &event.blob {
                let offset = frame.blob(blob);
                assert_eq!(Some(offset), blob_offset(&event.record), "the record must name its blob");
            }
            frame.push(&event.record);
        }
        frame
    }

    pub(crate) fn read(view: &FrameView<'_>) -> Self {
        let read = |record: &[u8; 64]| Event {
            record: *record,
            blob: blob_offset(record).map(|offset| view.blob(offset).expect("a blob").to_vec()),
        };
        Self { first: view.first(), at_us: view.at_us(), events: view.records().iter().map(read).collect() }
    }
}

/// Where a record says its blob is.
pub(crate) fn blob_offset(record: &[u8; 64]) -> Option<u32> {
    u32::from_le_bytes([record[0], record[1], record[2], record[3]]).checked_sub(1)
}

/// Small segments and little zeroing, so that short logs see much.
pub(crate) fn small() -> Options {
    Options { segment_bytes: 1024, zero_ahead_bytes: 300, ..Options::new(LEDGER) }
}

pub(crate) fn arc(disk: &SimDisk) -> Arc<dyn Disk> {
    Arc::new(disk.clone())
}

/// All that an open yields.
pub(crate) struct Open {
    pub(crate) appender: Appender,
    pub(crate) reader: Reader,
    pub(crate) tail: TailReport,
    pub(crate) found: Vec<Batch>,
    pub(crate) is_new: bool,
}

/// Opens, replays and finishes. Reads piece by piece, where [`inspect`] reads frame by frame.
pub(crate) fn open(disk: &SimDisk, options: Options, from: Option<Position>) -> Result<Open, OpenError> {
    let opened = Journal::open(arc(disk), options)?;
    let is_new = opened.is_new();
    let mut replay = opened.replay(from)?;
    let mut found = Vec::new();
    let mut piece = FramesAhead::default();
    while replay.next_frames(&mut piece)? {
        assert!(piece.bytes_read() <= replay.bytes_in_all(), "more was read than there is");
        found.extend(piece.iter().map(|view| Batch::read(&view)));
    }
    let (appender, reader, tail) = replay.finish()?;
    Ok(Open { appender, reader, tail, found, is_new })
}

/// Reads everything without changing anything.
pub(crate) fn inspect(disk: &SimDisk) -> Result<(Vec<Batch>, TailReport), OpenError> {
    let mut log = Journal::inspect(arc(disk), None)?;
    let mut found = Vec::new();
    while let Some(view) = log.next_frame()? {
        found.push(Batch::read(&view));
    }
    Ok((found, log.finish()?.1))
}

/// A log of `frames` batches of `events` each, closed again, and what is in it.
pub(crate) fn written(disk: &SimDisk, frames: u64, events: u64) -> Vec<Batch> {
    let mut open = open(disk, small(), None).expect("a good disk");
    let batches: Vec<Batch> = (0..frames).map(|nth| Batch::plain(1 + nth * events, events)).collect();
    for batch in &batches {
        open.appender.append(&batch.frame()).expect("a good disk");
    }
    batches
}

/// A frame where it lies on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Laid {
    pub(crate) file: String,
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
    pub(crate) first: u64,
}

/// The names of the segments in order.
pub(crate) fn segments(disk: &SimDisk) -> Vec<String> {
    let mut names = disk.list().expect("a good disk");
    names.retain(|name| name.starts_with("log-"));
    names.sort();
    names
}

/// Where all frames are, found by the description of the format and not by the journal.
pub(crate) fn layout(disk: &SimDisk) -> Vec<Laid> {
    let mut laid: Vec<Laid> = Vec::new();
    let mut next = 1;
    for file in segments(disk) {
        let bytes = disk.get(&file).expect("a file");
        let mut offset = 128;
        // Behind the last frame stand zeros, or what came back of a torn frame.
        while let Some(Ok(view)) = bytes.get(offset..).map(FrameView::parse) {
            assert_eq!(view.first(), next, "frames must follow one another");
            let len = view.header().frame_bytes();
            laid.push(Laid { file: file.clone(), offset: offset as u64, bytes: len, first: next });
            next = view.last() + 1;
            offset += len as usize;
        }
    }
    laid
}

//! A log as a ledger writes it, without the ledger.

use tocos_journal::{Frame, Hash, Link, Position, SEGMENT_HEADER_BYTES, SegmentHeader};

pub(crate) const LEDGER: [u8; 16] = *b"\x01\x02\x03\x04\x05\x06\x07\x08a ledger";
/// Bytes of records that this "ledger" understands, as the real one does.
const HAS_BLOB: u8 = 4;
const JOINED: u8 = 16;

pub(crate) type Record = [u8; 64];

pub(crate) fn blob_offset(record: &Record) -> Option<u32> {
    let offset = u32::from_le_bytes([record[12], record[13], record[14], record[15]]);
    (record[1] & HAS_BLOB != 0).then_some(offset)
}

pub(crate) fn is_joined(record: &Record) -> bool {
    record[1] & JOINED != 0
}

/// An event: its time, what it says, and whether the next one belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub at_us: i64,
    pub text: String,
    pub is_joined: bool,
}

/// A frame, and where it is.
#[derive(Clone, Debug)]
pub(crate) struct FrameAt {
    pub before: Position,
    pub end: Position,
    pub at_us: i64,
    pub segment: usize,
    pub bytes: Vec<u8>,
}

/// A log in memory.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    pub headers: Vec<SegmentHeader>,
    pub frames: Vec<FrameAt>,
    pub events: Vec<Event>,
}

impl Log {
    pub(crate) fn new() -> Self {
        let start = Position::start(&LEDGER);
        let header = SegmentHeader { ledger_id: LEDGER, seed: [9; 16], first: 1, previous_first: 0, prev: start.chain };
        Self { headers: vec![header], frames: Vec::new(), events: Vec::new() }
    }

    pub(crate) fn position(&self) -> Position {
        self.frames.last().map_or_else(|| Position::start(&LEDGER), |frame| frame.end)
    }

    pub(crate) fn last_event(&self) -> u64 {
        self.position().event
    }

    /// Begins another segment.
    pub(crate) fn seal(&mut self) {
        let Position { event, chain } = self.position();
        let before = self.headers[self.headers.len() - 1];
        self.headers.push(SegmentHeader { first: event + 1, previous_first: before.first, prev: chain, ..before });
    }

    /// Adds a frame of so many events; `joined` of them, from the first on, belong to the one behind them.
    pub(crate) fn add(&mut self, at_us: i64, count: usize, joined: usize, salt: &str) {
        let before = self.position();
        let mut frame = Frame::new(before.event + 1, at_us);
        for nth in 0..count {
            let text = format!("{salt}{}", before.event + 1 + nth as u64);
            let mut record = [0; 64];
            record[0] = 1;
            let has_blob = nth % 3 != 1;
            if has_blob {
                record[1] |= HAS_BLOB;
                record[12..16].copy_from_slice(&frame.blob(text.as_bytes()).to_le_bytes());
            } else {
                record[16..16 + text.len()].copy_from_slice(text.as_bytes());
            }
            let is_joined = nth < joined;
            record[1] |= if is_joined { JOINED } else { 0 };
            frame.push(&record);
            self.events.push(Event { at_us, text, is_joined });
        }
        let header = &self.headers[self.headers.len() - 1];
        let mut bytes = Vec::new();
        let chain: Hash =
            frame.seal_into(&mut bytes, &Link { prev: before.chain, tag: header.tag(), durable: before.event });
        let end = Position { event: frame.last(), chain };
        self.frames.push(FrameAt { before, end, at_us, segment: self.headers.len() - 1, bytes });
    }

    /// A log of three sealed segments and one that is open, with frames of one to four events, a second from frame to frame.
    pub(crate) fn sample(salt: &str) -> Self {
        let mut log = Self::new();
        log.grow(4, salt);
        log
    }

    pub(crate) fn grow(&mut self, segments: usize, salt: &str) {
        for nth in 0..segments {
            if nth > 0 {
                self.seal();
            }
            for frame in 0..4 {
                let second = self.frames.len() as i64;
                let count = 1 + (second as usize * 7 + nth) % 4;
                let joined = if frame == 2 { count / 2 } else { 0 };
                self.add(1_000_000_000 + second * 1_000_000, count, joined.min(count - 1), salt);
            }
        }
    }

    /// The same log up to the frame that ends with an event.
    pub(crate) fn up_to(&self, event: u64) -> Self {
        let frames: Vec<FrameAt> = self.frames.iter().filter(|frame| frame.end.event <= event).cloned().collect();
        let last = frames.last().unwrap();
        assert_eq!(last.end.event, event, "a frame ends there");
        let headers = self.headers[..=last.segment].to_vec();
        Self { headers, events: self.events[..event as usize].to_vec(), frames }
    }

    /// The object with these frames, which are of one segment.
    pub(crate) fn object(&self, frames: &[FrameAt]) -> Vec<u8> {
        let mut bytes = self.headers[frames[0].segment].encode().to_vec();
        assert_eq!(bytes.len(), SEGMENT_HEADER_BYTES);
        frames.iter().for_each(|frame| bytes.extend_from_slice(&frame.bytes));
        bytes
    }
}

//! A ledger's data directory: a log that is written, copied, put back and crashed, and what is known to be in it.

use std::sync::Arc;

use tocos_journal::sim::SimDisk;
use tocos_journal::{Appender, Disk as _, Frame, Journal, NewLedger, Options, Position, Reader, Sealed};

/// All chance in a volume comes from the one who writes.
pub(in crate::put) const LEDGER: [u8; 16] = *b"ledger of a test";

/// A log that is open.
#[derive(Debug)]
pub(in crate::put) struct Volume {
    pub disk: SimDisk,
    pub reader: Reader,
    appender: Appender,
}

impl Volume {
    pub(in crate::put) fn open(disk: SimDisk) -> Self {
        let options = Options {
            is_copy: false,
            segment_bytes: 4 << 10,
            zero_ahead_bytes: 0,
            new_ledger: NewLedger { ledger_id: LEDGER, seed: [2; 16] },
        };
        let replay = Journal::open(Arc::new(disk.clone()), options).unwrap().replay(None).unwrap();
        let (appender, reader, _) = replay.finish().unwrap();
        Self { disk, reader, appender }
    }

    /// Appends a frame, and now and then makes a derived file of all that there is.
    pub(in crate::put) fn write(&mut self, rng: &mut fastrand::Rng, at_us: i64) {
        let mut frame = Frame::new(self.appender.last_event() + 1, at_us);
        for _ in 0..rng.u64(1..4) {
            let mut record = [0; 64];
            rng.fill(&mut record);
            frame.push(&record);
        }
        let mut blob = vec![0; rng.usize(0..300)];
        rng.fill(&mut blob);
        frame.blob(&blob);
        self.appender.append(&frame).unwrap();
        let Position { event, chain } = self.appender.position();
        if rng.u8(..) < 20 {
            // What is in it follows from the history alone, as with real ones.
            let name = match rng.bool() {
                true => format!("snapshot-{event:020}.tocos"),
                false => format!("keys-{:020}-{event:020}.tocos", 1),
            };
            self.disk.put(&name, &chain.repeat(1 + usize::from(chain[0]) * 2));
        }
    }

    /// Takes over what another volume of the same history has more, up to so many frames.
    pub(in crate::put) fn follow(&mut self, other: &Self, frames_max: usize) {
        let mut frames = other.reader.frames(self.reader.last_event() + 1);
        for _ in 0..frames_max {
            let Some(raw) = frames.next_raw().unwrap() else { return };
            self.appender.append_sealed(&Sealed::verified(raw.header, raw.bytes.to_vec())).unwrap();
        }
    }

    /// Where its frames end, from the start of the log.
    pub(in crate::put) fn history(&self) -> Vec<Position> {
        let mut positions = vec![Position::start(&LEDGER)];
        let mut frames = self.reader.frames(1);
        while let Some(frame) = frames.next_frame().unwrap() {
            positions.push(Position { event: frame.last(), chain: frame.hash() });
        }
        positions
    }
}

/// What a snapshot of the volume would hold.
pub(in crate::put) fn copy(disk: &SimDisk, seed: u64) -> SimDisk {
    let copy = SimDisk::new(seed);
    for name in disk.list().unwrap() {
        if let Some(bytes) = disk.get(&name) {
            copy.put(&name, &bytes);
        }
    }
    copy
}

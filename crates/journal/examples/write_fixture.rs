//! Writes the small log and block file that `tests/fixtures` keeps of each released version.

use std::sync::Arc;

use tocos_journal::blockfile::BlockHeader;
use tocos_journal::{Disk, FileDisk, Frame, Journal, NewLedger, Options, Snapshots};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = std::env::args().nth(1).ok_or("give the directory to write to")?;
    let disk: Arc<dyn Disk> = Arc::new(FileDisk::open(dir)?);
    let new_ledger = NewLedger { ledger_id: *b"fixture ledger 1", seed: *b"fixture seed 001" };
    let options = Options { segment_bytes: 1024, ..Options::new(new_ledger) };
    let (mut appender, reader, _) = Journal::open(Arc::clone(&disk), options)?.replay(None)?.finish()?;
    for events in [1, 2, 3, 3] {
        let first = appender.last_event() + 1;
        let mut frame = Frame::new(first, 1_795_000_000_000_000 + first as i64);
        for number in first..first + events {
            let mut record = [0; 64];
            let blob = frame.blob(format!("event {number}").as_bytes());
            record[..4].copy_from_slice(&(blob + 1).to_le_bytes());
            record[8..16].copy_from_slice(&number.to_le_bytes());
            frame.push(&record);
        }
        appender.append(&frame)?;
        if frame.last() == 6 {
            let place = reader.position();
            let header = BlockHeader {
                ledger_id: reader.ledger_id(),
                kind: *b"FIXTURE1",
                event: place.event,
                chain: place.chain,
            };
            Snapshots::new(Arc::clone(&disk)).write(&header, [&b"first block"[..], b"", &[7; 100]])?;
        }
    }
    Ok(())
}

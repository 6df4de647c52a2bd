//! A ledger in memory from what is on the disk: a snapshot, and frames of the log.

use crate::error::OpenFailure;
use crate::opening::{Opening, Stage};
use crate::tables::Tables;
use std::sync::{Arc, mpsc};
use tocos_journal::{Disk, FrameView, Position, Reader, Snapshots};
use tocos_ledger::{Ledger, Malformed, ReplayFailure, SnapshotRows};

/// Blocks of a snapshot that are read, verified and decoded while others are put into the ledger.
const BLOCKS_AHEAD: usize = 4;

/// The ledger as it is at the end of a log that is open, from the newest snapshot that can be used. What these tables tell is not in its
/// memory.
pub(crate) fn reload(reader: &Reader, tables: &Tables) -> Result<Ledger, OpenFailure> {
    let ids = (reader.ledger_id(), reader.seed());
    let (mut ledger, position) = newest_snapshot(reader.disk(), ids, &Opening::default(), &mut Vec::new())?;
    ledger.forget_keys_through(tables.covered());
    let mut frames = reader.frames(position.map_or(0, |position| position.event) + 1);
    while let Some(frame) = frames.next_frame().map_err(OpenFailure::Log)? {
        apply_frame(&mut ledger, &frame)?;
    }
    ledger.forget_keys_through(tables.covered());
    ledger.count_keys_through(tables.covered(), tables.key_count());
    Ok(ledger)
}

/// The ledger of the newest snapshot that can be used, or an empty one.
pub(crate) fn newest_snapshot(
    disk: &Arc<dyn Disk>,
    (ledger_id, seed): ([u8; 16], [u8; 16]),
    opening: &Opening,
    unusable: &mut Vec<String>,
) -> Result<(Ledger, Option<Position>), OpenFailure> {
    let snapshots = Snapshots::new(Arc::clone(disk));
    for event in snapshots.list().unwrap_or_default() {
        match load_snapshot(&snapshots, (ledger_id, seed), opening, event) {
            Ok((ledger, position)) => return Ok((ledger, Some(position))),
            Err(_) if opening.is_called_off() => return Err(OpenFailure::CalledOff),
            Err(reason) => unusable.push(reason),
        }
    }
    Ok((Ledger::new(seed), None))
}

pub(crate) fn load_snapshot(
    snapshots: &Snapshots,
    (ledger_id, seed): ([u8; 16], [u8; 16]),
    opening: &Opening,
    event: u64,
) -> Result<(Ledger, Position), String> {
    let mut reader = snapshots.open(event).map_err(|error| error.to_string())?;
    let header = *reader.header();
    if header.ledger_id != ledger_id || header.kind != crate::snapshot::KIND || header.event != event {
        return Err(format!("the snapshot at event {event} is not of this ledger, or of another format"));
    }
    opening.begin(Stage::Snapshot, reader.block_count());
    let (decoded, blocks) = mpsc::sync_channel(BLOCKS_AHEAD);
    let read = move || {
        loop {
            let rows = match reader.next_block() {
                Ok(None) => return,
                Ok(Some(block)) => SnapshotRows::decode(block).map_err(Unusable::from),
                Err(error) => Err(Unusable(error.to_string())),
            };
            // Nobody takes it when loading has failed or was called off.
            if decoded.send(rows).is_err() {
                return;
            }
        }
    };
    let loaded = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("tocos-snapshot".to_owned());
        thread
            .spawn_scoped(scope, read)
            .map_err(|error| Unusable(format!("a thread could not be started: {error}")))?;
        let mut blocks_read = 0;
        let rows = blocks.into_iter().map(|rows| {
            blocks_read += 1;
            opening.advance(blocks_read, 0);
            if opening.is_called_off() { Err(Unusable("opening was called off".to_owned())) } else { rows }
        });
        Ledger::from_rows(seed, rows)
    });
    let ledger = loaded.map_err(|Unusable(reason)| reason)?;
    if ledger.state().last_event() != event {
        return Err(format!("the snapshot at event {event} says it is at event {}", ledger.state().last_event()));
    }
    Ok((ledger, Position { event, chain: header.chain }))
}

struct Unusable(String);

impl From<Malformed> for Unusable {
    fn from(error: Malformed) -> Self {
        Self(error.to_string())
    }
}

/// Applies the events of one frame.
pub(crate) fn apply_frame(ledger: &mut Ledger, frame: &FrameView<'_>) -> Result<(), OpenFailure> {
    let replayed = ledger.replay(frame.first(), frame.at_us(), frame.records(), |offset| frame.blob(offset));
    replayed.map_err(|failure| match failure {
        ReplayFailure::Malformed { event, source } => OpenFailure::Malformed { event, source },
        ReplayFailure::Inconsistent(inconsistent) => inconsistent.into(),
    })
}

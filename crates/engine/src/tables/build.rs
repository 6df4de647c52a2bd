//! Making tables from the log.

use super::{Kind, Listed};
use crate::throttle::Pace;
use std::fmt;
use std::sync::Arc;
use tocos_journal::blockfile::{BlockFileError, BlockHeader};
use tocos_journal::{Disk, FrameView, ReadError, Reader, Table, TableSpec, TableWriter, slot};
use tocos_ledger::{Event, Ledger, Malformed, Micros, RECORD_BYTES, blob_offset};

/// A table is made of so many events at most, and the rest of their frame: sorting them takes 16 bytes each.
const EVENTS_AT_ONCE: u64 = 1 << 22;

/// Why a table was not made.
#[derive(Debug)]
pub(crate) enum BuildFailure {
    Log(ReadError),
    Event { event: u64, source: Malformed },
    File(BlockFileError),
}

impl fmt::Display for BuildFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(error) => error.fmt(f),
            Self::Event { event, source } => write!(f, "event {event} in the log can't be read: {source}"),
            Self::File(error) => error.fmt(f),
        }
    }
}

impl From<BlockFileError> for BuildFailure {
    fn from(error: BlockFileError) -> Self {
        Self::File(error)
    }
}

/// Makes tables of all kinds of the events from `from` to `to`, which ends a frame.
pub(crate) fn build(
    disk: &dyn Disk,
    reader: &Reader,
    hasher: &Ledger,
    (from, to): (u64, u64),
    pace: &mut Pace<'_>,
) -> Result<Vec<Arc<Listed>>, BuildFailure> {
    build_kinds(disk, reader, hasher, (from, to), &Kind::ALL, pace)
}

/// The same for some kinds.
pub(crate) fn build_kinds(
    disk: &dyn Disk,
    reader: &Reader,
    hasher: &Ledger,
    (from, to): (u64, u64),
    kinds: &[Kind],
    pace: &mut Pace<'_>,
) -> Result<Vec<Arc<Listed>>, BuildFailure> {
    let mut built = Vec::new();
    let mut frames = reader.frames(from);
    let mut begun = from;
    let mut slots = Kind::ALL.map(|_| Vec::new());
    while begun <= to {
        let Some(frame) = frames.next_frame().map_err(BuildFailure::Log)? else { break };
        read_frame(&frame, from, hasher, &mut slots)?;
        pace.step();
        if frame.last() + 1 - begun < EVENTS_AT_ONCE && frame.last() < to {
            continue;
        }
        let range = (begun, frame.last());
        let chain = frame.hash();
        for (kind, slots) in Kind::ALL.into_iter().zip(&mut slots) {
            slots.sort_unstable();
            if kinds.contains(&kind) {
                let header =
                    BlockHeader { ledger_id: reader.ledger_id(), kind: kind.in_header(), event: range.1, chain };
                built.push(write(disk, kind, header, range, slots, pace)?);
            }
            slots.clear();
        }
        begun = range.1 + 1;
    }
    Ok(built)
}

/// Adds the slots of a frame's events.
fn read_frame(
    frame: &FrameView<'_>,
    from: u64,
    hasher: &Ledger,
    slots: &mut [Vec<u128>; Kind::ALL.len()],
) -> Result<(), BuildFailure> {
    for (number, record) in (frame.first()..).zip(frame.records()).filter(|(number, _)| *number >= from) {
        let blob = blob_offset(record).and_then(|offset| frame.blob(offset)).unwrap_or(&[]);
        let found = slots_of(hasher, (number, frame.at_us()), record, blob)
            .map_err(|source| BuildFailure::Event { event: number, source })?;
        for (kind, hash) in found {
            slots[kind as usize].push(slot(hash, number));
        }
    }
    Ok(())
}

/// What tables of which kind tell of an event: the hashes that name it.
pub(crate) fn slots_of(
    hasher: &Ledger,
    (number, at): (u64, Micros),
    record: &[u8; RECORD_BYTES],
    blob: &[u8],
) -> Result<impl Iterator<Item = (Kind, u128)>, Malformed> {
    let key = Event::key_in(blob).map(|key| (Kind::Keys, hasher.hashed_key(key).hash));
    let (mut over, mut mentions) = (None, Vec::new());
    if Event::may_be_over(record) || Event::may_mention(record, blob) {
        let event = Event::decode(number, at, record, blob)?;
        over = event.over().map(|over| (Kind::Over, hasher.over_hash(over)));
        mentions = event.mentions().into_iter().map(|one| (Kind::Mentions, hasher.mention_hash(one))).collect();
    }
    Ok(key.into_iter().chain(over).chain(mentions))
}

fn write(
    disk: &dyn Disk,
    kind: Kind,
    header: BlockHeader,
    range: (u64, u64),
    slots: &[u128],
    pace: &mut Pace<'_>,
) -> Result<Arc<Listed>, BlockFileError> {
    const SLOTS_AT_ONCE: usize = 1 << 14;
    let name = kind.name(range);
    let count = slots.len() as u64;
    let spec = TableSpec { name: name.clone(), header, range, count, bits_per_slot: kind.bits_per_slot(count) };
    let mut writer = TableWriter::create(disk, spec)?;
    for slots in slots.chunks(SLOTS_AT_ONCE) {
        for slot in slots {
            writer.push(*slot)?;
        }
        pace.step();
    }
    writer.finish()?;
    Ok(Listed::new(kind, Table::open(disk, &name)?))
}

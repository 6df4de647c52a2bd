//! What an interrupted restore left in the directory, as far as it is good.

use std::collections::BTreeMap;
use std::io;

use tocos_journal::{Disk, Hash, Position};

use super::log::UNFINISHED;
use super::target::{Taken, Until, taken};
use crate::branch::LocalRecord;
use crate::names::Name;
use crate::segment_file::SegmentFile;

/// The log that is there already.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) position: Position,
    pub(super) at_us: i64,
    pub(super) bytes: u64,
    pub(super) segments: u64,
}

/// Verifies the segments that are there, removes what can't be used, and notes the hashes of the frames that end with the events in
/// `ends`. Places in `crossings` must be passed.
pub(super) fn find(
    disk: &dyn Disk,
    ledger_id: &[u8; 16],
    until: Option<Until>,
    crossings: &[Position],
    ends: &mut BTreeMap<u64, Option<Hash>>,
) -> io::Result<Found> {
    let names = disk.list()?;
    for name in names.iter().filter(|name| name.ends_with(UNFINISHED)) {
        disk.remove(name)?;
    }
    let logs = names.iter().filter_map(|name| match Name::parse(name)? {
        Name::Log(first) => Some(first),
        _ => None,
    });
    let mut firsts: Vec<u64> = logs.collect();
    firsts.sort_unstable();
    // The last segment may end with a frame that was cut, if the restore came as far as naming it.
    let is_last_named = LocalRecord::read(disk)?.is_some();
    let trusted = firsts.len() - usize::from(is_last_named && !firsts.is_empty());
    let mut found = Found { position: Position::start(ledger_id), at_us: 0, bytes: 0, segments: 0 };
    for first in &firsts[..trusted] {
        match verify(disk, ledger_id, *first, &found, (until, crossings), ends)? {
            Some(more) => found = more,
            None => break,
        }
    }
    for first in firsts.into_iter().filter(|first| *first > found.position.event) {
        disk.remove(&Name::Log(first).file())?;
    }
    Ok(found)
}

/// What is there with one segment more; none if that is not good.
fn verify(
    disk: &dyn Disk,
    ledger_id: &[u8; 16],
    first: u64,
    before: &Found,
    (until, crossings): (Option<Until>, &[Position]),
    ends: &mut BTreeMap<u64, Option<Hash>>,
) -> io::Result<Option<Found>> {
    let Some(mut segment) = SegmentFile::open(disk, first)? else { return Ok(None) };
    let header = *segment.header();
    let is_next = first == before.position.event + 1 && header.prev == before.position.chain;
    if !is_next || header.ledger_id != *ledger_id {
        return Ok(None);
    }
    let mut at_us = before.at_us;
    let mut seen = Vec::new();
    while let Some(frame) = segment.next_frame()? {
        let is_crossed =
            crossings.iter().all(|to| !(frame.first()..=frame.last()).contains(&to.event) || *to == end(&frame));
        if taken(until, &frame) != Taken::Whole || !is_crossed {
            return Ok(None);
        }
        at_us = frame.at_us();
        if ends.contains_key(&frame.last()) {
            seen.push(end(&frame));
        }
    }
    if !segment.ends_here()? || segment.position() == before.position {
        return Ok(None);
    }
    ends.extend(seen.into_iter().map(|end| (end.event, Some(end.chain))));
    let (bytes, segments) = (before.bytes + segment.end(), before.segments + 1);
    Ok(Some(Found { position: segment.position(), at_us, bytes, segments }))
}

fn end(frame: &tocos_journal::FrameView<'_>) -> Position {
    Position { event: frame.last(), chain: frame.hash() }
}

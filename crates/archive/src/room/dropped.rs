//! What is known here of a segment that is no longer on this disk: a note for each, `archived-<first event>`, in the data directory.
//! It is durable before the segment's file goes. Where both are there, the file counts.

use std::io;

use tocos_journal::{Disk, Hash, NOTE_BYTES_MAX, Position, SEGMENT_HEADER_BYTES, SegmentHeader, read_note, write_note};

use crate::branch::BranchId;
use crate::hex;
use crate::names::Name;

const PREFIX: &str = "archived-";
const FIRST_LINE: &str = "archived segment 1";

/// An object that has frames of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object {
    /// The branch that it is in.
    pub branch: BranchId,
    /// Its first event.
    pub first: u64,
    /// The bytes of its frames: all but the segment's header in front of them.
    pub frame_bytes: u64,
    /// The hash of the frame before.
    pub prev: Hash,
    /// Where the log is behind it.
    pub end: Position,
}

impl Object {
    /// Its name under the archive's prefix.
    #[must_use]
    pub fn name(&self) -> String {
        Name::Log(self.first).in_branch(self.branch)
    }

    /// The place in the log behind which it begins.
    #[must_use]
    pub fn after(&self) -> Position {
        Position { event: self.first - 1, chain: self.prev }
    }
}

/// A segment that is in the archive alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Its header.
    pub header: SegmentHeader,
    /// Its objects, in order. Together they are the segment.
    pub objects: Vec<Object>,
}

impl Dropped {
    /// The length of its file, up to the end of its frames.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        SEGMENT_HEADER_BYTES as u64 + self.objects.iter().map(|object| object.frame_bytes).sum::<u64>()
    }

    /// Its last event.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.objects.last().map_or(0, |object| object.end.event)
    }

    /// The first event of the segment that a note with this name is about.
    #[must_use]
    pub fn noted(name: &str) -> Option<u64> {
        let first = name.strip_prefix(PREFIX)?.parse().ok()?;
        (Self::note_name(first) == name).then_some(first)
    }

    fn note_name(first: u64) -> String {
        format!("{PREFIX}{first:020}")
    }

    /// Writes the note. Durable when it returns.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write(&self, disk: &dyn Disk) -> io::Result<()> {
        let text = self.text();
        if text.len() as u64 > NOTE_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the segment is in too many objects for a note"));
        }
        write_note(disk, &Self::note_name(self.header.first), text.as_bytes())
    }

    /// Reads the note about the segment that starts with this event, if there is one.
    ///
    /// # Errors
    /// If it can't be read, or is damaged.
    pub fn read(disk: &dyn Disk, first: u64) -> io::Result<Option<Self>> {
        let name = Self::note_name(first);
        let failed = |kind, reason: String| io::Error::new(kind, format!("{}: {reason}", disk.place(&name)));
        let read = read_note(disk, &name).map_err(|error| failed(error.kind(), error.to_string()))?;
        let Some(bytes) = read else { return Ok(None) };
        let parsed = std::str::from_utf8(&bytes).ok().and_then(Self::parse).filter(|found| found.header.first == first);
        let damaged = || {
            "it is damaged, so nothing tells where this part of the log is in the archive. Restore it from a \
                          copy of the data directory, or restore the ledger from the archive"
        };
        parsed.map(Some).ok_or_else(|| failed(io::ErrorKind::InvalidData, damaged().to_owned()))
    }

    fn text(&self) -> String {
        use std::fmt::Write as _;
        let mut text = format!("{FIRST_LINE}\nheader {}\n", hex::encode(&self.header.encode()));
        for Object { branch, first, frame_bytes, prev, end } in &self.objects {
            let (prev, chain, last) = (hex::encode(prev), hex::encode(&end.chain), end.event);
            // A text has no reason to fail.
            let _written = writeln!(text, "object {branch} {first} {last} {frame_bytes} {prev} {chain}");
        }
        let sum = hex::encode(blake3::hash(text.as_bytes()).as_bytes());
        text + "sum " + &sum + "\n"
    }

    fn parse(text: &str) -> Option<Self> {
        let (covered, sum) = text.strip_suffix('\n')?.rsplit_once("sum ")?;
        if hex::encode(blake3::hash(covered.as_bytes()).as_bytes()) != sum {
            return None;
        }
        let mut lines = covered.lines();
        if lines.next()? != FIRST_LINE {
            return None;
        }
        let header: [u8; SEGMENT_HEADER_BYTES] = hex::decode(lines.next()?.strip_prefix("header ")?)?;
        let header = SegmentHeader::parse(&header).ok()?;
        let mut at = Position { event: header.first.checked_sub(1)?, chain: header.prev };
        let mut objects = Vec::new();
        for line in lines {
            let object = Object::parse(line)?;
            if object.after() != at || object.end.event <= at.event {
                return None;
            }
            at = object.end;
            objects.push(object);
        }
        (!objects.is_empty()).then_some(Self { header, objects })
    }
}

impl Object {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix("object ")?.split(' ');
        let branch = words.next()?.parse().ok()?;
        let first = words.next()?.parse().ok().filter(|first| *first > 0)?;
        let last = words.next()?.parse().ok()?;
        let frame_bytes = words.next()?.parse().ok()?;
        let prev = hex::decode(words.next()?)?;
        let end = Position { event: last, chain: hex::decode(words.next()?)? };
        words.next().is_none().then_some(Self { branch, first, frame_bytes, prev, end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tocos_journal::sim::SimDisk;

    fn dropped() -> Dropped {
        let header = SegmentHeader { ledger_id: [1; 16], seed: [2; 16], first: 5, previous_first: 1, prev: [3; 32] };
        let end = Position { event: 9, chain: [4; 32] };
        let branch = BranchId::from(7);
        let one = Object { branch, first: 5, frame_bytes: 400, prev: [3; 32], end };
        let other =
            Object { branch, first: 10, frame_bytes: 72, prev: [4; 32], end: Position { event: 11, chain: [5; 32] } };
        Dropped { header, objects: vec![one, other] }
    }

    #[test]
    fn a_note_is_read_as_it_was_written_and_lasts() {
        let disk = SimDisk::new(1);
        assert_eq!(Dropped::read(&disk, 5).unwrap(), None);
        dropped().write(&disk).unwrap();
        disk.crash();
        assert_eq!(Dropped::read(&disk, 5).unwrap(), Some(dropped()));
        assert_eq!((dropped().bytes(), dropped().last()), (600, 11));
        assert_eq!(Dropped::noted("archived-00000000000000000005"), Some(5));
        for other in ["archived-5", "archived-00000000000000000005.unfinished", "archive-branch"] {
            assert_eq!(Dropped::noted(other), None);
        }
    }

    #[test]
    fn every_flipped_bit_and_every_cut_of_a_note_is_found() {
        let name = "archived-00000000000000000005";
        let text = dropped().text().into_bytes();
        for at in 0..text.len() {
            let disk = SimDisk::new(1);
            let mut flipped = text.clone();
            flipped[at] ^= 1;
            disk.put(name, &flipped);
            assert_eq!(Dropped::read(&disk, 5).unwrap_err().kind(), io::ErrorKind::InvalidData, "flipped at {at}");
            disk.put(name, &text[..at]);
            assert_eq!(Dropped::read(&disk, 5).unwrap_err().kind(), io::ErrorKind::InvalidData, "cut at {at}");
        }
        let disk = SimDisk::new(1);
        disk.put("archived-00000000000000000006", &text);
        assert!(Dropped::read(&disk, 6).is_err(), "a note under the name of another segment");
    }
}

//! One object of the log: the header of a segment, then whole frames of it. A piece is believed only as far as its frames go on
//! from a known place in the log: the hash of each covers its content and the hash of the one before.

use std::fmt;

use bytes::Bytes;
use tocos_journal::{FrameFault, FrameView, Position, SEGMENT_HEADER_BYTES, SegmentFault, SegmentHeader};

/// Why an object is not the piece of the log that it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceFault {
    /// It does not start with the header of a segment.
    Header(SegmentFault),
    /// It belongs to another ledger.
    OtherLedger,
    /// There is no frame in it.
    NoFrames,
    /// A frame is not what must be there: flipped, cut, of another segment.
    Frame {
        /// Where in the object the frame starts.
        offset: u64,
        /// The event that is expected there.
        event: u64,
        /// What is wrong.
        fault: FrameFault,
    },
    /// Its frames are whole, but go on from other events than those before: it was put by somebody who went on from an older
    /// copy, or too late.
    OtherHistory {
        /// The event up to which the history is known.
        event: u64,
    },
    /// It ends before the event behind which it should go on.
    EndsBefore {
        /// Its last event.
        last_event: u64,
    },
}

impl fmt::Display for PieceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(fault) => fault.fmt(f),
            Self::OtherLedger => f.write_str("it belongs to another ledger"),
            Self::NoFrames => f.write_str("there is no frame in it"),
            Self::Frame { offset, event, fault } => {
                write!(f, "it is damaged at byte {offset}, where event {event} is expected: {fault}")
            }
            Self::OtherHistory { event } => {
                write!(f, "it goes on from another history than the one up to event {event}")
            }
            Self::EndsBefore { last_event } => write!(f, "it ends with event {last_event} already"),
        }
    }
}

impl std::error::Error for PieceFault {}

/// An object whose header has been verified.
#[derive(Clone, Debug)]
pub struct Piece {
    header: SegmentHeader,
    tag: u64,
    bytes: Bytes,
}

/// A frame that has been verified: it goes on from the one before.
#[derive(Clone, Copy, Debug)]
pub struct PieceFrame<'p> {
    /// What is in it.
    pub view: FrameView<'p>,
    /// Its bytes, as they are in the segment.
    pub bytes: &'p [u8],
    /// Where in the object it starts.
    pub offset: u64,
}

impl Piece {
    /// Reads the header of an object.
    ///
    /// # Errors
    /// [`PieceFault::Header`], [`PieceFault::OtherLedger`], [`PieceFault::NoFrames`].
    pub fn open(bytes: Bytes, ledger_id: &[u8; 16]) -> Result<Self, PieceFault> {
        let header = SegmentHeader::parse(&bytes).map_err(PieceFault::Header)?;
        if header.ledger_id != *ledger_id {
            return Err(PieceFault::OtherLedger);
        }
        if bytes.len() <= SEGMENT_HEADER_BYTES {
            return Err(PieceFault::NoFrames);
        }
        Ok(Self { header, tag: header.tag(), bytes })
    }

    /// The header of the segment that its frames are of.
    #[must_use]
    pub fn header(&self) -> &SegmentHeader {
        &self.header
    }

    /// The object as it is.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The frames behind `after`, each verified when it is reached. Frames before may be in the piece; they are verified and left
    /// out. Behind an error there are no more.
    #[must_use]
    pub fn frames(&self, after: Position) -> PieceFrames<'_> {
        PieceFrames { piece: self, offset: SEGMENT_HEADER_BYTES, at: None, after, has_failed: false }
    }

    /// Verifies it as a whole, and says how far the log is known with it; `after` if it has nothing new.
    ///
    /// # Errors
    /// The first fault.
    pub fn verify(&self, after: Position) -> Result<Position, PieceFault> {
        let mut frames = self.frames(after);
        while frames.next().transpose()?.is_some() {}
        Ok(frames.position())
    }
}

/// Verified frames of a piece, from [`Piece::frames`].
#[derive(Clone, Debug)]
pub struct PieceFrames<'p> {
    piece: &'p Piece,
    offset: usize,
    /// Behind the last frame that was read; none before the first one.
    at: Option<Position>,
    after: Position,
    has_failed: bool,
}

impl<'p> PieceFrames<'p> {
    /// How far the log is known with the frames so far.
    #[must_use]
    pub fn position(&self) -> Position {
        self.at.filter(|at| at.event > self.after.event).unwrap_or(self.after)
    }

    /// Verifies the next frame against those before it, wherever in the log it is.
    fn read(&mut self) -> Result<Option<PieceFrame<'p>>, PieceFault> {
        let Piece { header, tag, bytes } = self.piece;
        let rest = &bytes[self.offset..];
        if rest.is_empty() {
            return Ok(None);
        }
        let offset = self.offset as u64;
        let expected = self.at.map_or(self.after.event, |at| at.event) + 1;
        let damaged = |fault| PieceFault::Frame { offset, event: expected, fault };
        let view = FrameView::parse(rest).map_err(damaged)?;
        if view.header().tag != *tag {
            return Err(damaged(FrameFault::OtherSegment));
        }
        let is_next = match self.at {
            Some(_) => view.first() == expected,
            // Earlier frames may come first, but none is left out, and none is of a segment before.
            None => view.first() <= expected && view.first() >= header.first,
        };
        if !is_next {
            return Err(damaged(FrameFault::Number { expected, found: view.first() }));
        }
        let known = match self.at {
            Some(at) => Some(at.chain),
            None if view.first() == expected => Some(self.after.chain),
            None if view.first() == header.first => Some(header.prev),
            None => None,
        };
        if known.is_some_and(|chain| chain != view.prev()) {
            let is_inside = self.at.is_some_and(|at| at != self.after);
            return Err(match is_inside {
                true => damaged(FrameFault::Chain),
                false => PieceFault::OtherHistory { event: self.after.event },
            });
        }
        let frame = &rest[..view.header().frame_bytes() as usize];
        self.at = Some(Position { event: view.last(), chain: view.hash() });
        self.offset += frame.len();
        Ok(Some(PieceFrame { view, bytes: frame, offset }))
    }

    fn advance(&mut self) -> Result<Option<PieceFrame<'p>>, PieceFault> {
        loop {
            let Some(frame) = self.read()? else {
                let last_event = self.at.map_or(self.after.event, |at| at.event);
                return if last_event < self.after.event {
                    Err(PieceFault::EndsBefore { last_event })
                } else {
                    Ok(None)
                };
            };
            if frame.view.first() > self.after.event {
                return Ok(Some(frame));
            }
            // The hash of the frame that ends there vouches for all before it.
            let is_of_chain = frame.view.last() < self.after.event || self.at == Some(self.after);
            if !is_of_chain {
                return Err(PieceFault::OtherHistory { event: self.after.event });
            }
        }
    }
}

impl<'p> Iterator for PieceFrames<'p> {
    type Item = Result<PieceFrame<'p>, PieceFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed {
            return None;
        }
        let next = self.advance();
        self.has_failed = next.is_err();
        next.transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tocos_journal::{Frame, Link};

    const LEDGER: [u8; 16] = [7; 16];

    /// A piece of the frames with these sizes, behind `after` in a segment that starts with event `segment_first`.
    fn piece(segment_first: u64, after: Position, counts: &[u64], salt: u8) -> (Vec<u8>, Vec<Position>) {
        let header = SegmentHeader {
            ledger_id: LEDGER,
            seed: [8; 16],
            first: segment_first,
            previous_first: 0,
            prev: Position::start(&LEDGER).chain,
        };
        let mut bytes = header.encode().to_vec();
        let mut ends = vec![after];
        for count in counts {
            let Position { event, chain } = *ends.last().unwrap();
            let mut frame = Frame::new(event + 1, 5);
            (0..*count).for_each(|_| frame.push(&[salt; 64]));
            let chain = frame.seal_into(&mut bytes, &Link { prev: chain, tag: header.tag(), durable: event });
            ends.push(Position { event: event + count, chain });
        }
        (bytes, ends)
    }

    fn verify(bytes: &[u8], after: Position) -> Result<Position, PieceFault> {
        Piece::open(Bytes::copy_from_slice(bytes), &LEDGER)?.verify(after)
    }

    #[test]
    fn a_piece_goes_on_from_every_place_in_it() {
        let (bytes, ends) = piece(1, Position::start(&LEDGER), &[2, 1, 3], 1);
        for (nth, after) in ends.iter().enumerate() {
            assert_eq!(verify(&bytes, *after), Ok(ends[3]), "behind event {}", after.event);
            let piece = Piece::open(Bytes::from(bytes.clone()), &LEDGER).unwrap();
            let firsts: Vec<u64> = piece.frames(*after).map(|frame| frame.unwrap().view.first()).collect();
            assert_eq!(firsts, [1, 3, 4][nth..]);
        }
    }

    #[test]
    fn a_piece_of_another_history_is_not_taken() {
        let (bytes, ends) = piece(1, Position::start(&LEDGER), &[2, 1, 3], 1);
        let (_, others) = piece(1, Position::start(&LEDGER), &[2, 1, 3], 2);
        for other in &others[1..] {
            assert_eq!(verify(&bytes, *other), Err(PieceFault::OtherHistory { event: other.event }));
        }
        let (tail, _) = piece(1, others[2], &[5], 1);
        assert_eq!(verify(&tail, ends[2]), Err(PieceFault::OtherHistory { event: 3 }));
        let inside = Position { event: 4, chain: ends[3].chain };
        assert_eq!(verify(&bytes, inside), Err(PieceFault::OtherHistory { event: 4 }));
    }

    #[test]
    fn a_piece_with_a_gap_before_it_or_an_end_too_early_is_named() {
        let (bytes, ends) = piece(1, Position::start(&LEDGER), &[2, 1, 3], 1);
        let (tail, _) = piece(1, ends[2], &[5], 1);
        let fault = FrameFault::Number { expected: 3, found: 4 };
        assert_eq!(verify(&tail, ends[1]), Err(PieceFault::Frame { offset: 128, event: 3, fault }));
        let far = Position { event: 9, chain: [1; 32] };
        assert_eq!(verify(&bytes, far), Err(PieceFault::EndsBefore { last_event: 6 }));
        assert_eq!(verify(&bytes[..128], ends[0]), Err(PieceFault::NoFrames));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_found() {
        let (bytes, ends) = piece(1, Position::start(&LEDGER), &[1, 2], 1);
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            assert!(verify(&flipped, ends[0]).is_err(), "flipped at {at}");
            if let Ok(end) = verify(&bytes[..at], ends[0]) {
                assert!(ends[1..2].contains(&end), "cut at {at}");
                assert_eq!(
                    at,
                    bytes.len()
                        - Piece::open(bytes.clone().into(), &LEDGER).map_or(0, |piece| last_frame_bytes(&piece))
                );
            }
        }
    }

    fn last_frame_bytes(piece: &Piece) -> usize {
        piece.frames(Position::start(&LEDGER)).last().map_or(0, |frame| frame.unwrap().bytes.len())
    }

    #[test]
    fn a_piece_of_another_ledger_is_not_taken() {
        let (bytes, _) = piece(1, Position::start(&LEDGER), &[1], 1);
        let other = Piece::open(bytes.into(), &[9; 16]).unwrap_err();
        assert_eq!(other, PieceFault::OtherLedger);
        let none = Piece::open(Bytes::from_static(b"<Error>NoSuchKey</Error>"), &LEDGER).unwrap_err();
        assert_eq!(none, PieceFault::Header(SegmentFault::NotOurs));
    }
}

//! Any bytes as an object of an archive: as its name, as the description of a branch, and as changes to a piece of the log. A piece
//! that was changed is believed only as far as it is what it was.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tocos_archive::branch::Branch;
use tocos_archive::names::{Name, described_branch};
use tocos_archive::piece::Piece;
use tocos_journal::{Frame, Link, Position, RECORD_BYTES, SegmentHeader};

const LEDGER: [u8; 16] = [7; 16];

/// Three frames of one segment, and where each ends in the piece.
fn piece() -> (Vec<u8>, Vec<usize>) {
    let start = Position::start(&LEDGER);
    let header = SegmentHeader { ledger_id: LEDGER, seed: [8; 16], first: 1, previous_first: 0, prev: start.chain };
    let (mut bytes, mut prev, mut first) = (header.encode().to_vec(), start.chain, 1);
    let mut ends = Vec::new();
    for count in [1, 3, 2] {
        let mut frame = Frame::new(first, 5);
        (0..count).for_each(|_| frame.push(&[9; RECORD_BYTES]));
        prev = frame.seal_into(&mut bytes, &Link { prev, tag: header.tag(), durable: first - 1 });
        first += count;
        ends.push(bytes.len());
    }
    (bytes, ends)
}

fuzz_target!(|input: &[u8]| {
    let Some((kind, rest)) = input.split_first() else { return };
    match kind % 3 {
        0 => {
            let Ok(text) = str::from_utf8(rest) else { return };
            let _branch = described_branch(text);
            if let Some((branch, name)) = Name::parse_in_branch(text) {
                assert_eq!(name.in_branch(branch), text, "a name has one spelling");
            }
        }
        1 => {
            if let Ok(branch) = Branch::decode(rest) {
                assert_eq!(Branch::decode(&branch.encode()).expect("what was encoded can be read"), branch);
            }
        }
        _ => {
            let (whole, ends) = piece();
            let mut bytes = whole.clone();
            for change in rest.chunks_exact(3) {
                let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % whole.len();
                match change[2] {
                    0 => bytes.truncate(at),
                    change => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= change),
                }
            }
            if let Ok(piece) = Piece::open(Bytes::from(bytes.clone()), &LEDGER)
                && piece.verify(Position::start(&LEDGER)).is_ok()
            {
                assert!(ends.contains(&bytes.len()) && whole.starts_with(&bytes), "changed bytes were believed");
            }
        }
    }
});

//! Stretches of the log, each of which may have a summary.

use super::summary::KIND;
use tocos_journal::Reader;
use tocos_journal::blockfile::BlockHeader;

/// Some events of the log that follow each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) first: u64,
    pub(super) last: u64,
    /// The header of its summary; none if it can't have one, since it may go on.
    pub(super) header: Option<BlockHeader>,
}

/// The events up to one, by segment.
pub(super) fn stretches(reader: &Reader, upto: u64) -> Vec<Stretch> {
    let segments = reader.segments();
    let ends = segments.iter().skip(1).map(|next| Some(next.header.prev)).chain([None]);
    let stretches = segments.iter().zip(ends).filter(|(segment, _)| segment.header.first <= upto);
    let stretch = |(segment, end): (&tocos_journal::SegmentState, Option<_>)| {
        let first = segment.header.first;
        // Behind the event is what was decided since.
        let sealed = segment.last.filter(|last| *last <= upto).zip(end);
        let header = |(event, chain)| BlockHeader { ledger_id: reader.ledger_id(), kind: KIND, event, chain };
        Stretch { first, last: segment.last.map_or(upto, |last| last.min(upto)), header: sealed.map(header) }
    };
    stretches.map(stretch).collect()
}

//! Reading flows from the log.

use super::ReportError;
use super::pacing::Pacing;
use crate::error::EventError;
use tocos_journal::{FrameView, Frames, ReadError, Reader};
use tocos_ledger::{CoinId, Event, Flow, Micros, blob_offset};

/// Reads the flows of stretches of the log, in order. It goes on where it was if the next one follows.
pub(super) struct Walk<'r> {
    reader: &'r Reader,
    /// The coin of each account.
    coins: &'r [CoinId],
    ends: &'r dyn Fn() -> bool,
    pacing: Pacing<'r>,
    /// Where the next frame begins.
    frames: Option<(u64, Frames)>,
}

impl<'r> Walk<'r> {
    pub(super) fn new(reader: &'r Reader, coins: &'r [CoinId], ends: &'r dyn Fn() -> bool, pacing: Pacing<'r>) -> Self {
        Self { reader, coins, ends, pacing, frames: None }
    }

    /// Gives up if nobody waits any longer.
    pub(super) fn check(&self) -> Result<(), ReportError> {
        if (self.ends)() { Err(ReportError::Ended) } else { Ok(()) }
    }

    /// Hands out the flows of the events of a range. Returns the time of its first event.
    pub(super) fn read(
        &mut self,
        (first, last): (u64, u64),
        mut each: impl FnMut(&Flow),
    ) -> Result<Micros, ReportError> {
        let (mut next, mut frames) = match self.frames.take() {
            Some((next, frames)) if next == first => (next, frames),
            _ => (first, self.reader.frames(first)),
        };
        let mut began_at = None;
        while next <= last {
            self.check()?;
            let frame = frames.next_frame().map_err(|error| failed(next, error))?;
            let frame = frame.ok_or(EventError::NotFound { event: next })?;
            began_at.get_or_insert(frame.at_us());
            flows_of_frame(&frame, (first, last), |account| self.coins.get(account).copied(), &mut each)
                .map_err(|(event, reason)| EventError::Unreadable { event, reason })?;
            next = frame.last() + 1;
            self.pacing.step();
        }
        self.frames = Some((next, frames));
        began_at.ok_or(ReportError::Log(EventError::NotFound { event: first }))
    }
}

/// Hands out the flows of those events of a frame that are in a range. An error names the event.
pub(super) fn flows_of_frame(
    frame: &FrameView<'_>,
    (first, last): (u64, u64),
    coin_of: impl Fn(usize) -> Option<CoinId>,
    mut each: impl FnMut(&Flow),
) -> Result<(), (u64, String)> {
    let numbered = (frame.first()..).zip(frame.records());
    for (number, record) in numbered.filter(|(number, _)| (first..=last).contains(number)) {
        if !Event::may_flow(record) {
            continue;
        }
        let blob = blob_offset(record).and_then(|offset| frame.blob(offset)).unwrap_or(&[]);
        Event::read_flows(frame.at_us(), record, blob, |account| coin_of(account.0 as usize), &mut each)
            .map_err(|malformed| (number, malformed.to_string()))?;
    }
    Ok(())
}

fn failed(event: u64, error: ReadError) -> EventError {
    match error {
        ReadError::Elsewhere { .. } => EventError::Elsewhere { event },
        ReadError::Unreachable { place, reason } => EventError::Unreachable { event, place, reason },
        error => EventError::Unreadable { event, reason: error.to_string() },
    }
}

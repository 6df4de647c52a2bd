//! Up to where a ledger is restored.

use tocos_journal::FrameView;

/// The last event or the time to restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Everything up to this event, from 1.
    Event(u64),
    /// Every event whose time is not after this one, microseconds since 1970 in UTC.
    Time(i64),
}

/// What becomes of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// All of it is restored.
    Whole,
    /// Its events up to this one are restored.
    Through(u64),
    /// It comes after what is restored.
    Nothing,
}

/// What becomes of a frame of the log if it is restored up to `until`, or to its end.
pub(super) fn taken(until: Option<Until>, frame: &FrameView<'_>) -> Taken {
    match until {
        Some(Until::Event(event)) if frame.first() > event => Taken::Nothing,
        Some(Until::Event(event)) if frame.last() > event => Taken::Through(event),
        Some(Until::Time(at_us)) if frame.at_us() > at_us => Taken::Nothing,
        _ => Taken::Whole,
    }
}

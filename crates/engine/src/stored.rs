//! An event as it is stored in the log or in a frame that is not written yet.

use crate::error::EventError;
use tocos_journal::{Frame, ReadError, Reader, Stored};
use tocos_ledger::{Event, Malformed, RECORD_BYTES, blob_offset};

/// An event's bytes.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    /// Its number.
    pub number: u64,
    /// Its time, in microseconds since 1970.
    pub at: i64,
    /// Its fixed part.
    pub record: [u8; RECORD_BYTES],
    /// What did not fit there.
    pub blob: Vec<u8>,
}

impl StoredEvent {
    /// The event itself. The hash of its key is left 0.
    ///
    /// # Errors
    /// [`EventError::Unreadable`] if the bytes are no event.
    pub fn decode(&self) -> Result<Event<'_>, EventError> {
        Event::decode(self.number, self.at, &self.record, &self.blob).map_err(|malformed: Malformed| {
            EventError::Unreadable { event: self.number, reason: malformed.to_string() }
        })
    }

    pub(crate) fn read(reader: &Reader, number: u64) -> Result<Self, EventError> {
        Self::read_by(reader, number, Reader::event)
    }

    /// The same without waiting for anybody but this machine's disk; [`EventError::Elsewhere`] where that does not do.
    pub(crate) fn read_here(reader: &Reader, number: u64) -> Result<Self, EventError> {
        Self::read_by(reader, number, Reader::event_here)
    }

    fn read_by(
        reader: &Reader,
        number: u64,
        read: fn(&Reader, u64) -> Result<Stored, ReadError>,
    ) -> Result<Self, EventError> {
        if number == 0 || number > reader.last_event() {
            return Err(EventError::NotFound { event: number });
        }
        let failed = |error: ReadError| match error {
            ReadError::Elsewhere { .. } => EventError::Elsewhere { event: number },
            ReadError::Unreachable { place, reason } => EventError::Unreachable { event: number, place, reason },
            error => EventError::Unreadable { event: number, reason: error.to_string() },
        };
        let stored = read(reader, number).map_err(failed)?;
        let blob = blob_offset(&stored.record).map_or(Ok(Vec::new()), |offset| stored.blob(offset)).map_err(failed)?;
        Ok(Self { number, at: stored.at_us, record: stored.record, blob })
    }

    /// The event from a frame that holds it.
    pub(crate) fn in_frame(frame: &Frame, number: u64) -> Option<Self> {
        let index = usize::try_from(number.checked_sub(frame.first())?).ok()?;
        let record = *frame.record(index)?;
        let blob = blob_offset(&record).and_then(|offset| frame.blob_at(offset)).unwrap_or(&[]).to_vec();
        Some(Self { number, at: frame.at_us(), record, blob })
    }
}

//! Where in a segment an event is, roughly.

/// One entry at most for so many bytes of log: what one positioned read fetches.
pub(crate) const SPACING_BYTES: u64 = 4096;

/// The starts of some frames, about one for every 4 KiB: 8 bytes for the 25 to 60 events in them. Frames between them
/// are found by reading.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Index {
    first: u64,
    /// Event number less `first`, and offset in the file.
    entries: Vec<(u32, u32)>,
    next_at: u64,
}

/// A frame from which an event is reached by walking forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) event: u64,
    pub(crate) offset: u64,
    /// Where the next known frame starts, if one is known.
    pub(crate) until: Option<u64>,
}

impl Index {
    /// An index of a segment that starts with event `first`.
    pub(crate) fn new(first: u64) -> Self {
        Self { first, entries: Vec::new(), next_at: 0 }
    }

    /// Takes note of a frame. Frames come in order.
    pub(crate) fn note(&mut self, event: u64, offset: u64) {
        if offset < self.next_at {
            return;
        }
        // Beyond 4 GiB, where no segment of ours goes, lookups walk from the last entry.
        if let (Ok(event), Ok(at)) = (u32::try_from(event - self.first), u32::try_from(offset)) {
            self.entries.push((event, at));
            self.next_at = offset + SPACING_BYTES;
        }
    }

    /// Whether both lead to every event by the same frames.
    pub(crate) fn leads_as(&self, other: &Self) -> bool {
        (self.first, &self.entries) == (other.first, &other.entries)
    }

    /// The entries as bytes: event number less that of the segment's first event, and offset in the file, 4 bytes each.
    pub(crate) fn encode(&self) -> Vec<u8> {
        self.entries.iter().flat_map(|(event, at)| [event.to_le_bytes(), at.to_le_bytes()]).flatten().collect()
    }

    /// The index of a segment that starts with event `first`, from its entries; none if they are no entries.
    pub(crate) fn decode(first: u64, bytes: &[u8]) -> Option<Self> {
        let (entries, rest) = bytes.as_chunks::<8>();
        let half = |entry: &[u8; 8], at: usize| u32::from_le_bytes(std::array::from_fn(|i| entry[at + i]));
        let entries: Vec<_> = entries.iter().map(|entry| (half(entry, 0), half(entry, 4))).collect();
        let is_sound = rest.is_empty()
            && entries.first().is_some_and(|entry| entry.0 == 0)
            && entries.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1);
        is_sound.then_some(Self { first, entries, next_at: u64::MAX })
    }

    /// The last noted frame that starts with `event` or before; none if none has been noted.
    pub(crate) fn start(&self, event: u64) -> Option<Start> {
        let relative = u32::try_from(event.checked_sub(self.first)?).unwrap_or(u32::MAX);
        let after = self.entries.partition_point(|entry| entry.0 <= relative);
        let (event, offset) = *self.entries.get(after.checked_sub(1)?)?;
        Some(Start {
            event: self.first + u64::from(event),
            offset: u64::from(offset),
            until: self.entries.get(after).map(|entry| u64::from(entry.1)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_reached_from_the_last_noted_frame_before_it() {
        let mut index = Index::new(101);
        assert_eq!(index.start(101), None);
        // Frames of 10 events and 1,000 bytes: every fifth is noted.
        for frame in 0..20 {
            index.note(101 + frame * 10, 128 + frame * 1000);
        }
        let start = |event, offset, until| Some(Start { event, offset, until });
        assert_eq!(index.start(100), None);
        assert_eq!(index.start(101), start(101, 128, Some(5128)));
        assert_eq!(index.start(150), start(101, 128, Some(5128)));
        assert_eq!(index.start(151), start(151, 5128, Some(10128)));
        assert_eq!(index.start(9999), start(251, 15128, None));
        assert_eq!(index.start(u64::MAX), start(251, 15128, None));
    }
}

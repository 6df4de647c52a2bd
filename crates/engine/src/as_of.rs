//! What a response depends on.

/// An event that was seen in memory, of a history that may yet be lost: a node of a group that loses the lead drops what it decided
/// and goes on with what others decided, under the same numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AsOf {
    /// How often this node had lost the lead when it was seen.
    pub(crate) term: u32,
    /// Its number; 0 for nothing at all.
    pub event: u64,
}

impl AsOf {
    /// What depends on no event.
    pub const NOTHING: Self = Self { term: 0, event: 0 };

    /// Another event of the same history.
    #[must_use]
    pub fn at(self, event: u64) -> Self {
        Self { event, ..self }
    }

    /// Whether both are of one history, so that their numbers can be compared.
    #[must_use]
    pub fn is_of_one_history_with(self, other: Self) -> bool {
        self.term == other.term
    }
}

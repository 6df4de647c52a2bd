//! How strictly an amount is meant.

/// How much a spend must take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// All or nothing.
    #[default]
    Exact,
    /// What is available, down to nothing.
    UpTo,
}

/// What a capture of more than is held does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Excess {
    /// It is refused.
    #[default]
    Reject,
    /// The rest is taken from what is available.
    TakeAvailable,
}

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

/// What a reversal does about coins that the giver, whoever got them, no longer has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taking {
    /// Exact: it is refused. Up to: what is still there is taken, down to nothing, and of the event no more than is left.
    pub mode: Mode,
    /// All is taken all the same, and what is missing is owed in plain coins, whatever the floor.
    pub debt: bool,
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

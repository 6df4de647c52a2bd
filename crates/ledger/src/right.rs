//! What API keys may do.

/// What an API key may do; each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Look at everything but keys.
    Read,
    /// Move coins that exist: spend, transfer, hold, capture, release, extend.
    Spend,
    /// Make coins and users, and take things back: grant, reverse, users, coins, limits.
    Grant,
    /// Keys, and closing users.
    Admin,
}

//! Amounts and instants: plain integers, their units and bounds.

/// A whole number of a coin's smallest unit.
pub type Amount = u64;

/// The largest amount, balance and supply: 2^53 - 1, the largest integer that every JSON reader keeps exact.
pub const MAX_AMOUNT: Amount = (1 << 53) - 1;

/// An instant in microseconds since 1970-01-01T00:00:00Z.
pub type Micros = i64;

/// Microseconds in a second.
pub const SECOND_US: Micros = 1_000_000;

/// Microseconds in a day of 86,400 seconds.
pub const DAY_US: Micros = 86_400 * SECOND_US;

//! Coins and their system accounts.

use crate::amount::{Amount, MAX_AMOUNT};
use crate::spending::SpendLimit;
use crate::thresholds::Thresholds;
use compact_str::CompactString;

/// A coin's place in the order in which coins were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct CoinId(pub u16);

/// A kind of credit and the balances of its system accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coin {
    /// Its code, such as `toco`.
    pub code: CompactString,
    /// Digits behind the point when shown to people; amounts are always whole.
    pub decimals: u8,
    /// What has been granted, less reversed grants: minus the balance of `@issued`.
    pub issued: Amount,
    /// The balance of `@spent`.
    pub spent: Amount,
    /// The balance of `@expired`.
    pub expired: Amount,
    /// What open holds reserve.
    pub held: Amount,
    /// What was owed by reversals of grants and transfers, in all. Lots that those left behind can still expire, so it counts as issued.
    pub(crate) owed: Amount,
    /// The thresholds of accounts that have none of their own.
    pub thresholds: Option<Thresholds>,
    /// The spending limit of accounts that have none of their own.
    pub spend_limit: Option<SpendLimit>,
}

impl Coin {
    pub(crate) fn new(code: &str, decimals: u8) -> Self {
        Self {
            code: code.into(),
            decimals,
            issued: 0,
            spent: 0,
            expired: 0,
            held: 0,
            owed: 0,
            thresholds: None,
            spend_limit: None,
        }
    }

    /// What users have in total, held coins included.
    #[must_use]
    pub fn outstanding(&self) -> i64 {
        // Each is at most 2^53, so the difference fits.
        self.issued as i64 - self.spent as i64 - self.expired as i64
    }

    /// What can still be issued.
    #[must_use]
    pub fn supply_left(&self) -> Amount {
        MAX_AMOUNT - self.issued_and_owed()
    }

    /// What no later count of lots exceeds.
    pub(crate) fn issued_and_owed(&self) -> Amount {
        self.issued + self.owed
    }
}

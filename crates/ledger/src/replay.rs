//! Carrying out what comes back from the log: the counterpart of deciding, with the same stages against waiting for memory.

use crate::amount::Micros;
use crate::apply::Inconsistent;
use crate::bytes::Malformed;
use crate::event::Event;
use crate::ledger::Ledger;
use crate::record::{Peeked, RECORD_BYTES, blob_offset};
use crate::stage::STAGED_AT_ONCE;
use core::fmt;
use core::hint::black_box;

/// Why a record can't be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayFailure {
    /// It is no event.
    Malformed {
        /// The number it would have.
        event: u64,
        /// What is wrong with its bytes.
        source: Malformed,
    },
    /// It is an event that does not follow from those before it.
    Inconsistent(Inconsistent),
}

impl fmt::Display for ReplayFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { event, source } => write!(f, "event {event} can't be read: {source}"),
            Self::Inconsistent(inconsistent) => inconsistent.fmt(f),
        }
    }
}

impl std::error::Error for ReplayFailure {}

/// What is known of a record before it is decoded.
#[derive(Clone, Copy, Default)]
struct Ahead<'a> {
    blob: &'a [u8],
    key: Option<u128>,
}

impl Ledger {
    /// Carries out records that were written at one time, the first of which is event `first`. `blob` finds a record's
    /// blob by the offset that the record says.
    ///
    /// # Errors
    /// [`ReplayFailure`] for the first that can't be applied; the state is then unusable, as after [`Ledger::apply`].
    pub fn replay<'a>(
        &mut self,
        first: u64,
        at: Micros,
        records: &[[u8; RECORD_BYTES]],
        blob: impl Fn(u32) -> Option<&'a [u8]>,
    ) -> Result<(), ReplayFailure> {
        let mut number = first;
        for records in records.chunks(STAGED_AT_ONCE) {
            let mut ahead = [Ahead::default(); STAGED_AT_ONCE];
            for ((record, ahead), number) in records.iter().zip(&mut ahead).zip(number..) {
                if let Some(offset) = blob_offset(record) {
                    let lost = Malformed("its blob lies outside its frame");
                    ahead.blob = blob(offset).ok_or(ReplayFailure::Malformed { event: number, source: lost })?;
                }
            }
            self.look_ahead(records, &mut ahead);
            for (record, ahead) in records.iter().zip(&ahead) {
                let hash = |key: &str| ahead.key.unwrap_or_else(|| self.keys.hash(key));
                let event = Event::decode_hashed(number, at, record, ahead.blob, hash)
                    .map_err(|source| ReplayFailure::Malformed { event: number, source })?;
                self.apply(&event).map_err(ReplayFailure::Inconsistent)?;
                number += 1;
            }
        }
        Ok(())
    }

    /// Touches what carrying out these records will change, and hashes their keys. It goes by what can be seen without decoding them, and
    /// nothing depends on it.
    fn look_ahead(&self, records: &[[u8; RECORD_BYTES]], ahead: &mut [Ahead<'_>]) {
        for (record, ahead) in records.iter().zip(ahead) {
            match Peeked::at(record, ahead.blob) {
                Peeked::Accounts(accounts) => {
                    for account in accounts.into_iter().flatten() {
                        self.state.accounts.touch(account.0);
                        black_box(self.state.accounts.find(account.0).map(|account| account.plain));
                    }
                }
                Peeked::NewUser(id) => self.index.touch(id),
                Peeked::Nothing => {}
            }
            if let Some(key) = Event::key_in(ahead.blob) {
                let hash = self.keys.hash(key);
                black_box(self.keys.touch(hash));
                ahead.key = Some(hash);
            }
        }
    }
}

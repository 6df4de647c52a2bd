//! Reads that may wait for bytes that are not on this disk, and reads that must not.

use std::fmt;
use std::io;

use crate::disk::{DiskFile, NotFetched};
use crate::error::ReadError;

/// Whether a read may wait for bytes that are not on this disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// It fetches what it needs.
    MayFetch,
    /// It fails with [`ReadError::Elsewhere`] instead.
    HereOnly,
}

impl Access {
    pub(crate) fn read(self, file: &dyn DiskFile, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        match self {
            Self::MayFetch => file.read_at(buf, offset),
            Self::HereOnly => file.read_here(buf, offset)?.ok_or_else(|| io::Error::other(NotHere)),
        }
    }
}

/// What is in the error of a read that would have had to fetch.
#[derive(Debug)]
struct NotHere;

impl fmt::Display for NotHere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is not on this disk")
    }
}

impl std::error::Error for NotHere {}

impl ReadError {
    /// Why a read of a file failed that was about an event.
    pub(crate) fn reading(place: &str, event: u64, source: io::Error) -> Self {
        let inner = source.get_ref();
        if inner.and_then(|inner| inner.downcast_ref::<NotHere>()).is_some() {
            return Self::Elsewhere { event };
        }
        match inner.and_then(|inner| inner.downcast_ref::<NotFetched>()) {
            Some(NotFetched { place, reason }) => Self::Unreachable { place: place.clone(), reason: reason.clone() },
            None => Self::Disk { place: place.to_owned(), source },
        }
    }
}

//! Objects of the archive that were read lately, as files beside the log, so that one that is asked for again costs no request.
//! Each is verified before a byte of it is used: its length, its segment's header, and the chain of its frames from the hash before
//! the first one to the hash of the last one. What was used longest ago goes first.
//!
//! No lock is held while the store is waited for, nor while a file is written or removed: the ledger's writer asks here too, for
//! what is here already.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tocos_journal::blockfile::TEMPORARY;
use tocos_journal::{Disk, DiskFile, NotFetched, SEGMENT_HEADER_BYTES, SegmentHeader};

use super::dropped::Object;
use crate::fault::Fault;
use crate::piece::{Piece, PieceFault};
use crate::remote::Remote;

/// How long reads wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For the store, at most.
    pub(super) fetch: Duration,
    /// After a failure of the store others fail at once for so long.
    pub(super) rest: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { fetch: Duration::from_secs(10), rest: Duration::from_secs(1) }
    }
}

/// Objects that are fetched at once, each held in memory.
const FETCHES_MAX: usize = 4;
/// Threads that wait for the store at once. More fail at once: others need threads too.
const WAITING_MAX: usize = 64;

/// A verified object that is at hand.
#[derive(Clone, Debug)]
pub(super) enum Held {
    File(Arc<dyn DiskFile>),
    /// The disk had no room for it.
    Memory(Bytes),
}

impl Held {
    /// Reads bytes of the object, all of which it has.
    pub(super) fn read(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        match self {
            Self::File(file) if file.read_at(buf, offset)? < buf.len() => Err(io::ErrorKind::UnexpectedEof.into()),
            Self::File(_) => Ok(()),
            Self::Memory(bytes) => {
                let from = bytes.get(offset as usize..).and_then(|rest| rest.get(..buf.len()));
                buf.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
                Ok(())
            }
        }
    }
}

/// The figures of a cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheFigures {
    /// Objects fetched since the start.
    pub fetches: u64,
    /// Fetches that failed, or brought something damaged.
    pub failures: u64,
    /// The bytes of the objects at hand.
    pub bytes: u64,
}

#[derive(Debug)]
pub(super) struct Cache {
    disk: Arc<dyn Disk>,
    /// None if the archive was not given.
    remote: Option<Remote>,
    bytes_max: u64,
    patience: Patience,
    state: Mutex<State>,
    changed: Condvar,
    fetches: AtomicU64,
    failures: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    /// By name.
    kept: HashMap<String, Kept>,
    bytes: u64,
    /// Counts uses and files.
    count: u64,
    flights: HashMap<String, Arc<Flight>>,
    waiting: usize,
    failed: Option<(Instant, NotFetched)>,
}

#[derive(Debug)]
struct Kept {
    held: Held,
    /// Its file; none if it is in memory.
    file: Option<String>,
    bytes: u64,
    used: u64,
}

/// An object that is being fetched, and what became of it.
#[derive(Debug, Default)]
struct Flight {
    result: Mutex<Option<Result<Held, NotFetched>>>,
}

impl Cache {
    pub(super) fn new(disk: Arc<dyn Disk>, remote: Option<Remote>, bytes_max: u64, patience: Patience) -> Self {
        Self {
            disk,
            remote,
            bytes_max,
            patience,
            state: Mutex::default(),
            changed: Condvar::new(),
            fetches: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        }
    }

    pub(super) fn figures(&self) -> CacheFigures {
        CacheFigures {
            fetches: self.fetches.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            bytes: self.state().bytes,
        }
    }

    pub(super) fn has_archive(&self) -> bool {
        self.remote.is_some()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The object, if it is at hand.
    pub(super) fn find(&self, object: &Object) -> Option<Held> {
        self.state().find(&object.name())
    }

    /// The object of the segment with this header, fetched if it is not at hand.
    pub(super) fn get(&self, header: &SegmentHeader, object: &Object) -> Result<Held, NotFetched> {
        let name = object.name();
        let mut state = self.state();
        if let Some(held) = state.find(&name) {
            return Ok(held);
        }
        let fail = |reason: &str| Err(self.not_fetched(&name, reason.to_owned()));
        let Some(remote) = &self.remote else { return fail("the archive was not given; start with --archive") };
        if state.waiting >= WAITING_MAX {
            return fail("too many reads wait for the archive");
        }
        state.waiting += 1;
        let got = self.get_waiting(state, remote, header, object);
        self.state().waiting -= 1;
        got
    }

    fn get_waiting(
        &self,
        mut state: MutexGuard<'_, State>,
        remote: &Remote,
        header: &SegmentHeader,
        object: &Object,
    ) -> Result<Held, NotFetched> {
        let name = object.name();
        let until = Instant::now() + self.patience.fetch;
        let mut joined: Option<Arc<Flight>> = None;
        loop {
            let landed = joined.as_ref().and_then(|flight| flight.result());
            if let Some(result) = landed {
                return result;
            }
            if let Some(held) = state.find(&name) {
                return Ok(held);
            }
            if joined.is_none() {
                if let Some((_, error)) = state.failed.as_ref().filter(|(at, _)| at.elapsed() < self.patience.rest) {
                    return Err(self.not_fetched(&name, error.reason.clone()));
                }
                match state.flights.get(&name) {
                    Some(flight) => joined = Some(Arc::clone(flight)),
                    None if state.flights.len() < FETCHES_MAX => break,
                    None => {}
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(
                    self.not_fetched(&name, format!("it did not come within {} s", self.patience.fetch.as_secs()))
                );
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        let flight = Arc::new(Flight::default());
        state.flights.insert(name.clone(), Arc::clone(&flight));
        state.count += 1;
        let file = format!("fetched-{}{TEMPORARY}", state.count);
        drop(state);
        let left = until.saturating_duration_since(Instant::now());
        let result = self.fetch(remote, header, object, left);
        let kept = result.as_ref().ok().map(|bytes| self.keep(&file, bytes.clone()));
        let result = result.map(|bytes| kept.as_ref().map_or(Held::Memory(bytes), |kept| kept.held.clone()));
        flight.land(result.clone());
        let mut state = self.state();
        state.flights.remove(&name);
        let old = match kept {
            Some(kept) => state.insert(name, kept, self.bytes_max),
            None => Vec::new(),
        };
        drop(state);
        self.changed.notify_all();
        for file in old {
            // What can't be removed now is removed at the next start.
            let _left = self.disk.remove(&file);
        }
        result
    }

    /// Gets the object from the store and verifies it as a whole.
    fn fetch(
        &self,
        remote: &Remote,
        header: &SegmentHeader,
        object: &Object,
        patience: Duration,
    ) -> Result<Bytes, NotFetched> {
        self.fetches.fetch_add(1, Ordering::Relaxed);
        let name = object.name();
        let failed = |reason: String| {
            self.failures.fetch_add(1, Ordering::Relaxed);
            self.not_fetched(&name, reason)
        };
        let bytes = match remote.get_within(&name, patience) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Err(failed(Fault::Missing.to_string())),
            Err(error) => {
                let error = failed(error.to_string());
                self.state().failed = Some((Instant::now(), error.clone()));
                return Err(error);
            }
        };
        verify(bytes, header, object).map_err(|fault| failed(fault.to_string()))
    }

    /// Puts an object into a file of its own, or keeps it in memory if that can't be.
    fn keep(&self, name: &str, bytes: Bytes) -> Kept {
        let len = bytes.len() as u64;
        let written = self.disk.create(name).and_then(|file| file.write_at(&bytes, 0).map(|()| file));
        let (held, file) = match written {
            Ok(file) => (Held::File(file), Some(name.to_owned())),
            Err(_no_room) => {
                let _left = self.disk.remove(name);
                (Held::Memory(bytes), None)
            }
        };
        Kept { held, file, bytes: len, used: 0 }
    }

    fn not_fetched(&self, name: &str, reason: String) -> NotFetched {
        let place = self.remote.as_ref().map_or_else(|| name.to_owned(), |remote| remote.place(name));
        NotFetched { place, reason }
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        for file in state.kept.values().filter_map(|kept| kept.file.as_deref()) {
            let _left = self.disk.remove(file);
        }
    }
}

impl Flight {
    fn result(&self) -> Option<Result<Held, NotFetched>> {
        self.result.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn land(&self, result: Result<Held, NotFetched>) {
        *self.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    }
}

impl State {
    fn find(&mut self, name: &str) -> Option<Held> {
        self.count += 1;
        let kept = self.kept.get_mut(name)?;
        kept.used = self.count;
        Some(kept.held.clone())
    }

    /// Adds an object and gives the files of those that make room for it.
    fn insert(&mut self, name: String, kept: Kept, bytes_max: u64) -> Vec<String> {
        let mut gone = Vec::new();
        if kept.file.is_none() {
            // One in memory is enough.
            self.kept.retain(|_, other| other.file.is_some());
            self.bytes = self.kept.values().map(|kept| kept.bytes).sum();
        }
        while self.bytes + kept.bytes > bytes_max {
            let oldest = self.kept.iter().min_by_key(|(_, kept)| kept.used).map(|(name, _)| name.clone());
            let Some(removed) = oldest.and_then(|name| self.kept.remove(&name)) else { break };
            self.bytes -= removed.bytes;
            gone.extend(removed.file);
        }
        self.count += 1;
        self.bytes += kept.bytes;
        if let Some(before) = self.kept.insert(name, Kept { used: self.count, ..kept }) {
            self.bytes -= before.bytes;
            gone.extend(before.file);
        }
        gone
    }
}

/// An object that is all that it should be, to the byte.
pub(super) fn verify(bytes: Bytes, header: &SegmentHeader, object: &Object) -> Result<Bytes, Fault> {
    let piece = Piece::open(bytes, &header.ledger_id).map_err(Fault::Piece)?;
    let end = piece.verify(object.after()).map_err(Fault::Piece)?;
    let is_whole = end == object.end
        && piece.header() == header
        && piece.bytes().len() as u64 == SEGMENT_HEADER_BYTES as u64 + object.frame_bytes;
    match is_whole {
        true => Ok(piece.bytes().clone()),
        false => Err(Fault::Piece(PieceFault::OtherHistory { event: object.end.event })),
    }
}

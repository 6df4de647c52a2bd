//! Copies of the log in an object store, and the way back.
//!
//! The service puts its log there in pieces, a few seconds behind what is durable, and whatever reads the copy follows the
//! chain of hashes from the first event on. Nothing of the log is ever overwritten: each object is put only if its name is
//! free, and the name is determined by the object's first event, so that of two writers that go on at the same event one finds
//! the name taken.
//!
//! - [`store`]: the object store behind a URL.
//! - [`names`]: what the objects are called.
//! - [`branch`]: a line of history in the archive, and which one a data directory writes to.
//! - [`piece`]: reading and verifying one object of the log.
//! - [`put`]: the uploader, which runs beside the service.
//! - [`runtime`]: the async runtime that waits for the store.
//! - [`remote`]: the store for threads that may wait, with tries and downloads ahead.
//! - [`catalogue`]: what is in an archive by the names of its objects.
//! - [`follow`]: the log of a branch, from hash to hash. [`fault`] says what can be wrong with an object.
//! - [`restore`]: a data directory from an archive.
//! - [`verify`]: the whole archive, without a local ledger. [`list`]: what is in it. [`prune`]: what no restore needs any more.
//! - [`object_disk`]: objects as files to be read.
//! - [`room`]: old segments leave the local disk, and are read back from the archive.
//! - [`tip`], [`derived`], [`segment_file`]: the end of a branch, snapshots and tables, and a local segment, read by themselves.
//!
//! This crate handles bytes, hashes and event numbers, not money. It reads the ledger's files through `tocos-journal` alone, and
//! must not use the engine, the ledger or the API.

pub mod branch;
pub mod catalogue;
pub mod derived;
pub mod fault;
pub mod follow;
mod hex;
pub mod list;
pub mod names;
pub mod object_disk;
pub mod piece;
pub mod prune;
pub mod put;
pub mod remote;
pub mod restore;
pub mod room;
pub mod runtime;
pub mod segment_file;
pub mod store;
pub mod tip;
pub mod verify;

pub use tocos_journal::{Disk, FileDisk, Position, ReadError, Reader, Sealed, read_note, write_note};

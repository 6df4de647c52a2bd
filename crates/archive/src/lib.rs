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
//! - [`runtime`]: the async runtime that waits for the store.
//!
//! This crate handles bytes, hashes and event numbers, not money. It reads the ledger's files through `tocos-journal` alone, and
//! must not use the engine, the ledger or the API.

pub mod branch;
mod hex;
pub mod names;
pub mod piece;
pub mod runtime;
pub mod store;

//! The async runtime that waits for the store: one thread, the one that runs it.

use std::io;

/// Threads for the calls of a folder's file system, which block.
const BLOCKING_THREADS_MAX: usize = 2;

/// A runtime for the calling thread.
///
/// # Errors
/// If the operating system refuses what it needs.
pub fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .thread_name("tocos-archive-io")
        .build()
}

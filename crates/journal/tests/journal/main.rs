//! The journal as the rooms above use it: whole logs on a simulated disk and on the real one.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what fails here fails the test")]

mod appending;
mod block_files;
mod chance;
mod copies;
mod failing_disk;
mod fixtures;
mod formats;
mod index_files;
mod opening;
mod real_disk;
mod simulation;
mod story;
mod tables;
mod torn_ends;

//! Room on the local disk: old segments that are in the archive leave it, and are read back when they are asked for.
//!
//! - [`dropped`]: what is known here of a segment that has left
//! - [`disk`]: the data directory with those segments in it
//! - `cache`: objects that were read back lately
//! - [`keeper`]: what leaves, and when

mod cache;
pub mod disk;
pub mod dropped;
pub mod keeper;
#[cfg(test)]
mod tests;

pub use cache::CacheFigures;

//! The log on disk: frames, segments, syncing, recovery, and the immutable block files beside it.
//!
//! This crate handles bytes and event numbers. It does not interpret records, reads no clock, makes no random
//! numbers and is not async. It is the only crate that opens the ledger's files.
//!
//! An event is one record of [`RECORD_BYTES`] plus, where it needs them, variable bytes (a *blob*)
//! that the record refers to by offset. A [`Frame`] is a batch of events; the [`Appender`] writes one frame
//! and returns when it is durable; a [`Reader`] finds single events or walks whole frames; [`Journal::open`]
//! recovers what a crash left. The bytes are described in `docs/file-format.md`.
//!
//! ```
//! use std::sync::Arc;
//! use tocos_journal::{Frame, Journal, NewLedger, Options, sim::SimDisk};
//!
//! let disk = Arc::new(SimDisk::new(7));
//! let options = Options::new(NewLedger { ledger_id: [1; 16], seed: [2; 16] });
//! let mut replay = Journal::open(disk, options)?.replay(None)?;
//! while let Some(frame) = replay.next_frame()? {
//!     for record in frame.records() { /* apply it */ }
//! }
//! let (mut appender, reader, tail) = replay.finish()?;
//!
//! let mut frame = Frame::new(tail.after_event + 1, 1_700_000_000_000_000);
//! let at = frame.blob(b"variable bytes");
//! let mut record = [0; 64];
//! record[..4].copy_from_slice(&at.to_le_bytes());
//! frame.push(&record);
//! appender.append(&frame)?;
//! assert_eq!(reader.event(1)?.blob(at)?, b"variable bytes");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod access;
mod append_error;
mod appender;
pub mod blockfile;
mod disk;
mod error;
mod file_disk;
mod frame;
mod frames;
mod index;
mod index_file;
mod layout;
mod log;
mod note;
mod options;
mod position;
mod read_ahead;
mod reader;
mod recovery;
mod replay;
mod scan;
mod sealed;
mod segment;
pub mod sim;
mod snapshots;
mod space;
mod step;
mod table;
mod tail;
mod window;

pub use append_error::AppendError;
pub use appender::{Appender, Begun};
pub use disk::{Disk, DiskFile, DiskLock, LockError, NotFetched};
pub use error::{Broken, OpenError, ReadError};
pub use file_disk::FileDisk;
pub use frame::{Frame, Mark};
pub use frames::{Frames, RawFrame};
pub use layout::{
    FORMAT_VERSION, FRAME_HEADER_BYTES, FrameFault, FrameHeader, FrameView, Hash, Link, MAX_BLOB_BYTES, MAX_RECORDS,
    RECORD_BYTES,
};
pub use log::IndexFileError;
pub use note::{NOTE_BYTES_MAX, read_note, write_note};
pub use options::{NewLedger, Options};
pub use position::Position;
pub use read_ahead::FramesAhead;
pub use reader::{Reader, SegmentSpan, SegmentState, Stored};
pub use recovery::{Inspection, Journal, Opened, RESTORE_MARKER};
pub use replay::Replay;
pub use sealed::{Sealed, Sealer};
pub use segment::{SEGMENT_HEADER_BYTES, SegmentFault, SegmentHeader, segment_start};
pub use snapshots::{Snapshots, snapshot_name};
pub use space::{Space, space};
pub use table::{
    FilterBits, FilterBlock, Slots, Table, TableSpec, TableWriter, add_to_sum, event_in, hash_in, slot, table_name,
    table_range,
};
pub use tail::TailReport;

//! The ledgers of an engine: which there are, and how their tables are laid out.

use std::fmt::Write as _;

use super::rows::{array, number, value};
use super::session::Session;
use super::target::Target;
use crate::fault::Fault;
use crate::frame::Identity;

/// Of the tables. Nothing is done with those of another one.
pub(super) const VERSION: u64 = 1;

/// A ledger as the engine knows it.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    pub(super) identity: Identity,
    /// Frames in each partition; 0 where the frames are in one plain table.
    pub(super) partition_frames: u64,
    /// False while a log that was there before is being loaded.
    pub(super) is_loaded: bool,
}

/// The version of the tables.
pub(super) async fn version(session: &Session) -> Result<u64, Fault> {
    let rows = session.rows("select version from tocos.version", &[]).await?;
    let row = rows.first().ok_or_else(|| super::verdict::damaged("tocos.version is empty"))?;
    number(row, 0)
}

/// Refuses tables that another version made.
pub(super) fn check_version(version: u64) -> Result<(), Fault> {
    if version == VERSION {
        return Ok(());
    }
    Err(Fault::Misused(format!("schema tocos has version {version}, and this program knows version {VERSION}")))
}

/// The ledger that the URL names, if it is there.
pub(super) async fn find(session: &Session, target: &Target) -> Result<Option<Ledger>, Fault> {
    let sql = "select ledger_id, seed, partition_frames, is_loaded from tocos.ledgers where ledger = $1";
    let rows = session.rows(sql, &[&target.ledger]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let identity = Identity { ledger: target.ledger.clone(), ledger_id: array(row, 0)?, seed: array(row, 1)? };
    Ok(Some(Ledger { identity, partition_frames: number(row, 2)?, is_loaded: value(row, 3)? }))
}

impl Ledger {
    /// The name of a partition, without its schema.
    pub(super) fn partition(&self, index: u64) -> String {
        format!("frames_{}_{index}", hex(&self.identity.ledger_id))
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

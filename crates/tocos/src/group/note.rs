//! The note in a data directory that says to which group its ledger belongs. Served alone by mistake, such a ledger would go its own way.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use tocos_archive::{Disk, read_note, write_note};
use tocos_sharedlog::Identity;

/// Its name.
const NAME: &str = "group";

/// Refuses a directory that belongs to another group.
pub(super) fn check(disk: &Arc<dyn Disk>, identity: &Identity) -> anyhow::Result<()> {
    match read(disk)? {
        Some(text) if text != text_of(identity) => Err(anyhow!(
            "{} says that this directory belongs to another group ({}), not to {}. Use another data directory, or another shared log",
            disk.place(NAME),
            text.trim(),
            text_of(identity).trim()
        )),
        _ => Ok(()),
    }
}

pub(super) fn write(disk: &Arc<dyn Disk>, identity: &Identity) -> anyhow::Result<()> {
    if read(disk)?.is_some() {
        return Ok(());
    }
    write_note(&**disk, NAME, text_of(identity).as_bytes())
        .with_context(|| format!("{} can't be written", disk.place(NAME)))
}

/// Refuses to serve a directory alone that belongs to a group.
pub(crate) fn refuse_members(data_dir: &Path) -> anyhow::Result<()> {
    if !data_dir.is_dir() {
        return Ok(());
    }
    // A directory that can't be used is named when the ledger is opened.
    let Ok(disk) = super::open_disk(data_dir) else { return Ok(()) };
    match read(&disk)? {
        Some(text) => Err(anyhow!(
            "{} says that this directory belongs to a group ({}). Start with --shared-log; or, if the group is over and this node goes on alone, \
             with --leave-group",
            disk.place(NAME),
            text.trim()
        )),
        None => Ok(()),
    }
}

/// Lets a directory be served alone from now on.
pub(crate) fn leave(data_dir: &Path) -> anyhow::Result<()> {
    let disk = super::open_disk(data_dir)?;
    if read(&disk)?.is_some() {
        disk.remove(NAME).with_context(|| format!("{} can't be removed", disk.place(NAME)))?;
        tracing::warn!(
            "this ledger has left its group; whatever the group's other nodes do from now on is another ledger"
        );
    }
    Ok(())
}

fn read(disk: &Arc<dyn Disk>) -> anyhow::Result<Option<String>> {
    let bytes = read_note(&**disk, NAME).with_context(|| format!("{} can't be read", disk.place(NAME)))?;
    bytes.map(|bytes| String::from_utf8(bytes).with_context(|| format!("{} is no text", disk.place(NAME)))).transpose()
}

fn text_of(identity: &Identity) -> String {
    let id: String = identity.ledger_id.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("ledger {} {id}\n", identity.ledger)
}

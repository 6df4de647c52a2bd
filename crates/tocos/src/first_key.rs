//! The first API key of a ledger that no client can reach to make one, as in a container.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, anyhow};
use tocos_engine::Engine;

/// Its name in `tocos key list`.
const NAME: &str = "first";

/// Gives a ledger without keys the one in the file, or makes one and writes it there first, so that a crash
/// in between does not lock the operator out. A ledger with keys keeps them, whatever the file says.
///
/// # Errors
/// The file can't be read or written, what it holds is no key, or the ledger can't be written.
pub(crate) fn ensure(engine: &Engine, file: &Path) -> anyhow::Result<()> {
    let in_words = |reason: String| anyhow!("bootstrap_key_file: {}: {reason}", file.display());
    if tocos_api::has_keys(engine).map_err(in_words)? {
        return Ok(());
    }
    let given = match fs::read_to_string(file) {
        Ok(text) => text.trim().to_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            return Err(error).with_context(|| format!("bootstrap_key_file: {} can't be read", file.display()));
        }
    };
    let key = if given.is_empty() {
        let key = tocos_api::new_first_key().map_err(in_words)?;
        keep(file, &key).with_context(|| format!("bootstrap_key_file: {} can't be written", file.display()))?;
        tracing::info!("the first API key is in {}; keep it, and make others with it", file.display());
        key
    } else {
        tracing::info!("the key in {} is the first API key", file.display());
        given
    };
    tocos_api::adopt_first_key(engine, NAME, &key).map_err(in_words)
}

/// Readable by its owner alone, and on the disk when this returns.
fn keep(file: &Path, key: &str) -> io::Result<()> {
    let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
    writeln!(out, "{key}")?;
    out.sync_all()?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Makes another key with all rights of a ledger whose service is not running, and gives what a client sends.
///
/// # Errors
/// The ledger has no key yet, or can't be written.
pub(crate) fn recover(engine: &Engine) -> anyhow::Result<String> {
    tocos_api::recover_key(engine, "recovered").map_err(|reason| anyhow!(reason))
}

/// Makes the first key of a ledger whose service is not running, and gives what a client sends.
///
/// # Errors
/// The ledger has a key already, or can't be written.
pub(crate) fn make(engine: &Engine) -> anyhow::Result<String> {
    tocos_api::create_first_key(engine, NAME).map_err(|reason| anyhow!(reason))
}

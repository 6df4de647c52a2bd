//! Restoring a ledger from an archive, for `tocos restore` and for a service that starts with an empty directory.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use indicatif::{ProgressBar, ProgressStyle};
use tocos_archive::branch::{BranchId, LocalRecord};
use tocos_archive::catalogue::Catalogue;
use tocos_archive::remote::Remote;
use tocos_archive::restore::{
    Asked, LeftOut, Progress, Records, Request, Restored, Stage, Until, is_open_for_restore, restore,
};
use tocos_archive::store::Store;
use tocos_archive::{Disk, FileDisk};

use crate::terminal::note;
use crate::time::of_micros;

/// How often a line says how far it is where there is no terminal.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// Connects to an archive.
///
/// # Errors
/// The URL makes no sense, or the system gives no thread.
pub(crate) fn open_archive(url: &str) -> anyhow::Result<Remote> {
    let store = Store::open(url)?;
    Remote::new(store).context("the archive can't be read")
}

/// What to restore, in the words of the command.
pub(crate) struct Wanted<'a> {
    pub url: &'a str,
    pub data_dir: &'a Path,
    pub until: Option<(&'a str, Until)>,
    pub branch: Option<BranchId>,
}

impl Wanted<'_> {
    fn request(&self) -> Request {
        let until = self.until.map(|(text, _)| text.to_owned());
        let branch = self.branch.map(|branch| branch.to_string());
        let option = |name: &str, value: &Option<String>| {
            value.as_ref().map_or_else(String::new, |value| format!(" --{name} {value}"))
        };
        let command = format!(
            "tocos restore --from {} --data-dir {}{}{}",
            self.url,
            self.data_dir.display(),
            option("until", &until),
            option("branch", &branch)
        );
        Request {
            until: self.until.map(|(_, until)| until),
            branch: self.branch,
            records: Records {
                blob_offset: tocos_ledger::blob_offset,
                is_joined_to_next: tocos_ledger::is_joined_to_next,
            },
            asked: Asked { from: self.url.to_owned(), branch, until },
            command,
        }
    }

    /// Restores, and shows how far it is.
    pub(crate) fn restore(&self, mut told: impl FnMut(Progress)) -> anyhow::Result<Restored> {
        let remote = open_archive(self.url)?;
        let disk = FileDisk::open(self.data_dir)
            .with_context(|| format!("the data directory {} can't be used", self.data_dir.display()))?;
        let disk: Arc<dyn Disk> = Arc::new(disk);
        restore(&remote, &disk, &self.request(), &mut told).map_err(|error| anyhow!("{error}"))
    }
}

/// Whether a directory has nothing in it, or a restore that has begun.
///
/// # Errors
/// It can't be read.
pub(crate) fn is_empty(data_dir: &Path) -> anyhow::Result<bool> {
    let disk =
        FileDisk::open(data_dir).with_context(|| format!("the data directory {} can't be used", data_dir.display()))?;
    is_open_for_restore(&disk).with_context(|| format!("{} can't be read", data_dir.display()))
}

/// Restores the latest state into a directory that has nothing in it; `None` if there is something.
///
/// # Errors
/// It can't be restored.
pub(crate) fn restore_if_empty(url: &str, data_dir: &Path) -> anyhow::Result<Option<Restored>> {
    if !is_empty(data_dir)? {
        return Ok(None);
    }
    tracing::info!("the data directory is empty; restoring the latest state from {url}");
    let wanted = Wanted { url, data_dir, until: None, branch: None };
    let mut said = Instant::now();
    let restored = wanted.restore(|progress| {
        if said.elapsed() >= SAY_EVERY {
            said = Instant::now();
            tracing::info!(event = progress.event, "restoring");
        }
    })?;
    for text in summary(&restored) {
        tracing::info!("{text}");
    }
    Ok(Some(restored))
}

/// The id of the ledger that an archive has, if it has one.
///
/// # Errors
/// The archive can't be read.
pub(crate) fn ledger_in(url: &str) -> anyhow::Result<Option<[u8; 16]>> {
    let catalogue = Catalogue::read(&open_archive(url)?).with_context(|| format!("the archive {url} can't be read"))?;
    Ok(catalogue.newest().map(|branch| branch.ledger_id))
}

/// Lets a directory that was restored go on in the branch that it was restored from: a node of a group has the group's history, not one of its own.
///
/// # Errors
/// The archive can't be read, or the directory can't be written.
pub(crate) fn stay_in_branch(url: &str, data_dir: &Path, restored: &Restored) -> anyhow::Result<()> {
    let catalogue = Catalogue::read(&open_archive(url)?).with_context(|| format!("the archive {url} can't be read"))?;
    let branch = catalogue.branches.get(&restored.source);
    let branch = branch.ok_or_else(|| anyhow!("branch {} is no longer in the archive {url}", restored.source))?;
    let disk =
        FileDisk::open(data_dir).with_context(|| format!("the data directory {} can't be used", data_dir.display()))?;
    LocalRecord::of(branch).write(&disk).with_context(|| format!("{} can't be written", LocalRecord::place(&disk)))
}

/// Shows how far something is that reads an archive: a bar on a terminal, else a line now and then.
pub(crate) struct Shown {
    bar: ProgressBar,
    said: Instant,
    what: &'static str,
}

impl Shown {
    pub(crate) fn new(what: &'static str) -> Self {
        let bar = ProgressBar::no_length();
        let bar = match ProgressStyle::with_template("{spinner}  {bytes}  {bytes_per_sec}  {msg}  {elapsed}") {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        };
        Self { bar, said: Instant::now(), what }
    }

    /// So many bytes more, up to an event.
    pub(crate) fn advance(&mut self, bytes: u64, message: impl FnOnce() -> String) {
        self.bar.inc(bytes);
        if self.bar.is_hidden() {
            if self.said.elapsed() >= SAY_EVERY {
                self.said = Instant::now();
                note(&format!("{}: {} MB, {}", self.what, self.bar.position() / 1_000_000, message()));
            }
        } else if self.said.elapsed() >= Duration::from_millis(100) {
            self.said = Instant::now();
            self.bar.set_message(message());
        }
    }

    pub(crate) fn restoring(&mut self, progress: Progress) {
        self.advance(progress.bytes, || match progress.stage {
            Stage::Found => format!("verified what is there, up to event {}", progress.event),
            Stage::Log => format!("event {}", progress.event),
            Stage::Derived => "snapshot and tables".to_owned(),
        });
    }

    pub(crate) fn end(self) {
        self.bar.finish_and_clear();
    }
}

/// What was restored, in sentences.
pub(crate) fn summary(restored: &Restored) -> Vec<String> {
    let Restored { source, branch, last_event, last_at_us, log_bytes, segments, .. } = restored;
    let mut lines = vec![format!(
        "restored through event {last_event} of {}: {log_bytes} bytes of log in {segments} files, from branch {source}",
        of_micros(*last_at_us)
    )];
    lines.push(match (restored.snapshot, restored.tables) {
        (None, 0) => "without a snapshot: the first start reads the whole log".to_owned(),
        (None, tables) => format!("with {tables} tables and without a snapshot: the first start reads the whole log"),
        (Some(event), tables) => format!("with the snapshot of event {event} and {tables} tables"),
    });
    if restored.resumed_at > 0 {
        lines.push(format!("events up to {} had been restored before", restored.resumed_at));
    }
    lines.push(match restored.left_out {
        None => "nothing came after it".to_owned(),
        Some(LeftOut { first, last }) => {
            format!("left out: events {} to {}, {} to {}", first.0, last.0, of_micros(first.1), of_micros(last.1))
        }
    });
    for fault in &restored.notes {
        lines.push(format!("not used: {fault}"));
    }
    lines.push(format!("the ledger will write to the new branch {branch}"));
    lines
}

//! `tocos restore`: a data directory from an archive, up to an event or a time.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use tocos_archive::branch::BranchId;
use tocos_archive::restore::{Restored, Until};

use crate::restoring::{Shown, Wanted, summary};
use crate::terminal::print;
use crate::time::{micros, of_micros};

/// Make a data directory from an archive, up to its end or to a moment before
///
/// Downloads the log, verifies it from the first event on, and takes the newest snapshot that goes with it. The
/// directory must be empty or not there yet. A restore that was interrupted goes on when the same command is run
/// again; until it is done nothing opens the directory. The restored ledger writes to a new branch of the archive.
#[derive(Args, Debug)]
pub(crate) struct RestoreArgs {
    /// The URL of the archive: s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX or file:///FOLDER
    #[arg(long, value_name = "URL")]
    from: String,
    /// The data directory to make
    #[arg(long, env = "TOCOS_DATA_DIR", value_name = "DIR", default_value = "./tocos-data")]
    data_dir: PathBuf,
    /// The last event, or the time (RFC 3339) of the last events to restore [default: all]
    #[arg(long, value_name = "EVENT|TIME", value_parser = until)]
    until: Option<(String, Until)>,
    /// The branch of the archive [default: the newest; `tocos archive list` shows them]
    #[arg(long, value_name = "ID")]
    branch: Option<BranchId>,
    /// Print a JSON object instead of sentences
    #[arg(long)]
    json: bool,
}

/// An event's number or a time.
fn until(text: &str) -> Result<(String, Until), String> {
    let event = text.parse().ok().filter(|event| *event > 0).map(Until::Event);
    let until = event.or_else(|| micros(text).map(Until::Time));
    until.map(|until| (text.to_owned(), until)).ok_or_else(|| {
        "give the number of an event, or a time written as 2026-12-31T23:59:59Z or with an offset like +02:00"
            .to_owned()
    })
}

impl RestoreArgs {
    /// Restores and says what is there.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let until = self.until.as_ref().map(|(text, until)| (text.as_str(), *until));
        let wanted = Wanted { url: &self.from, data_dir: &self.data_dir, until, branch: self.branch };
        let mut shown = Shown::new("restoring");
        let restored = wanted.restore(|progress| shown.restoring(progress));
        shown.end();
        let restored = restored?;
        if self.json {
            return Ok(print(&format!("{}\n", as_json(&restored)))?);
        }
        let lines = summary(&restored).join("\n");
        Ok(print(&format!("{lines}\n{} is ready: start the service on it\n", self.data_dir.display()))?)
    }
}

fn as_json(restored: &Restored) -> serde_json::Value {
    let left_out = restored.left_out.map(|left_out| {
        json!({
            "first_event": left_out.first.0,
            "first_at": of_micros(left_out.first.1),
            "last_event": left_out.last.0,
            "last_at": of_micros(left_out.last.1),
        })
    });
    json!({
        "from_branch": restored.source.to_string(),
        "branch": restored.branch.to_string(),
        "last_event": restored.last_event,
        "last_at": of_micros(restored.last_at_us),
        "log_bytes": restored.log_bytes,
        "log_files": restored.segments,
        "snapshot_event": restored.snapshot,
        "tables": restored.tables,
        "resumed_after_event": restored.resumed_at,
        "left_out": left_out,
        "not_used": restored.notes.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_an_event_or_a_time() {
        assert_eq!(until("12").unwrap().1, Until::Event(12));
        assert_eq!(until("1970-01-01T00:00:01+00:00").unwrap().1, Until::Time(1_000_000));
        for text in ["", "0", "-1", "2026", "2026-12-31", "yesterday"] {
            assert_eq!(until(text).is_ok(), text == "2026", "{text}");
        }
    }
}

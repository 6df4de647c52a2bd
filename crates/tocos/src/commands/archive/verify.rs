//! `tocos archive verify`.

use clap::Args;
use serde_json::json;
use tocos_archive::verify::{Verified, verify};

use super::Which;
use crate::exit::AlreadyTold;
use crate::restoring::{Shown, open_archive};
use crate::terminal::{note, print};
use crate::time::of_micros;

#[derive(Args, Debug)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    which: Which,
}

impl VerifyArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let remote = open_archive(&self.which.archive)?;
        let mut shown = Shown::new("verifying");
        let verified = verify(&remote, &mut |bytes| shown.advance(bytes, || "of log".to_owned()));
        shown.end();
        let verified = verified?;
        if self.which.json {
            print(&as_json(&verified))?;
        } else {
            for line in verified.notes.iter() {
                note(line);
            }
            print(&text(&verified, remote.url()))?;
        }
        if verified.faults.is_empty() { Ok(()) } else { Err(AlreadyTold.into()) }
    }
}

fn text(verified: &Verified, url: &str) -> String {
    let mut text = String::new();
    for one in &verified.branches {
        let log = if one.last_event < one.first_event {
            "no events of its own".to_owned()
        } else {
            format!("events {} to {} of {}", one.first_event, one.last_event, of_micros(one.last_at_us))
        };
        text.push_str(&format!("branch {}: {log}, {} objects, {} bytes\n", one.id, one.objects.0, one.objects.1));
    }
    for fault in &verified.faults {
        text.push_str(&format!("fault: {fault}\n"));
    }
    text.push_str(&match verified.faults.len() {
        0 if verified.branches.is_empty() => format!("there is no ledger in {url}\n"),
        0 => format!("{url} is sound\n"),
        count => format!("{url} did not pass: {count} faults\n"),
    });
    text
}

fn as_json(verified: &Verified) -> String {
    let branches = verified.branches.iter().map(|one| {
        json!({
            "branch": one.id.to_string(),
            "first_event": one.first_event,
            "last_event": one.last_event,
            "objects": one.objects.0,
            "bytes": one.objects.1,
        })
    });
    let branches: Vec<_> = branches.collect();
    format!("{}\n", json!({ "branches": branches, "faults": verified.faults, "notes": verified.notes }))
}

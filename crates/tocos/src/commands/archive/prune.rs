//! `tocos archive prune`.

use std::collections::BTreeMap;

use clap::Args;
use jiff::Span;
use serde_json::json;
use tocos_archive::prune::{Removal, Why, plan, remove};

use super::Which;
use crate::restoring::{Shown, open_archive};
use crate::terminal::print;
use crate::time::{micros_before_now, of_micros, span};

#[derive(Args, Debug)]
pub(super) struct PruneArgs {
    #[command(flatten)]
    which: Which,
    /// How far back every moment must stay restorable, such as 90d
    #[arg(long, value_name = "TIME", value_parser = span)]
    archive_keep: Span,
    /// Remove them, instead of only showing them
    #[arg(long)]
    yes: bool,
}

impl PruneArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let since_us = micros_before_now(self.archive_keep)?;
        let remote = open_archive(&self.which.archive)?;
        let mut shown = Shown::new("verifying");
        let removals = plan(&remote, since_us, &mut |bytes| shown.advance(bytes, || "of log".to_owned()));
        shown.end();
        let removals = removals?;
        if self.yes {
            let mut shown = Shown::new("removing");
            let removed = remove(&remote, &removals, &mut |removal| {
                shown.advance(removal.bytes, || removal.object.clone());
            });
            shown.end();
            removed?;
        }
        if self.which.json {
            return Ok(print(&as_json(&removals, since_us, self.yes))?);
        }
        Ok(print(&text(&removals, since_us, self.yes))?)
    }
}

fn by_kind(removals: &[Removal]) -> BTreeMap<Why, (u64, u64)> {
    let mut kinds = BTreeMap::new();
    for removal in removals {
        let (count, bytes) = kinds.entry(removal.why).or_insert((0, 0));
        *count += 1;
        *bytes += removal.bytes;
    }
    kinds
}

fn text(removals: &[Removal], since_us: i64, is_done: bool) -> String {
    let since = of_micros(since_us);
    if removals.is_empty() {
        return format!("every object is needed, or was put after {since}\n");
    }
    let mut text = String::new();
    if !is_done {
        for Removal { object, bytes, .. } in removals {
            text.push_str(&format!("{object}  {bytes} bytes\n"));
        }
    }
    for (why, (count, bytes)) in by_kind(removals) {
        text.push_str(&format!("{count} {why}, {bytes} bytes\n"));
    }
    text.push_str(&if is_done {
        format!("removed; every moment since {since} can be restored\n")
    } else {
        format!("nothing was removed; --yes removes these, and every moment since {since} can still be restored\n")
    });
    text
}

fn as_json(removals: &[Removal], since_us: i64, is_done: bool) -> String {
    let objects: Vec<_> = removals
        .iter()
        .map(|removal| json!({ "object": removal.object, "bytes": removal.bytes, "why": removal.why.to_string() }))
        .collect();
    format!("{}\n", json!({ "removed": is_done, "restorable_since": of_micros(since_us), "objects": objects }))
}

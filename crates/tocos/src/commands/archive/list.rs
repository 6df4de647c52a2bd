//! `tocos archive list`.

use clap::Args;
use serde_json::{Value, json};
use tocos_archive::list::{Listing, Summary, list};

use super::Which;
use crate::restoring::open_archive;
use crate::table::{Side, Table};
use crate::terminal::{note, print};
use crate::time::of_micros;

#[derive(Args, Debug)]
pub(super) struct ListArgs {
    #[command(flatten)]
    which: Which,
}

impl ListArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let listing = list(&open_archive(&self.which.archive)?)?;
        for (object, reason) in &listing.unreadable {
            note(&format!("{object} can't be read: {reason}"));
        }
        if self.which.json {
            let branches: Vec<Value> = listing.branches.iter().map(as_json).collect();
            return Ok(print(&format!("{}\n", json!({ "branches": branches })))?);
        }
        Ok(print(&text(&listing))?)
    }
}

fn text(listing: &Listing) -> String {
    if listing.branches.is_empty() {
        return "there is no ledger in the archive\n".to_owned();
    }
    let left = ["branch", "began", "parent"].map(|name| (name, Side::Left));
    let right = ["from", "to", "objects", "bytes", "snapshots"].map(|name| (name, Side::Right));
    let mut table = Table::new(left.into_iter().chain(right).chain([("last event", Side::Left)]));
    for one in &listing.branches {
        let parent = one.parent().map_or_else(String::new, |(branch, event)| format!("{branch} at {event}"));
        table.row(vec![
            one.branch.id.to_string(),
            of_micros(one.branch.began_at_us),
            parent,
            (one.branch.root().event + 1).to_string(),
            one.tip.map_or_else(String::new, |tip| tip.position.event.to_string()),
            one.objects.to_string(),
            one.bytes.to_string(),
            one.snapshots.len().to_string(),
            one.tip.map_or_else(String::new, |tip| of_micros(tip.at_us)),
        ]);
    }
    table.text()
}

/// A branch as JSON.
pub(super) fn as_json(one: &Summary) -> Value {
    json!({
        "branch": one.branch.id.to_string(),
        "began_at": of_micros(one.branch.began_at_us),
        "parent": one.parent().map(|(branch, event)| json!({ "branch": branch.to_string(), "event": event })),
        "first_event": one.branch.root().event + 1,
        "last_event": one.tip.map(|tip| tip.position.event),
        "last_at": one.tip.map(|tip| of_micros(tip.at_us)),
        "objects": one.objects,
        "bytes": one.bytes,
        "snapshots": one.snapshots,
    })
}

//! `tocos archive status`.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::Args;
use jiff::Timestamp;
use serde_json::json;
use tocos_archive::FileDisk;
use tocos_archive::list::{Local, Summary, compare, newest};

use super::Which;
use super::list::as_json;
use crate::restoring::open_archive;
use crate::terminal::print;
use crate::time::of_micros;

#[derive(Args, Debug)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    which: Which,
    /// Compare the ledger in this data directory with it; the service may be running
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

impl StatusArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let remote = open_archive(&self.which.archive)?;
        let none = || anyhow!("there is no ledger in {}", remote.url());
        let newest = newest(&remote)?.ok_or_else(none)?;
        let local = self.local(&newest)?;
        let age_s = newest.tip.map(|tip| (Timestamp::now().as_microsecond() - tip.at_us).max(0) / 1_000_000);
        if self.which.json {
            let mut status = as_json(&newest);
            status["age_s"] = json!(age_s);
            status["local"] = json!(local.map(|local| said(local, &newest)));
            return Ok(print(&format!("{status}\n"))?);
        }
        let mut text =
            format!("branch      {}\nbegan       {}\n", newest.branch.id, of_micros(newest.branch.began_at_us));
        if let Some((branch, event)) = newest.parent() {
            text.push_str(&format!("parent      {branch}, up to event {event}\n"));
        }
        match newest.tip {
            Some(tip) => text.push_str(&format!(
                "last event  {} of {}, {} s ago; put {}\n",
                tip.position.event,
                of_micros(tip.at_us),
                age_s.unwrap_or(0),
                of_micros(tip.put_at_us)
            )),
            None => text.push_str("last event  none that can be read\n"),
        }
        text.push_str(&format!("objects     {}, {} bytes\n", newest.objects, newest.bytes));
        let snapshot =
            newest.snapshots.last().map_or_else(String::new, |event| format!(", the newest of event {event}"));
        text.push_str(&format!("snapshots   {}{snapshot}\n", newest.snapshots.len()));
        if let Some(local) = local {
            text.push_str(&format!("local       {}\n", said(local, &newest)));
        }
        Ok(print(&text)?)
    }

    fn local(&self, newest: &Summary) -> anyhow::Result<Option<Local>> {
        let (Some(data_dir), Some(tip)) = (&self.data_dir, newest.tip) else { return Ok(None) };
        let compared = FileDisk::existing(data_dir).and_then(|disk| compare(&disk, &newest.branch.ledger_id, &tip));
        compared.map(Some).with_context(|| format!("{} can't be read", data_dir.display()))
    }
}

fn said(local: Local, newest: &Summary) -> String {
    let archived = newest.tip.map_or(0, |tip| tip.position.event);
    match local {
        Local::Empty => "there is no ledger in the data directory".to_owned(),
        Local::OtherLedger => "the data directory has another ledger".to_owned(),
        Local::Ahead { last_event } if last_event == archived => "the same, event for event".to_owned(),
        Local::Ahead { last_event } => {
            format!("the same, and {} events more, up to {last_event}", last_event.saturating_sub(archived))
        }
        Local::Behind { last_event } => format!("ends with event {last_event}, before the archive does"),
        Local::Differs { last_event } => format!("has other events than the archive; its last one is {last_event}"),
    }
}

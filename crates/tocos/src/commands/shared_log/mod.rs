//! `tocos shared-log`: the log that the nodes of a group share, in PostgreSQL.

mod init;
mod lost;
mod rejoin;
mod status;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use tocos_sharedlog::{Fault, Head, SharedLog};
use tokio::runtime::{Builder, Runtime};

/// Look after the log that the nodes of a group share
#[derive(Args, Debug)]
pub(crate) struct SharedLogArgs {
    #[command(subcommand)]
    command: SharedLogCommand,
}

#[derive(Debug, Subcommand)]
enum SharedLogCommand {
    /// Make a shared log for a new ledger, or for one that exists
    Init(init::InitArgs),
    /// Show how far the shared log goes, who leads, and what PostgreSQL promises
    Status(status::StatusArgs),
    /// List the events of a data directory that the shared log does not have
    Lost(lost::LostArgs),
    /// Set the files of a node that diverged aside, so that it starts empty and follows again
    Rejoin(rejoin::RejoinArgs),
}

/// Which shared log.
#[derive(Args, Debug)]
struct Which {
    /// The URL of the shared log: postgres://USER:PASSWORD@HOST/DATABASE?ledger=NAME
    #[arg(env = "TOCOS_SHARED_LOG", value_name = "URL", hide_env_values = true)]
    url: String,
}

impl SharedLogArgs {
    /// Does what the command says.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self.command {
            SharedLogCommand::Init(args) => args.run(),
            SharedLogCommand::Status(args) => args.run(),
            SharedLogCommand::Lost(args) => args.run(),
            SharedLogCommand::Rejoin(args) => args.run(),
        }
    }
}

fn runtime() -> anyhow::Result<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

fn in_words(fault: &Fault) -> anyhow::Error {
    anyhow!("{fault}")
}

/// The last frame of a shared log that ends with this event or before it.
async fn frame_up_to(log: &dyn SharedLog, event: u64) -> Result<Option<Head>, Fault> {
    let (first, tip) = (log.first().await?, log.tip().await?);
    if first.last_event > event {
        return Ok(None);
    }
    let (mut low, mut high) = (first, tip);
    if high.last_event <= event {
        return Ok(Some(high));
    }
    // Events grow with the numbers of frames: low ends with the event or before it, high behind it.
    while high.n - low.n > 1 {
        let Some(middle) = log.head(low.n + (high.n - low.n) / 2).await? else { return Ok(None) };
        if middle.last_event <= event {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(Some(low))
}

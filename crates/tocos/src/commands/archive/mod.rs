//! `tocos archive`: what is in an archive, whether it is sound, and removing what no restore needs.

mod list;
mod prune;
mod status;
mod verify;

use clap::{Args, Subcommand};

/// Look after copies of a ledger in an object store
#[derive(Args, Debug)]
pub(crate) struct ArchiveArgs {
    #[command(subcommand)]
    command: ArchiveCommand,
}

#[derive(Debug, Subcommand)]
enum ArchiveCommand {
    /// Show how far the newest branch goes, and how a local ledger compares with it
    Status(status::StatusArgs),
    /// List the branches with their parents, events and snapshots
    List(list::ListArgs),
    /// Check every object from end to end: exit code 0 if all are sound, else 1
    Verify(verify::VerifyArgs),
    /// Remove objects that no restore within a time needs; shows them only, unless --yes is given
    Prune(prune::PruneArgs),
}

/// Which archive.
#[derive(Args, Debug)]
struct Which {
    /// The URL of the archive: s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX or file:///FOLDER
    #[arg(long, env = "TOCOS_ARCHIVE", value_name = "URL")]
    archive: String,
    /// Print a JSON object instead of sentences
    #[arg(long)]
    json: bool,
}

impl ArchiveArgs {
    /// Does what the command says.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self.command {
            ArchiveCommand::Status(args) => args.run(),
            ArchiveCommand::List(args) => args.run(),
            ArchiveCommand::Verify(args) => args.run(),
            ArchiveCommand::Prune(args) => args.run(),
        }
    }
}

//! The command line: which commands there are.

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::commands::{
    archive, batch, clock, cluster, coin, completions, copy, demo, event, export, grant, health, history, hold, import,
    key, limits, lot, report, restore, reverse, schedule, serve, shared_log, spend, spend_limit, thresholds, transfer,
    user, users, verify, webhook,
};
use crate::settings::ServeArgs;

/// Version and the commit it was built from.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("TOCOS_BUILD_COMMIT"), ")");

/// Tocos keeps coins for users: a ledger of credits in one binary, with an HTTP API
#[derive(Debug, Parser)]
#[command(name = "tocos", version = VERSION, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(Box<ServeArgs>),
    Demo(demo::DemoArgs),
    Users(users::UsersArgs),
    User(user::UserArgs),
    Coins(coin::CoinsArgs),
    Coin(coin::CoinArgs),
    Grant(grant::GrantArgs),
    Lot(lot::LotArgs),
    Spend(spend::SpendArgs),
    Transfer(transfer::TransferArgs),
    Hold(hold::HoldArgs),
    Reverse(reverse::ReverseArgs),
    Limits(limits::LimitsArgs),
    SpendLimit(spend_limit::SpendLimitArgs),
    Thresholds(thresholds::ThresholdsArgs),
    Schedule(schedule::ScheduleArgs),
    Webhook(webhook::WebhookArgs),
    History(history::HistoryArgs),
    Report(report::ReportArgs),
    Event(event::EventArgs),
    Events(event::EventsArgs),
    Batch(batch::BatchArgs),
    Import(import::ImportArgs),
    Export(export::ExportArgs),
    Copy(copy::CopyArgs),
    Key(key::KeyArgs),
    Clock(clock::ClockArgs),
    Verify(verify::VerifyArgs),
    Restore(restore::RestoreArgs),
    Archive(archive::ArchiveArgs),
    Cluster(cluster::ClusterArgs),
    SharedLog(shared_log::SharedLogArgs),
    Health(health::HealthArgs),
    Completions(completions::CompletionsArgs),
}

/// Runs the command of the command line.
pub(crate) fn run() -> anyhow::Result<()> {
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches)?;
    cli.command.run(&matches)
}

impl Command {
    fn run(self, matches: &ArgMatches) -> anyhow::Result<()> {
        match self {
            // Where each setting came from is in the matches alone.
            Self::Serve(_) => serve::serve(matches.subcommand_matches("serve").unwrap_or(matches)),
            Self::Demo(args) => args.run(),
            Self::Users(args) => args.run(),
            Self::User(args) => args.run(),
            Self::Coins(args) => args.run(),
            Self::Coin(args) => args.run(),
            Self::Grant(args) => args.run(),
            Self::Lot(args) => args.run(),
            Self::Spend(args) => args.run(),
            Self::Transfer(args) => args.run(),
            Self::Hold(args) => args.run(),
            Self::Reverse(args) => args.run(),
            Self::Limits(args) => args.run(),
            Self::SpendLimit(args) => args.run(),
            Self::Thresholds(args) => args.run(),
            Self::Schedule(args) => args.run(),
            Self::Webhook(args) => args.run(),
            Self::History(args) => args.run(),
            Self::Report(args) => args.run(),
            Self::Event(args) => args.run(),
            Self::Events(args) => args.run(),
            Self::Batch(args) => args.run(),
            Self::Import(args) => args.run(),
            Self::Export(args) => args.run(),
            Self::Copy(args) => args.run(),
            Self::Key(args) => args.run(),
            Self::Clock(args) => args.run(),
            Self::Verify(args) => args.run(),
            Self::Restore(args) => args.run(),
            Self::Archive(args) => args.run(),
            Self::Cluster(args) => args.run(),
            Self::SharedLog(args) => args.run(),
            Self::Health(args) => args.run(),
            Self::Completions(args) => args.run(Cli::command()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_has_no_contradictions() {
        Cli::command().debug_assert();
    }
}

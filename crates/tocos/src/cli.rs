//! The command line: which commands there are.

use clap::{CommandFactory, Parser, Subcommand};

use crate::commands::{
    batch, clock, coin, completions, event, export, grant, health, history, hold, import, key, limits, reverse, spend,
    transfer, user, users, verify,
};

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
    Users(users::UsersArgs),
    User(user::UserArgs),
    Coins(coin::CoinsArgs),
    Coin(coin::CoinArgs),
    Grant(grant::GrantArgs),
    Spend(spend::SpendArgs),
    Transfer(transfer::TransferArgs),
    Hold(hold::HoldArgs),
    Reverse(reverse::ReverseArgs),
    Limits(limits::LimitsArgs),
    History(history::HistoryArgs),
    Event(event::EventArgs),
    Events(event::EventsArgs),
    Batch(batch::BatchArgs),
    Import(import::ImportArgs),
    Export(export::ExportArgs),
    Key(key::KeyArgs),
    Clock(clock::ClockArgs),
    Verify(verify::VerifyArgs),
    Health(health::HealthArgs),
    Completions(completions::CompletionsArgs),
}

impl Cli {
    /// Does what was asked for.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self.command {
            Command::Users(args) => args.run(),
            Command::User(args) => args.run(),
            Command::Coins(args) => args.run(),
            Command::Coin(args) => args.run(),
            Command::Grant(args) => args.run(),
            Command::Spend(args) => args.run(),
            Command::Transfer(args) => args.run(),
            Command::Hold(args) => args.run(),
            Command::Reverse(args) => args.run(),
            Command::Limits(args) => args.run(),
            Command::History(args) => args.run(),
            Command::Event(args) => args.run(),
            Command::Events(args) => args.run(),
            Command::Batch(args) => args.run(),
            Command::Import(args) => args.run(),
            Command::Export(args) => args.run(),
            Command::Key(args) => args.run(),
            Command::Clock(args) => args.run(),
            Command::Verify(args) => args.run(),
            Command::Health(args) => args.run(),
            Command::Completions(args) => args.run(Self::command()),
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

//! `tocos thresholds set|clear`: amounts of available coins whose crossing is told.

use clap::{Args, Subcommand};

use super::rule::RuleArgs;
use crate::session::Fields;

/// Set or clear the thresholds of an account, or of a coin
#[derive(Args, Debug)]
pub(crate) struct ThresholdsArgs {
    #[command(subcommand)]
    command: ThresholdsCommand,
}

#[derive(Debug, Subcommand)]
enum ThresholdsCommand {
    /// Replace them
    Set(Set),
    /// Remove them: an account follows its coin's again
    Clear(RuleArgs),
}

#[derive(Args, Debug)]
struct Set {
    /// Up to 10 amounts of available coins; they may be negative
    #[arg(required = true, num_args = 1.., allow_negative_numbers = true)]
    amounts: Vec<i64>,
    #[command(flatten)]
    rule: RuleArgs,
}

impl ThresholdsArgs {
    /// Asks and prints the response.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let (rule, amounts) = match self.command {
            ThresholdsCommand::Set(args) => (args.rule, Some(args.amounts)),
            ThresholdsCommand::Clear(rule) => (rule, None),
        };
        rule.put("thresholds", Fields::new().with_if("thresholds", amounts))
    }
}

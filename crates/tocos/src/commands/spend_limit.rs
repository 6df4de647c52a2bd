//! `tocos spend-limit set|clear`: how much may be spent within a time.

use clap::{Args, Subcommand};

use super::rule::RuleArgs;
use crate::session::Fields;

/// Set or clear the spending limit of an account, or of a coin
#[derive(Args, Debug)]
pub(crate) struct SpendLimitArgs {
    #[command(subcommand)]
    command: SpendLimitCommand,
}

#[derive(Debug, Subcommand)]
enum SpendLimitCommand {
    /// Replace it
    Set(Set),
    /// Remove it: an account follows its coin's again
    Clear(RuleArgs),
}

#[derive(Args, Debug)]
struct Set {
    /// The most that may be spent, held coins included; 0 lets nothing be spent
    amount: u64,
    /// The window: a day or month of the calendar in UTC [default: day]
    #[arg(long, value_parser = ["day", "month"], conflicts_with = "hours")]
    per: Option<String>,
    /// A rolling window of so many hours, 1 to 744
    #[arg(long)]
    hours: Option<u16>,
    #[command(flatten)]
    rule: RuleArgs,
}

impl SpendLimitArgs {
    /// Asks and prints the response.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self.command {
            SpendLimitCommand::Set(args) => {
                let fields = Fields::new().with("amount", args.amount);
                args.rule.put("spend-limit", fields.with_if("per", args.per).with_if("hours", args.hours))
            }
            SpendLimitCommand::Clear(rule) => rule.put("spend-limit", Fields::new()),
        }
    }
}

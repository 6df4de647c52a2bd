//! `tocos spend USER AMOUNT`: spend a user's coins, or pay them to another user.

use clap::Args;

use super::amount;
use crate::client::Request;
use crate::session::{ConnectionArgs, Fields, WriteArgs};

/// Spend a user's coins, or pay them to another user
#[derive(Args, Debug)]
pub(crate) struct SpendArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    write: WriteArgs,
    /// Who pays
    user: String,
    /// The amount, in the coin's smallest unit
    #[arg(value_parser = amount, allow_negative_numbers = true)]
    amount: u64,
    /// Which coin
    #[arg(long, default_value = "toco")]
    coin: String,
    /// The payee, such as a shop; if omitted, the coins are spent
    #[arg(long, value_name = "USER")]
    to: Option<String>,
    /// Take what is available, at most AMOUNT, even if that is nothing
    #[arg(long)]
    up_to: bool,
}

impl SpendArgs {
    /// Asks and prints the response.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let fields = Fields::new()
            .with("user", self.user)
            .with("coin", self.coin)
            .with("amount", self.amount)
            .with_if("to", self.to)
            .with_if("mode", self.up_to.then_some("up_to"));
        let response = session.write(Request::post("/v1/spends"), fields, &self.write)?;
        session.show_event(&response, self.write.dry_run)
    }
}

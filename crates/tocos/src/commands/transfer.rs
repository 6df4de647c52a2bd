//! `tocos transfer FROM TO AMOUNT`: move coins between users.

use clap::Args;

use super::amount;
use crate::client::Request;
use crate::session::{ConnectionArgs, Fields, WriteArgs};

/// Move coins from one user to another
#[derive(Args, Debug)]
pub(crate) struct TransferArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    write: WriteArgs,
    /// The payer
    from: String,
    /// The receiver
    to: String,
    /// The amount, in the coin's smallest unit
    #[arg(value_parser = amount, allow_negative_numbers = true)]
    amount: u64,
    /// Which coin
    #[arg(long, default_value = "toco")]
    coin: String,
}

impl TransferArgs {
    /// Asks and prints the response.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let fields = Fields::new()
            .with("from", self.from)
            .with("to", self.to)
            .with("coin", self.coin)
            .with("amount", self.amount);
        let response = session.write(Request::post("/v1/transfers"), fields, &self.write)?;
        session.show_event(&response, self.write.dry_run)
    }
}

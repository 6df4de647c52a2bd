//! `tocos grant USER AMOUNT`: give new coins.

use clap::Args;
use jiff::Span;

use super::amount;
use crate::client::Request;
use crate::session::{ConnectionArgs, Fields, WriteArgs};
use crate::time::{after, instant, span};

/// Give a user new coins
#[derive(Args, Debug)]
pub(crate) struct GrantArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    write: WriteArgs,
    /// The receiver
    user: String,
    /// The amount, in the coin's smallest unit
    #[arg(value_parser = amount, allow_negative_numbers = true)]
    amount: u64,
    /// Which coin
    #[arg(long, default_value = "toco")]
    coin: String,
    /// The time at which the coins expire (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = instant, conflicts_with = "expires_in")]
    expires_at: Option<String>,
    /// The same, counted from now by this machine's clock: 12h, 30d, 1y
    #[arg(long, value_name = "SPAN", value_parser = span)]
    expires_in: Option<Span>,
    /// 0 to 100; coins with a lower one are taken first [default: 50]
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=100))]
    priority: Option<u8>,
    /// Promotional coins are taken before paid ones [default: paid]
    #[arg(long, value_parser = ["paid", "promotional"])]
    category: Option<String>,
    /// Keep the coins as a lot of their own even without the above, so that they can be followed
    #[arg(long)]
    lot: bool,
}

impl GrantArgs {
    /// Asks and prints the response.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let expires_at = match self.expires_in {
            Some(span) => Some(after(span)?),
            None => self.expires_at,
        };
        let fields = Fields::new()
            .with("user", self.user)
            .with("coin", self.coin)
            .with("amount", self.amount)
            .with_if("expires_at", expires_at)
            .with_if("priority", self.priority)
            .with_if("category", self.category)
            .with_if("lot", self.lot.then_some(true));
        let response = session.write(Request::post("/v1/grants"), fields, &self.write)?;
        session.show_event(&response, self.write.dry_run)
    }
}

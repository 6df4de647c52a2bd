//! `tocos reverse EVENT`: move coins back.

use clap::Args;

use super::amount;
use crate::client::Request;
use crate::session::{ConnectionArgs, Fields, WriteArgs};
use crate::time::instant;

/// Reverse a grant, spend, transfer, capture or expiry
#[derive(Args, Debug)]
pub(crate) struct ReverseArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    write: WriteArgs,
    /// The event's number
    event: u64,
    /// The amount [default: everything that is not reversed yet]
    #[arg(long, value_parser = amount, allow_negative_numbers = true)]
    amount: Option<u64>,
    /// A new expiry for returned coins that have expired, instead of letting them expire again at once (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = instant)]
    renew_expires_at: Option<String>,
    /// Take what is left to reverse and still there, even if that is nothing
    #[arg(long)]
    up_to: bool,
    /// Take also what is no longer there: it is owed
    #[arg(long)]
    debt: bool,
}

impl ReverseArgs {
    /// Asks and prints the response.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let fields = Fields::new()
            .with_if("amount", self.amount)
            .with_if("renew_expires_at", self.renew_expires_at)
            .with_if("mode", self.up_to.then_some("up_to"))
            .with_if("debt", self.debt.then_some(true));
        let request = Request::post(format!("/v1/events/{}/reverse", self.event));
        let response = session.write(request, fields, &self.write)?;
        session.show_event(&response, self.write.dry_run)
    }
}

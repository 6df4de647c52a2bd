//! What `tocos thresholds` and `tocos spend-limit` share: a rule is that of an account, or of all accounts of a coin.

use clap::Args;

use crate::client::{Request, encoded};
use crate::session::{ConnectionArgs, Fields, WriteArgs};

/// Whose rule it is.
#[derive(Args, Debug)]
pub(super) struct RuleArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    write: WriteArgs,
    /// Whose account [default: all accounts of the coin that have none of their own]
    #[arg(long)]
    user: Option<String>,
    /// Which coin
    #[arg(long, default_value = "toco")]
    coin: String,
}

impl RuleArgs {
    /// Replaces the rule with this name in the API's paths, and prints the response.
    pub(super) fn put(self, rule: &str, fields: Fields) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let coin = encoded(&self.coin);
        let path = match &self.user {
            Some(user) => format!("/v1/users/{}/{rule}/{coin}", encoded(user)),
            None => format!("/v1/coins/{coin}/{rule}"),
        };
        let response = session.write(Request::put(path), fields, &self.write)?;
        session.show_event(&response, self.write.dry_run)
    }
}

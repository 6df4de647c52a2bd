//! `tocos history USER`: what happened to a user's coins.

use clap::Args;

use super::pages::PageArgs;
use crate::client::{Request, encoded};
use crate::response::{Decimals, History};
use crate::session::ConnectionArgs;
use crate::table::{Side, Table};

/// Show what happened to a user's coins, newest first
#[derive(Args, Debug)]
pub(crate) struct HistoryArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The user's id
    user: String,
    /// Only this coin
    #[arg(long)]
    coin: Option<String>,
    /// Only this kind of event: grant, spend, transfer, hold, capture, ...
    #[arg(long)]
    kind: Option<String>,
    /// Only events with a higher number
    #[arg(long, value_name = "EVENT")]
    after: Option<u64>,
    /// Only events with a lower number
    #[arg(long, value_name = "EVENT")]
    before: Option<u64>,
    /// Only events at this time or later (RFC 3339)
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Only events before this time (RFC 3339)
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Oldest first
    #[arg(long)]
    oldest_first: bool,
    #[command(flatten)]
    pages: PageArgs,
}

impl HistoryArgs {
    /// Asks for pages and prints each as it comes.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        self.pages.show(&session, &self.request(), |page: &History, _| history_table(page, session.decimals()))
    }

    fn request(&self) -> Request {
        Request::get(format!("/v1/users/{}/history", encoded(&self.user)))
            .query_if("coin", self.coin.as_deref())
            .query_if("kind", self.kind.as_deref())
            .query_if("after", self.after)
            .query_if("before", self.before)
            .query_if("from", self.from.as_deref())
            .query_if("until", self.until.as_deref())
            .query_if("order", self.oldest_first.then_some("asc"))
    }
}

fn history_table(history: &History, decimals: &Decimals) -> String {
    if history.entries.is_empty() {
        return "no entries\n".to_owned();
    }
    let mut table = Table::new([
        ("event", Side::Right),
        ("at", Side::Left),
        ("kind", Side::Left),
        ("coin", Side::Left),
        ("amount", Side::Right),
        ("held", Side::Right),
        ("total", Side::Right),
        ("available", Side::Right),
        ("with", Side::Left),
    ]);
    for entry in &history.entries {
        let signed = |amount: i64| {
            let sign = if amount > 0 { "+" } else { "" };
            if amount == 0 { String::new() } else { format!("{sign}{}", decimals.amount(&entry.coin, amount)) }
        };
        table.row(vec![
            entry.event.to_string(),
            entry.at.clone(),
            entry.kind.clone(),
            entry.coin.clone(),
            signed(entry.amount),
            signed(entry.held),
            decimals.amount(&entry.coin, entry.balance.total),
            decimals.amount(&entry.coin, entry.balance.available),
            entry.counterpart.clone().unwrap_or_default(),
        ]);
    }
    table.text()
}

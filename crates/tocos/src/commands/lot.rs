//! `tocos lot EVENT`: where the coins of a grant are, and what used them.

use anyhow::Context;
use clap::Args;

use crate::client::Request;
use crate::describe::sentence;
use crate::response::{GrantUsePage, Granted, UsedBy};
use crate::session::{ConnectionArgs, Session, parse};
use crate::terminal::{print, print_bytes};

/// Show where the coins of a grant are: left, held, spent, moved on, expired, reversed
#[derive(Args, Debug)]
pub(crate) struct LotArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The number of the grant's event, or of a rollover's
    event: u64,
    /// List the events that used them instead
    #[arg(long)]
    uses: bool,
}

impl LotArgs {
    /// Asks and prints the response.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        if self.uses {
            return self.list_uses(&session);
        }
        let response = session.send(&Request::get(format!("/v1/grants/{}", self.event)))?;
        session.show(&response, |granted: &Granted| told(granted, &session))
    }

    fn list_uses(&self, session: &Session) -> anyhow::Result<()> {
        let mut after = 0;
        loop {
            let request = Request::get(format!("/v1/grants/{}/uses", self.event)).query("after", after);
            let page: GrantUsePage = parse(&session.send(&request.query("limit", 1_000))?)?;
            for raw in &page.uses {
                show(session, raw.get())?;
            }
            match page.next_after {
                Some(next) => after = next,
                None => return Ok(()),
            }
        }
    }
}

fn told(granted: &Granted, session: &Session) -> String {
    let decimals = session.decimals();
    let amount = |amount| decimals.amount(&granted.coin, amount);
    let mut text = format!("{} to {}\n", decimals.coins(&granted.coin, granted.amount), granted.user);
    if let Some(expires_at) = &granted.expires_at {
        text.push_str(&format!("expires at {expires_at}\n"));
    }
    for (label, value) in [("reference", &granted.reference), ("schedule", &granted.schedule)] {
        if let Some(value) = value {
            text.push_str(&format!("{label} {value}\n"));
        }
    }
    if !granted.followed {
        text.push_str("These are plain coins, which can't be followed; grant coins with --lot to follow them.\n");
        return text;
    }
    // Few have anything added to them.
    for (label, count) in granted.places.named().into_iter().filter(|(label, count)| *label != "added" || *count != 0) {
        text.push_str(&format!("{label:>9}  {}\n", amount(count)));
    }
    text
}

/// Prints one use on a line.
fn show(session: &Session, raw: &str) -> anyhow::Result<()> {
    if session.json {
        return Ok(print_bytes(raw.as_bytes())?);
    }
    let used: UsedBy = serde_json::from_str(raw).context("a use is not what this version of tocos expects")?;
    let changes = used.places.named().into_iter().filter(|(_, count)| *count != 0);
    let changes: Vec<String> = changes.map(|(label, count)| format!("{label} {count:+}")).collect();
    let event = &used.event;
    print(&format!("{:>8}  {}  ({})\n", event.event, sentence(event, session.decimals()), changes.join(", ")))?;
    Ok(())
}

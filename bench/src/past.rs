//! How long it takes to look back: a page from anywhere in the history of an account with very many entries, and its
//! balance and lots after any event.

use crate::LoadArgs;
use crate::grow::fill;
use crate::load::{Group, Plan, run_plan};
use crate::report::{line, print};
use crate::scenario::Name;
use crate::server::Server;
use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

#[derive(Args)]
pub(crate) struct PastArgs {
    /// Entries of the account, each a transfer with a key from another user.
    #[arg(long, default_value_t = 1_000_000)]
    entries: u64,
    #[command(flatten)]
    load: LoadArgs,
}

/// Fills one account and looks back.
pub(crate) fn run(args: &PastArgs) -> Result<Value> {
    let server = Server::for_run(&args.load)?;
    fill(&server, Name::BatchHot, server.last_event()? + args.entries, &args.load)?;
    line(format_args!("an account of {} entries:", args.entries));
    let mut results = Vec::new();
    for connections in [1, args.load.connections] {
        for name in [Name::HistoryPage, Name::Past] {
            let groups = [Group { name, connections, rate: None }];
            let plan = Plan { groups: &groups, seconds: args.load.seconds, requests_max: None, busy: None };
            results.extend(run_plan(&server, &plan, &args.load)?);
        }
    }
    print(&results);
    Ok(json!({"entries": args.entries, "results": results}))
}

//! Whether a ledger stays as fast as it grows: filled by batches, measured at milestones.

use crate::load::{Group, Plan, run_plan};
use crate::report::{RunResult, line, print};
use crate::scenario::Name;
use crate::server::Server;
use crate::{LoadArgs, load};
use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

#[derive(Args)]
pub(crate) struct GrowArgs {
    /// Events to grow to; every one a transfer with a key.
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    /// Times to measure on the way, besides the start.
    #[arg(long, default_value_t = 5)]
    milestones: u64,
    #[command(flatten)]
    load: LoadArgs,
}

/// Connections that send batches: enough to keep the server busy while responses are read.
pub(crate) const BATCH_CONNECTIONS: usize = 4;

/// Fills, and measures at each milestone.
pub(crate) fn run(args: &GrowArgs) -> Result<Value> {
    let server = Server::for_run(&args.load)?;
    let batches = LoadArgs { connections: BATCH_CONNECTIONS, ..args.load.clone() };
    let mut milestones = Vec::new();
    for step in 0..=args.milestones {
        let filled = fill(&server, Name::Batch, args.events * step / args.milestones.max(1), &args.load)?;
        let events = server.last_event()?;
        let batch = load::run(&server, Name::Batch, &batches)?;
        let hot = load::run(&server, Name::BatchHot, &batches)?;
        let single = load::run(&server, Name::Single, &args.load)?;
        line(format_args!("\nwith {events} events behind it:"));
        print(&[batch.clone(), hot.clone(), single.clone()]);
        milestones
            .push(json!({"events": events, "filled": filled, "batch": batch, "batch_hot": hot, "single": single}));
    }
    let rate = |at: usize, what: &str| milestones[at][what]["operations_per_second"].as_f64().unwrap_or(0.0);
    let last = milestones.len() - 1;
    for what in ["batch", "single"] {
        line(format_args!("{what}: the last milestone / the first: {:.2}", rate(last, what) / rate(0, what)));
    }
    line(format_args!("batch-hot / batch, at the first milestone: {:.2}", rate(0, "batch_hot") / rate(0, "batch")));
    Ok(json!({ "milestones": milestones }))
}

/// Sends batches until the ledger has about so many events; nothing if it has them.
pub(crate) fn fill(server: &Server, name: Name, events: u64, load: &LoadArgs) -> Result<Option<RunResult>> {
    let missing = events.saturating_sub(server.last_event()?).div_ceil(load.batch as u64);
    if missing == 0 {
        return Ok(None);
    }
    let groups = [Group { name, connections: BATCH_CONNECTIONS, rate: None }];
    let plan = Plan { groups: &groups, seconds: 3_600.0, requests_max: Some(missing), busy: None };
    Ok(Some(run_plan(server, &plan, load)?.swap_remove(0)))
}

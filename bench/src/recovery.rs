//! How fast a ledger is there again: from its log, and from a snapshot.

use crate::report::line;
use crate::scenario::user;
use crate::workspace;
use anyhow::{Result, anyhow};
use clap::Args;
use fastrand::Rng;
use serde_json::{Value, json};
use std::path::Path;
use tocos_engine::{Batch, Engine, EngineOptions, OpenReport};
use tocos_ledger::{Marks, Operation, Request};

#[derive(Args)]
pub(crate) struct RecoveryArgs {
    /// Users, each with a grant.
    #[arg(long, default_value_t = 1_000_000)]
    users: u32,
    /// Transfers behind that.
    #[arg(long, default_value_t = 5_000_000)]
    transfers: u64,
    /// Give every transfer an idempotency key.
    #[arg(long)]
    keys: bool,
    /// Times each start is measured; medians are shown.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

/// Operations in a batch.
const BATCH: usize = 8_000;

/// Fills a ledger, then opens it again and again.
pub(crate) fn run(args: &RecoveryArgs) -> Result<Value> {
    let home = workspace::fresh()?;
    let data = home.path().join("data");
    let never = EngineOptions { snapshot_every_events: u64::MAX / 2, ..EngineOptions::new(&data) };
    fill(&never, args)?;
    let from_log = median(args.rounds, || {
        // Closing makes a snapshot of a log this long.
        remove_snapshots(&data)?;
        reopen(&never)
    })?;
    let events = from_log.replayed_events;
    let rate = events as f64 / from_log.took_us as f64 * 1e6;
    line(format_args!("from the log: {events} events in {} ms, {:.2} million/s", from_log.took_us / 1000, rate / 1e6));
    let often = EngineOptions { snapshot_every_events: 1, ..never.clone() };
    let (engine, _) = Engine::open(&often).map_err(|error| anyhow!("{error}"))?;
    put(&engine, &[Operation::PutUser { user: "one-more", name: None }], &[None])?;
    engine.close()?;
    drop(engine);
    let from_snapshot = median(args.rounds, || reopen(&never))?;
    line(format_args!(
        "from a snapshot at event {}: {} events behind it, {} ms",
        from_snapshot.snapshot_event,
        from_snapshot.replayed_events,
        from_snapshot.took_us / 1000
    ));
    Ok(json!({
        "users": args.users, "events": events, "keys": args.keys,
        "log_us": from_log.took_us, "log_events_per_second": rate,
        "snapshot_us": from_snapshot.took_us, "snapshot_event": from_snapshot.snapshot_event,
    }))
}

fn fill(options: &EngineOptions, args: &RecoveryArgs) -> Result<()> {
    let (engine, _) = Engine::open(options).map_err(|error| anyhow!("{error}"))?;
    let users: Vec<String> = (0..args.users).map(user).collect();
    for chunk in users.chunks(BATCH) {
        let put_user = |user| Operation::PutUser { user, name: None };
        let grant = |user| Operation::Grant { user, coin: "toco", amount: 1_000_000, marks: Marks::PLAIN, lot: false };
        let none = vec![None; chunk.len()];
        put(&engine, &chunk.iter().map(|user| put_user(user)).collect::<Vec<_>>(), &none)?;
        put(&engine, &chunk.iter().map(|user| grant(user)).collect::<Vec<_>>(), &none)?;
    }
    let mut rng = Rng::with_seed(7);
    let mut left = args.transfers;
    while left > 0 {
        let count = left.min(BATCH as u64);
        let keys: Vec<Option<String>> = (0..count).map(|at| args.keys.then(|| format!("key-{}", left - at))).collect();
        let operations: Vec<_> = (0..count)
            .map(|_| {
                let from = rng.usize(1..users.len());
                let to = rng.usize(0..from);
                Operation::Transfer { from: &users[from], to: &users[to], coin: "toco", amount: 1 }
            })
            .collect();
        put(&engine, &operations, &keys)?;
        left -= count;
    }
    engine.close()?;
    Ok(())
}

fn put(engine: &Engine, operations: &[Operation<'_>], keys: &[Option<String>]) -> Result<()> {
    let requests: Vec<Request<'_>> = operations
        .iter()
        .zip(keys)
        .map(|(operation, key)| Request {
            operation: operation.clone(),
            key: key.as_deref(),
            metadata: None,
            reference: None,
            by: 0,
        })
        .collect();
    let results = engine
        .submit_batch(&requests, Batch::default(), |event, _| event.number)
        .map_err(|rejection| anyhow!("a batch was refused: {rejection:?}"))?;
    engine.seal();
    if let Some(Ok(last)) = results.last() {
        engine.durable(last.seen).wait()?;
    }
    Ok(())
}

fn reopen(options: &EngineOptions) -> Result<OpenReport> {
    let (engine, report) = Engine::open(options).map_err(|error| anyhow!("{error}"))?;
    engine.close()?;
    Ok(report)
}

fn median(rounds: usize, open: impl Fn() -> Result<OpenReport>) -> Result<OpenReport> {
    let mut reports = (0..rounds.max(1)).map(|_| open()).collect::<Result<Vec<_>>>()?;
    reports.sort_by_key(|report| report.took_us);
    Ok(reports.swap_remove(reports.len() / 2))
}

fn remove_snapshots(data: &Path) -> Result<()> {
    for entry in std::fs::read_dir(data)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if ["snapshot-", "keys-", "over-", "index-", "flows-"].iter().any(|kind| name.starts_with(kind)) {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

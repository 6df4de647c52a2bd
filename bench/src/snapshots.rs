//! The effect of a snapshot on concurrent writes.

use crate::LoadArgs;
use crate::load::{Group, Plan, run_plan};
use crate::report::{line, print};
use crate::scenario::Name;
use crate::server::Server;
use crate::workspace;
use anyhow::{Result, ensure};
use clap::Args;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

#[derive(Args)]
pub(crate) struct SnapshotArgs {
    /// Events between snapshots.
    #[arg(long, default_value_t = 200_000)]
    every: u64,
    #[command(flatten)]
    load: LoadArgs,
}

/// Single transfers in a closed loop, on a server that makes snapshots meanwhile. Latencies are counted separately for
/// responses that came while a snapshot was being written.
pub(crate) fn run(args: &SnapshotArgs) -> Result<Value> {
    ensure!(args.load.url.is_none(), "whether a snapshot is being written is seen in the server's own directory");
    let home = workspace::fresh()?;
    let data = home.path().join("data");
    let mut load = LoadArgs { data_dir: Some(data.clone()), ..args.load.clone() };
    load.server_args.push(format!("--snapshot-every-events={}", args.every));
    let server = Server::for_run(&load)?;
    let (busy, ended, made) = (AtomicBool::new(false), AtomicBool::new(false), AtomicU32::new(0));
    let groups = [Group { name: Name::Single, connections: load.connections, rate: load.rate }];
    let result = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                let is_being_written = is_being_written(&data);
                if busy.swap(is_being_written, Ordering::Relaxed) && !is_being_written {
                    made.fetch_add(1, Ordering::Relaxed);
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let plan = Plan { groups: &groups, seconds: load.seconds, requests_max: None, busy: Some(&busy) };
        let result = run_plan(&server, &plan, &load);
        ended.store(true, Ordering::Relaxed);
        result
    })?
    .swap_remove(0);
    let made = made.into_inner();
    print(std::slice::from_ref(&result));
    let (Some(during), Some(between)) = (&result.latency_busy_us, &result.latency_quiet_us) else {
        return Ok(json!(null));
    };
    ensure!(made > 0 && during.count > 0, "no snapshot was seen; give it more --seconds or a smaller --every");
    let ratio = during.p99 as f64 / between.p99 as f64;
    line(format_args!(
        "{made} snapshots of {} users. p99 while one was written {} us ({} answers), otherwise {} us ({}): {ratio:.2} times",
        load.users, during.p99, during.count, between.p99, between.count
    ));
    Ok(json!({"users": load.users, "every": args.every, "snapshots": made, "p99_ratio": ratio, "result": result}))
}

/// Whether the directory has a file that will be a snapshot, or the keys behind one.
pub(crate) fn is_being_written(data: &Path) -> bool {
    std::fs::read_dir(data).is_ok_and(|entries| {
        entries.flatten().any(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            (name.starts_with("snapshot-") || name.starts_with("keys-")) && !name.ends_with(".tocos")
        })
    })
}

//! What a ledger takes: memory for users and keys, time and memory of an empty start, bytes on disk for a transfer.

use crate::LoadArgs;
use crate::http::put;
use crate::report::{line, rss_bytes};
use crate::scenario::user;
use crate::server::Server;
use crate::snapshots::is_being_written;
use crate::workspace;
use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

#[derive(Args)]
pub(crate) struct FootprintArgs {
    /// Users to make.
    #[arg(long, default_value_t = 1_000_000)]
    users: u32,
    /// Transfers with a key to make.
    #[arg(long, default_value_t = 1_000_000)]
    transfers: u32,
    /// The server to start; by default the one that was built with this program.
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
}

/// No snapshot is being made if none was seen so often.
const QUIET_LOOKS: u32 = 20;
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Operations in a batch.
const BATCH: u32 = 8_000;

/// Starts a server and fills it step by step.
pub(crate) fn run(args: &FootprintArgs) -> Result<Value> {
    let home = workspace::fresh()?;
    let load = LoadArgs {
        url: None,
        key: None,
        binary: args.binary.clone(),
        data_dir: Some(home.path().join("data")),
        server_args: Vec::new(),
        connections: 1,
        seconds: 0.0,
        requests: None,
        users: 0,
        batch: 0,
        rate: None,
        seed: 0,
    };
    let begun = Instant::now();
    let server = Server::for_run(&load)?;
    let start_us = begun.elapsed().as_micros() as u64;
    let process = server.process_id().context("the server is our own")?;
    let data = home.path().join("data");
    let rss = || quiet_rss_bytes(process, &data);
    let empty = rss()?;
    batches(&server, args.users, |body, at| {
        let user = user(at);
        put(body, format_args!("{{\"op\":\"user\",\"user\":\"{user}\"}}\n"));
        put(body, format_args!("{{\"op\":\"grant\",\"user\":\"{user}\",\"coin\":\"toco\",\"amount\":1000000}}\n"));
    })?;
    let with_users = rss()?;
    let log_before = log_bytes(&load)?;
    let pair = |at: u32| (user(at % args.users), user((at / 2 + 1) % args.users));
    let transfer = |body: &mut Vec<u8>, at: u32, key: &str| {
        let (from, to) = pair(at * 7 + 3);
        let to = if from == to { user((at + 5) % args.users) } else { to };
        let fields = format_args!("\"from\":\"{from}\",\"to\":\"{to}\",\"coin\":\"toco\",\"amount\":1{key}");
        put(body, format_args!("{{\"op\":\"transfer\",{fields}}}\n"));
    };
    batches(&server, args.transfers, |body, at| transfer(body, at, ""))?;
    let log_after = log_bytes(&load)?;
    let with_transfers = rss()?;
    batches(&server, args.transfers, |body, at| transfer(body, at, &format!(",\"idempotency_key\":\"{at:08}\"")))?;
    let with_keys = rss()?;
    let per = |more: u64, count: u32| more as f64 / f64::from(count);
    let per_user = per(with_users.saturating_sub(empty), args.users);
    let per_key = per(with_keys.saturating_sub(with_transfers), args.transfers);
    let per_transfer = per(log_after - log_before, args.transfers);
    line(format_args!(
        "empty start: {:.1} ms until it listens, {:.1} MB resident",
        start_us as f64 / 1e3,
        empty as f64 / 1e6
    ));
    line(format_args!("{} users with a grant each: {per_user:.0} bytes of memory a user", args.users));
    line(format_args!("{} plain transfers in batches: {per_transfer:.2} bytes on disk each", args.transfers));
    line(format_args!("{} keyed transfers: {per_key:.0} bytes of memory a key", args.transfers));
    Ok(json!({
        "start_us": start_us, "empty_rss_bytes": empty, "users": args.users, "bytes_per_user": per_user,
        "transfers": args.transfers, "disk_bytes_per_transfer": per_transfer, "bytes_per_key": per_key,
    }))
}

/// Resident memory of a server once it writes no snapshot: meanwhile what is written to is there twice.
pub(crate) fn quiet_rss_bytes(process: u32, data: &Path) -> Result<u64> {
    let mut quiet = 0;
    while quiet < QUIET_LOOKS {
        std::thread::sleep(LOOK_EVERY);
        quiet = if is_being_written(data) { 0 } else { quiet + 1 };
    }
    rss_bytes(process).context("/proc does not tell the server's memory")
}

fn batches(server: &Server, count: u32, mut write: impl FnMut(&mut Vec<u8>, u32)) -> Result<()> {
    let mut at = 0;
    while at < count {
        let end = (at + BATCH / 2).min(count);
        let mut body = Vec::new();
        (at..end).for_each(|at| write(&mut body, at));
        let mut request = Vec::new();
        server.asker.send(&mut request, "POST", "/v1/batch", "application/x-ndjson", None, &body);
        let (status, answer) = server.ask(&request)?;
        ensure!(status == 200 && answer.contains("\"refused\":0"), "a batch was refused: {status} {answer}");
        at = end;
    }
    Ok(())
}

/// Bytes that the log's frames take: up to the last byte that is not 0 in each of its files.
fn log_bytes(load: &LoadArgs) -> Result<u64> {
    let directory: &Path = load.data_dir.as_deref().context("the data directory is our own")?;
    let mut sum = 0;
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("log-")) {
            let bytes = std::fs::read(&path)?;
            sum += bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1);
        }
    }
    Ok(sum)
}

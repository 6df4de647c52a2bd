//! What a ledger costs when it is old: the time of a start, memory, batches and repeated keys with very many old keys behind
//! it, beside the same ledger without them.
//!
//! Writing half a billion transfers first would take ten minutes and 32 GB. So a small ledger is written, and its tables
//! are then filled with as many random hashes as the old ledger is to have keys and ended holds. What finding a key costs does not
//! depend on which text it is the hash of. The keys that are looked for are real ones, among all the others.

use crate::LoadArgs;
use crate::grow::{BATCH_CONNECTIONS, fill};
use crate::load::{Group, Plan, run_plan};
use crate::report::{RunResult, line, print, rss_bytes};
use crate::scenario::Name;
use crate::server::Server;
use crate::workspace;
use anyhow::{Context, Result, anyhow, ensure};
use clap::Args;
use fastrand::Rng;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};
use tocos_engine::filter_bits_per_key;
use tocos_journal::{FileDisk, Table, TableSpec, TableWriter, slot};

#[derive(Args)]
pub(crate) struct AgeArgs {
    /// Old keys.
    #[arg(long, default_value_t = 72_000_000)]
    keys: u64,
    /// Ended holds.
    #[arg(long, default_value_t = 15_000_000)]
    holds: u64,
    /// Events that are really written: their log is what repeated keys are read from.
    #[arg(long, default_value_t = 3_000_000)]
    events: u64,
    /// Times that starts and batches are measured, young and old in turn; medians are shown.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Repeated keys a second.
    #[arg(long, default_value_t = 2_000.0)]
    repeated: f64,
    /// Single writes a second beside them.
    #[arg(long, default_value_t = 10_000.0)]
    written: f64,
    #[command(flatten)]
    load: LoadArgs,
}

/// How the old slots are divided among the tables of a kind: as merging leaves them.
const SHARES: [f64; 3] = [0.75, 0.2, 0.05];

/// Makes both ledgers, and measures them in turn.
pub(crate) fn run(args: &AgeArgs) -> Result<Value> {
    ensure!(args.load.url.is_none(), "both ledgers are made here");
    let home = workspace::fresh()?;
    let (young_dir, old_dir) = (home.path().join("young"), home.path().join("old"));
    let load = |data: &Path| LoadArgs { data_dir: Some(data.to_owned()), ..args.load.clone() };
    for part in 1..=SHARES.len() as u64 {
        // Each life of the service ends with a table.
        let server = if part == 1 { Server::for_run(&load(&young_dir))? } else { Server::start(&load(&young_dir))? };
        fill(&server, Name::Batch, args.events * part / SHARES.len() as u64, &args.load)?;
        server.end()?;
    }
    std::fs::create_dir(&old_dir)?;
    for entry in std::fs::read_dir(&young_dir)? {
        let path = entry?.path();
        std::fs::copy(&path, old_dir.join(path.file_name().context("a file has a name")?))?;
    }
    let begun = Instant::now();
    let bytes = pad(&old_dir, "keys", args.keys)? + pad(&old_dir, "over", args.holds)?;
    line(format_args!(
        "{} old keys and {} ended holds written in {:.0} s, {:.2} GB of tables",
        args.keys,
        args.holds,
        begun.elapsed().as_secs_f64(),
        bytes as f64 / 1e9
    ));
    let young = median_start(args, &load(&young_dir))?;
    let old = median_start(args, &load(&old_dir))?;
    for (what, start) in [("young", &young), ("old", &old)] {
        line(format_args!(
            "{what}: serves {:.0} ms after its start, {:.1} MB resident then, {:.1} MB once its filters are read",
            start.ready_us as f64 / 1e3,
            start.rss_bytes as f64 / 1e6,
            start.warm_rss_bytes as f64 / 1e6
        ));
    }
    let per_key = (old.warm_rss_bytes.saturating_sub(young.warm_rss_bytes)) as f64 / (args.keys + args.holds) as f64;
    line(format_args!("memory for an old key or an ended hold: {per_key:.2} bytes"));
    let (batches, repeated) = (batches(args, &load(&young_dir), &load(&old_dir))?, repeated(args, &load(&old_dir))?);
    Ok(json!({
        "keys": args.keys, "holds": args.holds, "table_bytes": bytes, "memory_bytes_per_old": per_key,
        "young_ready_us": young.ready_us, "old_ready_us": old.ready_us,
        "young_rss_bytes": young.warm_rss_bytes, "old_rss_bytes": old.warm_rss_bytes,
        "batches": batches, "repeated": repeated,
    }))
}

/// Adds random slots to the tables of a kind. Returns how many bytes these then have.
fn pad(data: &Path, kind: &str, slots: u64) -> Result<u64> {
    let disk = FileDisk::existing(data)?;
    let mut names = Vec::new();
    for entry in std::fs::read_dir(data)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with(kind) {
            names.push(name);
        }
    }
    names.sort();
    ensure!(names.len() == SHARES.len(), "{} tables of {kind}, and not {}", names.len(), SHARES.len());
    let mut bytes = 0;
    for (name, share) in names.iter().zip(SHARES) {
        bytes += pad_table(&disk, name, (slots as f64 * share) as u64).map_err(|error| anyhow!("{error}"))?;
    }
    Ok(bytes)
}

fn pad_table(disk: &FileDisk, name: &str, more: u64) -> Result<u64, tocos_journal::blockfile::BlockFileError> {
    const HASHES: f64 = (1u128 << 80) as f64;
    let table = Table::open(disk, name)?;
    let range = table.range();
    let (header, count) = (*table.header(), table.count() + more);
    let bits_per_slot = if name.starts_with("keys") { filter_bits_per_key(count) } else { 0 };
    let mut writer =
        TableWriter::create(disk, TableSpec { name: name.to_owned(), header, range, count, bits_per_slot })?;
    let mut real = table.slots(disk)?;
    let mut next_real = real.next_slot()?;
    let mut rng = Rng::with_seed(more);
    let step = HASHES / (more + 1) as f64;
    for at in 1..=more {
        // As even as hashes, and in order without sorting: one anywhere in each of as many parts.
        let hash = ((at as f64 - 1.0 + rng.f64()) * step) as u128;
        let random = slot(hash, rng.u64(range.0..=range.1));
        while let Some(slot) = next_real.filter(|real| *real <= random) {
            writer.push(slot)?;
            next_real = real.next_slot()?;
        }
        writer.push(random)?;
    }
    while let Some(slot) = next_real {
        writer.push(slot)?;
        next_real = real.next_slot()?;
    }
    writer.finish()
}

struct Start {
    ready_us: u64,
    rss_bytes: u64,
    warm_rss_bytes: u64,
}

fn median_start(args: &AgeArgs, load: &LoadArgs) -> Result<Start> {
    let mut starts = (0..args.rounds.max(1)).map(|_| start(load)).collect::<Result<Vec<_>>>()?;
    starts.sort_by_key(|start| start.ready_us);
    Ok(starts.swap_remove(starts.len() / 2))
}

/// One start, and its end.
fn start(load: &LoadArgs) -> Result<Start> {
    warm(load).map(|(_server, start)| start)
}

/// A start: until a request is answered, and then until memory no longer grows.
fn warm(load: &LoadArgs) -> Result<(Server, Start)> {
    const LOOK_EVERY: Duration = Duration::from_millis(500);
    let begun = Instant::now();
    let server = Server::start(load)?;
    let mut request = Vec::new();
    server.asker.get(&mut request, "/v1/coins");
    while server.ask(&request)?.0 != 200 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let ready_us = begun.elapsed().as_micros() as u64;
    let process = server.process_id().context("the server is our own")?;
    let rss = || rss_bytes(process).context("/proc does not tell the server's memory");
    let rss_bytes = rss()?;
    let mut warm_rss_bytes = rss_bytes;
    loop {
        std::thread::sleep(LOOK_EVERY);
        let now = rss()?;
        if now <= warm_rss_bytes + warm_rss_bytes / 1_000 {
            return Ok((server, Start { ready_us, rss_bytes, warm_rss_bytes: now }));
        }
        warm_rss_bytes = now;
    }
}

/// Batches with new keys, on both in turn.
fn batches(args: &AgeArgs, young: &LoadArgs, old: &LoadArgs) -> Result<Value> {
    let servers = [warm(young)?.0, warm(old)?.0];
    let load = LoadArgs { connections: BATCH_CONNECTIONS, ..args.load.clone() };
    let groups = [Group { name: Name::Batch, connections: BATCH_CONNECTIONS, rate: None }];
    let plan = Plan { groups: &groups, seconds: load.seconds, requests_max: None, busy: None };
    let mut rates = [Vec::new(), Vec::new()];
    for _ in 0..args.rounds.max(1) {
        for (server, rates) in servers.iter().zip(&mut rates) {
            let result = run_plan(server, &plan, &load)?.swap_remove(0);
            print(std::slice::from_ref(&result));
            rates.push(result.operations_per_second);
        }
    }
    let [young, old] = rates.map(|mut rates| {
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    });
    line(format_args!("batches with new keys: {young:.0}/s young, {old:.0}/s old: {:.2}", old / young));
    Ok(json!({"young": young, "old": old, "ratio": old / young}))
}

/// Old keys again, at a fixed rate, beside single writes.
fn repeated(args: &AgeArgs, old: &LoadArgs) -> Result<Vec<RunResult>> {
    let (server, _) = warm(old)?;
    let groups = [
        Group { name: Name::Repeated, connections: 16, rate: Some(args.repeated) },
        Group { name: Name::Keyed, connections: args.load.connections, rate: Some(args.written) },
    ];
    let plan = Plan { groups: &groups, seconds: args.load.seconds, requests_max: None, busy: None };
    let results = run_plan(&server, &plan, &args.load)?;
    print(&results);
    ensure!(results[0].refused == 0, "{} repeated keys were refused", results[0].refused);
    Ok(results)
}

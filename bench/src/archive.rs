//! What an archive costs and gives, with a folder as the object store: throughput and latency with it and without in turns, how far
//! it is behind at a fixed rate and what memory it takes, a restore to a moment, and pages of history that are in the archive alone.

use crate::LoadArgs;
use crate::grow::fill;
use crate::load::{Group, Plan, run_plan};
use crate::metrics::metric;
use crate::report::{RunResult, line, print, rss_bytes};
use crate::scenario::Name;
use crate::server::{Server, beside_this_program};
use crate::workspace;
use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[derive(Args)]
pub(crate) struct ArchiveArgs {
    /// Rounds of single transfers with the archive and without it, in turn; medians are shown.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Transfers a second, in batches, while the lag and the memory are looked at.
    #[arg(long, default_value_t = 50_000.0)]
    written: f64,
    /// Seconds of that.
    #[arg(long, default_value_t = 20.0)]
    written_seconds: f64,
    /// Events of the ledger that is restored, and whose history is read.
    #[arg(long, default_value_t = 10_000_000)]
    events: u64,
    /// What the log may take on the local disk then.
    #[arg(long, default_value_t = 256 << 20)]
    local_log_bytes: u64,
    #[command(flatten)]
    load: LoadArgs,
}

/// Operations in a batch at a fixed rate: many batches a second.
const BATCH: usize = 500;
const LOOK_EVERY: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(300);

/// One ledger and where its archive is.
struct Place {
    data: PathBuf,
    addresses: PathBuf,
    archive: String,
}

impl Place {
    fn in_folder(home: &Path, name: &str) -> Result<Self> {
        let folder = home.join(name);
        std::fs::create_dir(&folder)?;
        let archive = format!("file://{}", folder.join("archive").display());
        Ok(Self { data: folder.join("data"), addresses: folder.join("addresses"), archive })
    }

    fn load(&self, args: &LoadArgs, words: &[&str]) -> LoadArgs {
        let mut load = LoadArgs { data_dir: Some(self.data.clone()), ..args.clone() };
        load.server_args.extend(["--address-file".to_owned(), self.addresses.display().to_string()]);
        load.server_args.extend(words.iter().map(|word| (*word).to_owned()));
        load
    }

    fn metric(&self, name: &str) -> Result<f64> {
        metric(&self.addresses, name)
    }

    fn wait_until(&self, what: &str, is_so: impl Fn(&Self) -> Result<bool>) -> Result<()> {
        let begun = Instant::now();
        while !is_so(self)? {
            ensure!(begun.elapsed() < PATIENCE, "{what} did not come about in {} s", PATIENCE.as_secs());
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }
}

/// All of it.
pub(crate) fn run(args: &ArchiveArgs) -> Result<Value> {
    ensure!(args.load.url.is_none(), "the ledgers are made here");
    let home = workspace::fresh()?;
    let (without, with) = (Place::in_folder(home.path(), "without")?, Place::in_folder(home.path(), "with")?);
    let plain = Server::for_run(&without.load(&args.load, &[]))?;
    let archived = Server::for_run(&with.load(&args.load, &["--archive", &with.archive]))?;
    let singles = singles(args, &plain, &archived)?;
    let at_rate = at_rate(args, (&plain, &archived), &with)?;
    plain.end()?;
    std::fs::remove_dir_all(&without.data)?;

    fill(&archived, Name::BatchHot, args.events, &args.load)?;
    let events = archived.last_event()?;
    // The end puts what is not there yet; of a lot that is too long for it the rest waits for the next start.
    with.wait_until("an archive that has caught up", |with| Ok(with.metric("tocos_archive_lag_bytes")? < 1e6))?;
    archived.end()?;
    let restore = restore(args, &with, &home.path().join("restored"), events - events / 10)?;
    let pages = pages(args, &with)?;
    Ok(json!({ "singles": singles, "at_rate": at_rate, "events": events, "restore": restore, "pages": pages }))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Closed loops of single transfers, on both in turn.
fn singles(args: &ArchiveArgs, plain: &Server, archived: &Server) -> Result<Value> {
    let groups = [Group { name: Name::Keyed, connections: args.load.connections, rate: args.load.rate }];
    let plan = Plan { groups: &groups, seconds: args.load.seconds, requests_max: None, busy: None };
    let (mut ratios, mut more_us) = (Vec::new(), Vec::new());
    for round in 0..args.rounds.max(1) {
        let run = |server: &Server| -> Result<RunResult> { Ok(run_plan(server, &plan, &args.load)?.swap_remove(0)) };
        // Each is the first one in every second round.
        let (without, with) = if round % 2 == 0 {
            let without = run(plain)?;
            (without, run(archived)?)
        } else {
            let with = run(archived)?;
            (run(plain)?, with)
        };
        print(&[without.clone(), with.clone()]);
        ratios.push(with.operations_per_second / without.operations_per_second);
        more_us.push(with.latency_us.p99 as f64 - without.latency_us.p99 as f64);
    }
    let (ratio, more_us) = (median(ratios), median(more_us));
    line(format_args!("single transfers with the archive / without it: {ratio:.2}; p99 {:+.2} ms", more_us / 1e3));
    Ok(json!({ "ratio": ratio, "p99_more_us": more_us }))
}

/// Batches at a fixed rate, first without the archive and then with it: the greatest lag, and the memory after the same work.
fn at_rate(args: &ArchiveArgs, (plain, archived): (&Server, &Server), with: &Place) -> Result<Value> {
    let load = LoadArgs { batch: BATCH, ..args.load.clone() };
    let groups = [Group { name: Name::Batch, connections: 8, rate: Some(args.written / BATCH as f64) }];
    let plan = Plan { groups: &groups, seconds: args.written_seconds, requests_max: None, busy: None };
    let mut results = run_plan(plain, &plan, &load)?;
    let is_over = AtomicBool::new(false);
    let looked = std::thread::scope(|scope| {
        let looking = scope.spawn(|| -> Result<f64> {
            let mut highest = 0.0_f64;
            while !is_over.load(Ordering::Relaxed) {
                highest = highest.max(with.metric("tocos_archive_lag_seconds")?);
                std::thread::sleep(LOOK_EVERY);
            }
            Ok(highest)
        });
        let run = run_plan(archived, &plan, &load);
        is_over.store(true, Ordering::Relaxed);
        let highest = looking.join().map_err(|_panicked| anyhow::anyhow!("looking at the lag failed"))?;
        run.and_then(|run| Ok((run, highest?)))
    });
    let (run, lag_s) = looked?;
    results.extend(run);
    print(&results);
    let rss = |server: &Server| server.process_id().and_then(rss_bytes).context("/proc does not tell the memory");
    let more_bytes = rss(archived)? as i64 - rss(plain)? as i64;
    line(format_args!(
        "at {:.0} transfers/s the archive was at most {lag_s:.1} s behind; memory {:+.1} MB",
        args.written,
        more_bytes as f64 / 1e6
    ));
    Ok(json!({ "per_second": args.written, "lag_s": lag_s, "memory_more_bytes": more_bytes, "results": results }))
}

/// The real command, up to an event.
fn restore(args: &ArchiveArgs, with: &Place, data: &Path, until: u64) -> Result<Value> {
    let binary = args.load.binary.clone().map_or_else(beside_this_program, Ok)?;
    let begun = Instant::now();
    let restored = Command::new(binary)
        .args(["restore", "--from", &with.archive, "--until", &until.to_string(), "--data-dir"])
        .arg(data)
        .output()?;
    let seconds = begun.elapsed().as_secs_f64();
    ensure!(restored.status.success(), "restore failed:\n{}", String::from_utf8_lossy(&restored.stderr));
    std::fs::remove_dir_all(data)?;
    line(format_args!("restored to event {until} in {seconds:.1} s"));
    Ok(json!({ "until": until, "seconds": seconds }))
}

/// Pages from anywhere in a history of which the disk has only the end.
fn pages(args: &ArchiveArgs, with: &Place) -> Result<Value> {
    let bytes = args.local_log_bytes.to_string();
    let load = with.load(&args.load, &["--archive", &with.archive, "--local-log-bytes", &bytes]);
    // That of the server before says where nobody listens any more.
    std::fs::remove_file(&with.addresses)?;
    let server = Server::start(&load)?;
    with.wait_until("a file with the addresses", |with| Ok(with.addresses.exists()))?;
    with.wait_until("a log within its bound", |with| {
        Ok(with.metric("tocos_log_local_bytes")? <= args.local_log_bytes as f64)
    })?;
    let share = 1.0 - with.metric("tocos_log_local_bytes")? / with.metric("tocos_log_bytes")?;
    let groups = [Group { name: Name::HistoryPage, connections: 1, rate: None }];
    let plan = Plan { groups: &groups, seconds: args.load.seconds.max(5.0), requests_max: None, busy: None };
    let results = run_plan(&server, &plan, &args.load)?;
    print(&results);
    let fetches = with.metric("tocos_archive_fetches_total")?;
    line(format_args!(
        "pages of a history of which {share:.2} are in the archive alone; {fetches:.0} objects read back"
    ));
    Ok(json!({ "share_archived": share, "fetches": fetches, "results": results }))
}

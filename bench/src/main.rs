//! Measures Tocos: over HTTP as its users meet it, and without HTTP where that says more.
//!
//! Each run prints a table and, with `--json FILE`, writes what it measured. Without `--url` a run starts its own server
//! on a directory of its own.

mod age;
mod archive;
mod asked;
mod bare;
mod compare;
mod core;
mod disk;
mod due;
mod grow;
mod http;
mod liability;
mod lists;
mod load;
mod lookups;
mod memory;
mod metrics;
mod page;
mod past;
mod plot;
mod rate;
mod recovery;
mod report;
mod scenario;
mod search;
mod server;
mod snapshots;
mod steady;
mod threads;
mod work;
mod workspace;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use serde_json::json;
use std::path::PathBuf;

#[derive(Parser)]
#[command(name = "tocos-bench", version, about = "Measures Tocos")]
struct Cli {
    #[command(subcommand)]
    run: Run,
    /// Also write the results to this file, as JSON.
    #[arg(long, global = true, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Run {
    /// One scenario over HTTP.
    Http(HttpArgs),
    /// Several scenarios in turn on one server, round by round, and their ratios to the first; with --rate, by how much their tails are longer.
    Compare(CompareArgs),
    /// Fills a ledger by batches and measures at milestones whether it stays as fast.
    Grow(grow::GrowArgs),
    /// The first page of the list of users while others write: both rates, alone and together.
    Lists(LoadArgs),
    /// Latency of writes while snapshots are made, and between them.
    Snapshots(snapshots::SnapshotArgs),
    /// Pages of history and balances in the past, of an account with very many entries.
    Past(past::PastArgs),
    /// What a start, memory, batches and repeated keys cost with very many old keys behind.
    Age(age::AgeArgs),
    /// Very many occurrences of schedules at one instant, and other writes beside them.
    Due(due::DueArgs),
    /// The liability report over very many events, alone and beside writes.
    Report(liability::ReportArgs),
    /// Users by a part of their names and by ids, and open holds of one, alone and beside writes.
    Search(search::SearchArgs),
    /// Events by their keys and references among very many, alone and beside writes.
    Lookups(lookups::LookupsArgs),
    /// Whether memory grows while nothing new is there.
    Steady(steady::SteadyArgs),
    /// The same load with different numbers of threads for connections.
    Threads(threads::ThreadsArgs),
    /// What an archive costs beside none, and how fast it gives back what it has.
    Archive(archive::ArchiveArgs),
    /// Deciding and carrying out alone, on one thread, without HTTP and disk.
    Core(core::CoreArgs),
    /// Group commit on the disk alone, with one and with two frames on their way.
    Disk(disk::DiskArgs),
    /// How fast a log is read back, and how fast a snapshot.
    Recovery(recovery::RecoveryArgs),
    /// Memory for users and keys, time and memory of an empty start, bytes on disk for a transfer.
    Footprint(memory::FootprintArgs),
    /// Writes the results of a whole run, as scripts/bench-all.sh makes it, into bench/README.md.
    Page(page::PageArgs),
    /// The bare loop that `compare bare` starts: prints where it listens and serves until it is ended.
    Bare,
    /// Fixed work for counting instructions; `cargo xtask instructions` runs it.
    Work(work::WorkArgs),
}

#[derive(Args, Clone)]
struct LoadArgs {
    /// Measure a server that runs already, instead of starting one.
    #[arg(long)]
    url: Option<String>,
    /// API key for --url.
    #[arg(long, env = "TOCOS_KEY")]
    key: Option<String>,
    /// The server to start; by default the one that was built with this program.
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// Where the server keeps its data; by default a directory that vanishes.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// A further word for the server's command line, as in --server-arg=--segment-bytes=1000000. May be repeated.
    #[arg(long = "server-arg", value_name = "WORD", allow_hyphen_values = true)]
    server_args: Vec<String>,
    /// Keep-alive connections, each with one request at a time.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Seconds to measure, after a fifth of that to warm up.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// End after this many responses, with no warm-up.
    #[arg(long)]
    requests: Option<u64>,
    /// Users to make and grant coins to before.
    #[arg(long, default_value_t = 10_000)]
    users: u32,
    /// Operations in a batch, in the batch scenarios.
    #[arg(long, default_value_t = 8_000)]
    batch: usize,
    /// Requests a second in all. Latency then counts from when a request should have been sent, so that a stalled
    /// server's latency includes delayed requests. Without it each connection sends when it has the previous response.
    #[arg(long)]
    rate: Option<f64>,
    /// Seed of all choices.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Args)]
struct HttpArgs {
    /// What to request.
    scenario: scenario::Name,
    #[command(flatten)]
    load: LoadArgs,
}

#[derive(Args)]
struct CompareArgs {
    /// What to request; the others are compared with the first.
    #[arg(required = true, num_args = 2..)]
    scenarios: Vec<scenario::Name>,
    /// Rounds; medians are shown.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    #[command(flatten)]
    load: LoadArgs,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let results = match cli.run {
        Run::Http(args) => {
            let server = server::Server::of(args.scenario, &args.load)?;
            let result = load::run(&server, args.scenario, &args.load)?;
            report::print(std::slice::from_ref(&result));
            serde_json::to_value(&result)?
        }
        Run::Compare(args) if args.load.rate.is_some() => rate::run(&args)?,
        Run::Compare(args) => compare::run(&args)?,
        Run::Grow(args) => grow::run(&args)?,
        Run::Lists(args) => lists::run(&args)?,
        Run::Snapshots(args) => snapshots::run(&args)?,
        Run::Past(args) => past::run(&args)?,
        Run::Archive(args) => archive::run(&args)?,
        Run::Age(args) => age::run(&args)?,
        Run::Due(args) => due::run(&args)?,
        Run::Report(args) => liability::run(&args)?,
        Run::Search(args) => search::run(&args)?,
        Run::Lookups(args) => lookups::run(&args)?,
        Run::Steady(args) => steady::run(&args)?,
        Run::Threads(args) => threads::run(&args)?,
        Run::Core(args) => core::run(&args)?,
        Run::Disk(args) => disk::run(&args)?,
        Run::Recovery(args) => recovery::run(&args)?,
        Run::Footprint(args) => memory::run(&args)?,
        Run::Page(args) => return page::run(&args),
        Run::Bare => return bare::run(),
        Run::Work(args) => return work::run(&args),
    };
    if let Some(path) = cli.json {
        let results = json!({"machine": report::machine(), "results": results});
        std::fs::write(&path, serde_json::to_string_pretty(&results)? + "\n")?;
    }
    Ok(())
}

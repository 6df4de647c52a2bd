//! The same load on servers with different numbers of threads for connections, in turn.

use crate::LoadArgs;
use crate::load;
use crate::report::{RunResult, line, print};
use crate::scenario::Name;
use crate::server::Server;
use anyhow::{Result, ensure};
use clap::Args;
use serde_json::{Value, json};

#[derive(Args)]
pub(crate) struct ThreadsArgs {
    /// Threads for connections; the others are compared with the first.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2])]
    threads: Vec<usize>,
    /// What to request.
    #[arg(long, default_value = "keyed")]
    scenario: Name,
    /// Rounds; medians are shown.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    #[command(flatten)]
    load: LoadArgs,
}

/// Runs the load on each server round by round.
pub(crate) fn run(args: &ThreadsArgs) -> Result<Value> {
    ensure!(args.load.url.is_none() && args.load.data_dir.is_none(), "the servers are started here");
    let start = |threads: &usize| {
        let mut load = args.load.clone();
        load.server_args.push(format!("--threads={threads}"));
        Server::for_run(&load)
    };
    let servers = args.threads.iter().map(start).collect::<Result<Vec<_>>>()?;
    let mut rounds: Vec<Vec<RunResult>> = Vec::new();
    for _ in 0..args.rounds.max(1) {
        let round: Result<Vec<_>> = servers.iter().map(|server| load::run(server, args.scenario, &args.load)).collect();
        rounds.push(round?);
    }
    let mut medians = Vec::new();
    for (at, threads) in args.threads.iter().enumerate() {
        let mut ratios: Vec<f64> =
            rounds.iter().map(|round| round[at].requests_per_second / round[0].requests_per_second).collect();
        ratios.sort_by(f64::total_cmp);
        let mut runs: Vec<&RunResult> = rounds.iter().map(|round| &round[at]).collect();
        runs.sort_by(|a, b| a.requests_per_second.total_cmp(&b.requests_per_second));
        let (median, ratio) = (runs[runs.len() / 2], ratios[ratios.len() / 2]);
        line(format_args!("\n--threads {threads}: {ratio:.2} of --threads {} (rounds: {ratios:.2?})", args.threads[0]));
        print(std::slice::from_ref(median));
        medians.push(json!({"threads": threads, "ratio": ratio, "ratios": ratios, "median": median}));
    }
    Ok(json!({"scenario": args.scenario.as_str(), "results": medians}))
}

//! Very many occurrences at one instant, as on the first of a month: how soon they are all executed, and what other writes wait meanwhile.

use crate::LoadArgs;
use crate::load::{Group, Plan, run_plan};
use crate::report::{line, print};
use crate::scenario::Name;
use crate::server::Server;
use anyhow::{Context, Result, ensure};
use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What each occurrence grants.
const AMOUNT: u64 = 500;
/// Seconds that are measured after the instant.
const AFTER_S: f64 = 12.0;
/// Seconds from when the schedules are there until they are due, at least.
const AHEAD_S: f64 = 8.0;

#[derive(Args)]
pub(crate) struct DueArgs {
    /// Schedules, each of a user of its own, due at one instant.
    #[arg(long, default_value_t = 1_000_000)]
    schedules: u64,
    /// Schedules that are put in a second, at least: the instant is so far ahead.
    #[arg(long, default_value_t = 25_000)]
    put_per_second: u64,
    /// Single writes a second beside them.
    #[arg(long, default_value_t = 2_000.0)]
    written: f64,
    #[command(flatten)]
    load: LoadArgs,
}

/// Puts the schedules, and waits for them beside other writes.
pub(crate) fn run(args: &DueArgs) -> Result<Value> {
    let server = Server::for_run(&args.load)?;
    let ahead = Duration::from_secs_f64(args.schedules as f64 / args.put_per_second as f64 + AHEAD_S);
    let (begun, due) = (Instant::now(), Instant::now() + ahead);
    let anchor = Timestamp::now() + ahead;
    ask(&server, "PUT", "/v1/coins/plan", b"{}")?;
    put(&server, args.schedules, &anchor.to_string())?;
    let put_s = begun.elapsed().as_secs_f64();
    let left = due.saturating_duration_since(Instant::now()).as_secs_f64();
    ensure!(left * 4.0 >= AHEAD_S, "putting the schedules took {put_s:.0} s; give a smaller --put-per-second");
    line(format_args!("{} schedules put in {put_s:.1} s, due in {left:.1} s", args.schedules));
    let busy = AtomicBool::new(false);
    let groups = [Group { name: Name::Single, connections: args.load.connections, rate: Some(args.written) }];
    let (result, executed) = std::thread::scope(|scope| {
        let executing = scope.spawn(|| {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            busy.store(true, Ordering::Relaxed);
            let executed = executed(&server, args.schedules * AMOUNT, due);
            busy.store(false, Ordering::Relaxed);
            executed
        });
        let seconds = (left + AFTER_S) / 1.2;
        let plan = Plan { groups: &groups, seconds, requests_max: None, busy: Some(&busy) };
        let result = run_plan(&server, &plan, &args.load);
        (result, executing.join())
    });
    let executed = executed.map_err(|_panicked| anyhow::anyhow!("waiting for the occurrences failed"))??;
    let result = result?.swap_remove(0);
    print(std::slice::from_ref(&result));
    let during = result.latency_busy_us.as_ref().context("latencies were not counted separately")?;
    let between = result.latency_quiet_us.as_ref().context("latencies were not counted separately")?;
    let rate = args.schedules as f64 / executed.as_secs_f64();
    line(format_args!(
        "{} occurrences executed within {:.2} s: {rate:.0}/s. Other writes meanwhile: p99 {:.1} ms, longest {:.1} ms ({} answers); otherwise p99 {:.1} ms",
        args.schedules,
        executed.as_secs_f64(),
        during.p99 as f64 / 1e3,
        during.max as f64 / 1e3,
        during.count,
        between.p99 as f64 / 1e3,
    ));
    Ok(json!({
        "schedules": args.schedules, "put_s": put_s, "executed_s": executed.as_secs_f64(), "rate": rate, "result": result,
    }))
}

fn ask(server: &Server, method: &str, path: &str, body: &[u8]) -> Result<String> {
    let mut request = Vec::new();
    server.asker.send(&mut request, method, path, "application/json", None, body);
    let (status, answer) = server.ask(&request)?;
    ensure!((200..300).contains(&status), "{method} {path} was refused: {status} {answer}");
    Ok(answer)
}

fn put(server: &Server, schedules: u64, anchor: &str) -> Result<()> {
    let numbers: Vec<u64> = (0..schedules).collect();
    for chunk in numbers.chunks(5_000) {
        let mut body = Vec::new();
        for number in chunk {
            writeln!(body, r#"{{"op":"user","user":"plan-{number:08}"}}"#)?;
            writeln!(
                body,
                r#"{{"op":"schedule","schedule":"plan-{number:08}","user":"plan-{number:08}","coin":"plan","amount":{AMOUNT},"every_months":1,"anchor":"{anchor}","expires":"at_next","rollover_max":200}}"#
            )?;
        }
        let mut request = Vec::new();
        server.asker.send(&mut request, "POST", "/v1/batch", "application/x-ndjson", None, &body);
        let (status, answer) = server.ask(&request)?;
        let applied = serde_json::from_str::<Value>(&answer).ok().and_then(|answer| answer["applied"].as_u64());
        ensure!(applied == Some(2 * chunk.len() as u64), "schedules could not be put: {status} {answer}");
    }
    Ok(())
}

/// How long after they were due all coins had been granted. The totals of a coin are answered when nothing more is due.
fn executed(server: &Server, issued: u64, due: Instant) -> Result<Duration> {
    loop {
        let mut request = Vec::new();
        server.asker.get(&mut request, "/v1/coins/plan");
        let (status, answer) = server.ask(&request)?;
        let elapsed = due.elapsed();
        let coin: Value = serde_json::from_str(&answer)?;
        ensure!(status == 200, "the coin could not be read: {status} {answer}");
        match coin["issued"].as_u64() {
            Some(all) if all == issued => return Ok(elapsed),
            Some(some) => ensure!(some <= issued && elapsed.as_secs() < 120, "{some} coins were granted, not {issued}"),
            None => ensure!(false, "the coin says not what was issued: {answer}"),
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}
